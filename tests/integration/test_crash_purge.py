"""The purge is killed at each step and at any moment; a plain run makes it good.

RALLY_CRASH_ROUNDS says how often it is killed, RALLY_CRASH_SEED at which moments; with
more than a few rounds every step is tried.
"""

import os
import shutil
from collections import Counter
from datetime import UTC, datetime

import pytest

from rally.event_log.event_log import EventLog
from rally.registry.transitions import StudyAction
from rally.storage.objectstore.open_store import open_store
from rally.storage.runs import RUNS
from tests.integration.test_crash_deletion import (
    HEX,
    ROUNDS,
    STEPS_TRIED,
    forker,
    here,
    kind_of,
    succeed,
    tell,
    temporary_files,
    world,
)
from tests.support.study_decisions import decide_study
from tests.support.world import GARDEN, HOUSE, POND, rally_id, stored_rows, write_lines

__all__ = ["forker", "here", "world"]

pytestmark = [pytest.mark.integration, pytest.mark.crash, pytest.mark.slow("kills")]

AS_OF = "2026-11-02"
"""The retention of what was sent before the sixth of May is over, and the grace."""
PEOPLE = range(10)
CONCLUDED = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def populated(world, forker, here):
    """Compacted files, new ones beside them, dead letters; the garden is concluded."""
    store = str(here / "populated")
    options = world.options(store)
    for name in ("first", "again"):
        path = write_lines(here / f"{name}.in", list(pings(world, name == "again")))
        succeed(forker, "ingest", [f"--input={path}", *options])
        if name == "first":
            succeed(forker, "compact", options)
    platform = open_store(f"{store}/platform")
    for action in (StudyAction.END, StudyAction.CONCLUDE):
        decide_study(platform, GARDEN, action, CONCLUDED)
    return store


def pings(world, again):
    """Everybody in both studies on three days; nobody is enrolled in the pond."""
    number = 1000 * again
    for person in PEOPLE:
        for study in (GARDEN, POND):
            for day in (4, 5, 6):
                number += 1
                clear = {"rally.id": rally_id(person), "page": "p", "count": day}
                sent = f"2026-05-{day:02}T1{int(again)}:00:00Z"
                yield world.message(f"{study}/visit/1", clear, number, sent)
        number += 3
        names = {"rally.id": rally_id(person)}
        sent = "2026-05-03T12:00:00Z"
        yield world.message(f"{HOUSE}/enrollment/1", names, number, sent)
        yield world.message(f"{GARDEN}/study-enrollment/1", names, number + 1, sent)
        yield world.message(f"{GARDEN}/visit/1", {"broken": 1}, number + 2, sent)


class Case:
    """A copy of the populated store and of the keys, on which one life is led."""

    def __init__(self, world, forker, populated, here):
        self.store, self.keys = str(here / "store"), str(here / "keys")
        for source, target in ((populated, self.store), (world.keys, self.keys)):
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target)
        self._forker = forker
        self.argv = [
            *world.options(self.store), f"--keys={self.keys}", f"--as_of={AS_OF}",
        ]  # fmt: skip

    def run(self, **kill):
        return self._forker.run("purge", self.argv, **kill)

    def succeed(self):
        return succeed(self._forker, "purge", self.argv)

    def rest(self):
        """How it ended, without plans and what names the run."""
        platform = open_store(f"{self.store}/platform")
        assert list(platform.list(RUNS)) == []
        assert temporary_files(f"{self.store}/data") == []
        return (
            Counter((place, row["participant"], row["document_id"])
                    for place, row in stored_rows(self.store)),
            set(EventLog(platform)),
            [info.name for info in platform.list("dead-letters/")],
            sorted(name for _, _, names in os.walk(self.keys) for name in names
                   if not name.startswith(".")),
        )  # fmt: skip


@pytest.fixture
def case(world, forker, populated, here):
    return lambda: Case(world, forker, populated, here)


def test_undisturbed_run_leaves_what_it_should(case):
    one = case()
    one.succeed()
    rows, events, letters, keys = one.rest()
    assert {place.split("/")[0] for place, *_ in rows} == {HOUSE}
    assert {event.scope for event in events} == {"rally"}
    assert letters == []
    assert not [name for name in keys if GARDEN in name]
    again = one.succeed()
    notes = ("leases/", "runs/purge.json")  # every run leaves some
    assert [step for step in again.changes if not any(e in step for e in notes)] == []


def test_purge_killed_at_each_step(case, moments):
    undisturbed = case()
    names = undisturbed.succeed().changes
    expected = undisturbed.rest()
    numbers = range(1, len(names) + 1)
    if STEPS_TRIED:
        numbers = sorted(moments.sample(numbers, STEPS_TRIED))
    kills = Counter()
    for number in numbers:
        one = case()
        assert one.run(before_change=number).is_killed
        kills[kind_of(names[number - 1])] += 1
        one.succeed()
        assert one.rest() == expected, HEX.sub("*", names[number - 1])
    tell(kills)


def test_purge_killed_at_any_moment(case, moments):
    undisturbed = case()
    seconds = undisturbed.succeed().seconds
    expected, kills = undisturbed.rest(), 0
    for _ in range(20 * ROUNDS):
        one = case()
        while one.run(after=moments.uniform(0.02, seconds)).is_killed:
            kills += 1
        one.succeed()
        assert one.rest() == expected
        if kills >= ROUNDS:
            break
    assert kills >= ROUNDS
