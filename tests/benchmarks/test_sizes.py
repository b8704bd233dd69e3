"""Sizes: what needs no pings is measured as the scale plan has it."""

import re

import pytest

from benchmarks import sizes, workload
from rally.capacity import measured

pytestmark = pytest.mark.slow("benchmarks")


def numbers(line):
    return [int(each.replace(",", "")) for each in re.findall(r"\d[\d,]*", line)]


def test_records_are_as_large_as_the_plan_says():
    logged, alone, entry, person = map(numbers, sizes._records(40_000, 20))

    assert logged[0] == pytest.approx(measured.EVENT_BYTES, rel=0.05)
    assert alone[0] == pytest.approx(measured.LONE_EVENT_BYTES, rel=0.02)
    assert sum(entry[:2]) == pytest.approx(measured.LIST_ENTRY_BYTES, rel=0.02)
    assert entry[2] == pytest.approx(measured.LIST_ENTRY_MEMORY, rel=0.05)
    assert entry[3] == 54  # of a worker, which holds bytes; deletion holds records
    assert person[0] == pytest.approx(measured.ENROLLED_MEMORY, rel=0.2)
    # Of so few people, since a set takes more room than it needs as it begins to grow.
    assert 1 <= person[1] / measured.SOUGHT_MEMORY < 2


@pytest.mark.parametrize("scheme", workload.SCHEMES)
def test_messages_are_as_large_as_the_plan_says(scheme, tmp_path):
    made = workload.make(tmp_path, scheme, 1_000, 50)

    expected = measured.MESSAGE[scheme][1000]
    assert sizes._message_bytes(made) == pytest.approx(expected, rel=0.05)
