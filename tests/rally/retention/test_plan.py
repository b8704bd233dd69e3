"""Many objects: what is held in memory does not grow with their number."""

import tracemalloc

import pytest

from rally.errors import CorruptFile
from rally.retention.limits import Limits
from rally.retention.plan import BATCH_ENTRIES, read_batch, write_plan
from rally.retention.plan_entry import Phase, PlanEntry, Reason
from rally.storage.objectstore.interface import ObjectInfo
from tests.fakes.memory_store import MemoryStore
from tests.support.world import GARDEN

OBJECTS = 100_000


def lines(number):
    """As a listing gives them, one by one."""
    for each in range(number):
        day = f"2025-{each % 12 + 1:02}-{each % 28 + 1:02}"
        name = f"data/study=s/document=d.1/date={day}/bucket=new/{each:032}.avro"
        yield PlanEntry(
            Phase.ROWS, "study", "s", "d.1", day, name, 1000, each, Reason.EXPIRED
        )


def test_batches_give_back_every_line_once():
    platform, number = MemoryStore(), 1_234
    plan = write_plan(platform, lines(number))
    found = [line for batch in plan.batches for line in read_batch(platform, batch)]
    assert found == list(lines(number))
    assert [batch.phase for batch in plan.batches] == [Phase.ROWS] * 3


def test_batches_keep_a_plan_together_and_phases_apart():
    """The order within a plan's folder is kept by one worker."""
    first = [
        each._replace(name=f"a/{each.generation}") for each in lines(BATCH_ENTRIES - 1)
    ]
    plans = [
        PlanEntry(
            Phase.REST,
            "platform",
            "",
            "(plans)",
            "",
            f"plans/1/{each}",
            1,
            1,
            Reason.PLAN,
        )
        for each in range(BATCH_ENTRIES + 2)
    ]
    more = [plans[0]._replace(name="plans/2/a"), plans[0]._replace(name="plans/2/b")]
    platform = MemoryStore()
    plan = write_plan(platform, [*first, *plans, *more])
    assert [read_batch(platform, each) for each in plan.batches] == [first, plans, more]


class Endless(MemoryStore):
    """A study's bucket with very many objects, none of which it holds in memory."""

    def __init__(self, number, **more):
        super().__init__(**more)
        self.number, self.deleted = number, 0

    def list_dated(self, prefix=""):
        for each in range(self.number - self.deleted):
            day = f"2020-{each * 12 // self.number + 1:02}-01"
            folder = f"data/study={GARDEN}/document=visit.1/date={day}/bucket=new"
            yield ObjectInfo(f"{folder}/{each:032}.avro", 1000, each), None

    def stat(self, name):
        return ObjectInfo(name, 1000, int(name[-37:-5]))

    def open(self, name, generation=None):
        raise CorruptFile("no matter")

    def read_range(self, name, start, length):
        return b"no file of ours"

    def delete(self, name, generation):
        self.deleted += 1


@pytest.mark.slow("volumes")
def test_purge_of_many_objects_is_bounded(make_deployment):
    deployment = make_deployment()
    deployment.data = deployment.stores.data = Endless(OBJECTS)
    limits = Limits(max_objects=OBJECTS, max_share=1)
    tracemalloc.start()
    report = deployment.purge(limits=limits)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert deployment.data.deleted == OBJECTS
    assert report.exit_status == 0
    plan = deployment.platform.stat(f"plans/{report.plan}/purge.ndjson")
    assert peak - 3 * plan.size < 16 * 1024 * 1024
