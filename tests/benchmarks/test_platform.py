"""The simulated platform: its jobs do a day's work, and every figure is of one."""

import pytest

from benchmarks.platform import JOBS, Measured, measure
from benchmarks.simulated_platform import (
    Simulated,
    Size,
    day_name,
    make,
    namespace,
    person,
)
from rally.storage.container import read_rows
from rally.storage.layout import study_folder

pytestmark = pytest.mark.slow("benchmarks")

SIZE = Size(people=60, studies=10, days=3, rows=600)
LEAVERS = 2
GONE = (0, 30)
"""Numbers of those who leave."""


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    made = Simulated(tmp_path_factory.mktemp("simulated"), SIZE)
    make(made)
    return made


def rows_of(simulated, study):
    """Each stored row of a study, with the day of its partition."""
    store = simulated.stores.of(namespace(study))
    return [
        (info.name.partition("date=")[2][:10], row)
        for info in store.list(study_folder(namespace(study)))
        for row in read_rows(store.read(info.name))
    ]


def test_day_of_a_simulated_platform_is_measured(simulated):
    before = [rows_of(simulated, study) for study in range(SIZE.studies)]
    gone = {
        simulated.pseudonyms.of_study(namespace(study), person(number))
        for study in range(SIZE.studies)
        for number in GONE
    }
    sent = {row["participant"] for rows in before for _, row in rows}
    assert sum(map(len, before)) == SIZE.rows
    assert sent & gone

    measured = measure(simulated, LEAVERS)

    assert list(measured) == [job for job, *_ in JOBS]
    for each in measured.values():
        assert each.cpu_seconds > 0
        assert each.b > each.a > 0
        assert 0 < each.launcher <= each.a + each.b
    for study, rows in enumerate(before):
        after = rows_of(simulated, study)
        old = [row for _, row in rows if row["participant"] not in gone]
        assert [row for day, row in after if day < day_name(SIZE.days)] == old
        new = [row for day, row in after if day == day_name(SIZE.days)]
        assert 0 < len(new) <= SIZE.rows_of_day
        assert not {row["participant"] for row in new} & gone
        store = simulated.stores.of(namespace(study))
        names = [info.name for info in store.list(study_folder(namespace(study)))]
        assert all("/compacted-" in name for name in names)


def test_hours_share_what_is_distributed_and_wait_for_the_rest():
    alone = Measured(cpu_seconds=0, peak_bytes=0, a=60_000, b=60_000, launcher=120_000)
    shared = alone._replace(launcher=0)
    busy = Measured(cpu_seconds=28_800, peak_bytes=0, a=0, b=0, launcher=0)

    assert (alone.hours, shared.hours, busy.hours) == (1.0, 0.125, 1.0)
