"""Many sources become few, and none of their rows is lost."""

import random
from contextlib import ExitStack

import pytest

from rally.compaction.merge import reduce_fan_in
from rally.compaction.partition_view import PartitionViewer, make_streams
from rally.compaction.row_filter import RowFilter
from rally.registry.keep_rule import KeepRule
from rally.registry.study import Keep
from rally.storage.row_streams import batches
from tests.rally.compaction.memory_study import Row, expected_rows, partition


class Nobody:
    def __init__(self):
        self.people = {}


@pytest.fixture
def sieve():
    return RowFilter(KeepRule(Keep.ALL), Nobody())


@pytest.mark.parametrize("most", [2, 3, 100])
def test_few_sources_have_the_rows_of_many(study, sieve, most):
    numbers = list(range(60))
    random.Random(1).shuffle(numbers)
    rows = [Row(number % 16, number) for number in numbers]
    for start in range(0, 60, 5):
        study.add(*rows[start : start + 5])
    parts = PartitionViewer(study.store, lambda _: None, {}).view(partition()).parts()
    assert len(parts) == 12

    with ExitStack() as files:
        found = reduce_fan_in(parts, sieve, files, most)
        assert len(found) <= most
        merged = [
            row
            for (batch,) in batches([make_streams(found)], [sieve.settle], 74)
            for row in sorted(batch)
        ]
    assert merged == sorted(map(study.encode, rows))


def test_a_partition_of_many_files_is_compacted(study):
    rows = [Row(number % 16, number % 50) for number in range(100)]
    for number, row in enumerate(rows):
        study.add(row._replace(second=number))
    study.compact()
    assert study.view() == expected_rows(
        [row._replace(second=number) for number, row in enumerate(rows)]
    )
    assert len(study.files()) == 4
