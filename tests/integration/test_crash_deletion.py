"""Deletion and compaction are killed at each step and at any moment; a plain run mends.

RALLY_CRASH_ROUNDS says how often each test kills, RALLY_CRASH_SEED at which moments;
with more than a few rounds every step is tried.
"""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from rally.decisions.verifying import read_chain
from rally.events import MAIL, Event, EventKind, write_events
from rally.receipts.chain import find
from rally.receipts.verify import verify_chain
from rally.registry.transitions import StudyAction
from rally.storage.container import read_rows
from rally.storage.layout import Stores
from rally.storage.objectstore.local_files import TEMPORARY_PREFIX
from rally.storage.objectstore.open_store import open_store
from rally.storage.partitions import by_partition, list_files, read_view
from rally.storage.runs import RUNS
from rally.withdrawal.list_object import read_list
from tests.support.expunges import order_expunge
from tests.support.forked_jobs import JobForker
from tests.support.request_decisions import sign_letters
from tests.support.study_decisions import decide_study
from tests.support.world import (
    GARDEN,
    HOUSE,
    NAMESPACES,
    POND,
    World,
    document_id,
    rally_id,
    stored_rows,
    write_lines,
)

pytestmark = [pytest.mark.integration, pytest.mark.crash, pytest.mark.slow("kills")]

ROUNDS = int(os.environ.get("RALLY_CRASH_ROUNDS", "2"))
STEPS_TRIED = None if ROUNDS > 5 else 3
PEOPLE = range(12)
BACK = 4
"""Who left and came back. Of two copies of a ping with that in between the first stays,
if it is compacted before it is asked to leave, and then goes; nothing is sent twice."""
ENDED = datetime(2026, 5, 24, tzinfo=UTC)
HEX = re.compile(r"[0-9a-f]{32}|[0-9a-f-]{36}")


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    return tmp_path_factory.mktemp("crash")


@pytest.fixture(scope="module")
def world(here):
    return World(here / "world")


@pytest.fixture(scope="module")
def forker(here):
    process = JobForker(here)
    yield process
    process.close()


@pytest.fixture(scope="module")
def populated(world, forker, here):
    """A store with compacted files, new ones beside them, and people who left.

    Enrolments of a day, and a field of two days, are ordered to be expunged.
    """
    store = str(here / "populated")
    options = world.options(store)
    succeed(forker, "ingest", [ingest(world, here, "first", visits(world)), *options])
    succeed(forker, "compact", options)
    again = visits(world, 1) + visits(world)[::3]
    succeed(forker, "ingest", [ingest(world, here, "again", again), *options])
    succeed(forker, "ingest", [ingest(world, here, "leave", signals(world)), *options])
    platform = open_store(f"{store}/platform")
    letter = Event(EventKind.LEFT, GARDEN, world.platform_pseudonym(8),
                   1_779_300_000_000_000, None, document_id(990), MAIL)  # fmt: skip
    write_events(platform, [letter], "1")
    sign_letters(platform, letter)
    decide_study(platform, GARDEN, StudyAction.END, ENDED)
    enrolled = date(2026, 5, 1), date(2026, 5, 1)
    labelled = date(2026, 5, 4), date(2026, 5, 5)
    order_expunge(platform, HOUSE, "enrollment.1", enrolled, ENDED)
    order_expunge(platform, POND, "visit.1", labelled, ENDED, "/labels")
    return store


def visits(world, later=0):
    """Of everybody on three days: in both studies, and later once more."""
    return [
        world.message(
            f"{study}/visit/1",
            {
                "rally.id": rally_id(person),
                "page": f"page {day}",
                "count": day,
                "labels": {"day": str(day)},
            },
            (1 + NAMESPACES.index(study)) * 1000 + person * 10 + day,
            f"2026-05-{day + later:02}T1{later}:00:00Z",
        )
        for study in (GARDEN, POND)
        for person in PEOPLE
        if not (later and person == BACK)
        for day in (4, 5, 6)
    ]


def signals(world):
    """Joins and departures; somebody comes back, one has a deletion id alone."""

    def ping(document, person, number, day, **more):
        clear = more or {"rally.id": rally_id(person)}
        return world.message(document, clear, number, f"2026-05-{day:02}T12:00:00Z")

    names = {"rally.id": rally_id(3), "deletion.id": rally_id(3)}
    return [
        ping(f"{HOUSE}/enrollment/1", 2, 902, 1),
        ping(f"{HOUSE}/enrollment/1", 3, 903, 1, **names),
        ping(f"{HOUSE}/enrollment/1", 5, 905, 1),
        ping(f"{GARDEN}/study-enrollment/1", 1, 911, 2),
        ping(f"{GARDEN}/study-enrollment/1", 7, 917, 2),
        ping(f"{GARDEN}/study-unenrollment/1", 1, 921, 20),
        ping(f"{HOUSE}/unenrollment/1", 2, 922, 21),
        ping(f"{HOUSE}/uninstall-deletion/1", 3, 923, 22, **{
            "deletion.id": rally_id(3)}),
        ping(f"{GARDEN}/study-unenrollment/1", BACK, 924, 5),
        ping(f"{GARDEN}/study-enrollment/1", BACK, 934, 6),
        ping(f"{HOUSE}/unenrollment/1", 7, 927, 28),
        ping(f"{HOUSE}/uninstall-deletion/1", 0, 929, 23, **{
            "deletion.id": rally_id(99)}),
    ]  # fmt: skip


def ingest(world, here, name, messages):
    folder = here / name
    folder.mkdir()
    for part in range(3):
        write_lines(folder / f"{part}.in", messages[part::3])
    return f"--input={folder}/*.in"


def succeed(forker, job, argv):
    ended = forker.run(job, argv)
    assert ended.status == 0, ended.output
    return ended


class Case:
    """A copy of the populated store, on which one life is led."""

    def __init__(self, world, forker, populated, here):
        self.store = str(here / "store")
        shutil.rmtree(self.store, ignore_errors=True)
        shutil.copytree(populated, self.store)
        self.argv = world.options(self.store)
        self._world, self._forker = world, forker

    def run(self, job, **kill):
        return self._forker.run(job, self.argv, **kill)

    def succeed(self, job):
        return succeed(self._forker, job, self.argv)

    def view(self):
        """What our own readers see: none twice, whatever was killed."""
        opened, found = open_store(self.store), Counter()
        for study in NAMESPACES:
            for partition in by_partition(list_files(opened, study)):
                for live in read_view(opened, partition):
                    for row in read_rows(opened.read(live.file.info.name)):
                        if live.holds(row["participant"].encode()):
                            found[study, row["participant"], row["document_id"]] += 1
        return found

    def rows(self):
        """Every row of every file, with its partition, and whether it has labels."""
        return Counter(
            (
                place,
                row["participant"],
                row["document_id"],
                row["submission_timestamp"],
                bool(row["payload"].get("labels")),
            )
            for place, row in stored_rows(self.store)
        )

    def platform(self):
        return open_store(f"{self.store}/platform")

    def withdrawals(self):
        return self.list().withdrawals

    def list(self):
        return read_list(self.platform()).list

    def receipts(self):
        return list(find(self.platform(), read_chain(self.platform())))

    def requests(self):
        """How each stands and which stages it has, by its document."""
        return sorted(
            (each.document_id, each.scope, each.participant, str(each.state),
             str(each.status), each.deferred, sorted(each.stages.items()),
             len(each.receipts))
            for each in self.withdrawals()
        )  # fmt: skip

    def told(self):
        """What receipts say, without ids and generations of this one run."""
        documents = {each.request: each.document_id for each in self.withdrawals()}
        return [
            replace(
                each, request=documents.get(each.request, each.request), plan="",
                previous="", signature="", changes=None,
            )
            for each in self.receipts()
        ]  # fmt: skip

    def check(self):
        """The chain is whole and true; each request has one receipt a reason."""
        receipts = self.receipts()
        known = self.list().last_receipt
        stores, decisions = Stores(self.store, None), read_chain(self.platform())
        found = verify_chain(self.platform(), decisions, stores, known)
        assert list(map(str, found)) == []
        times = Counter((each.request, each.reason) for each in receipts)
        assert [each for each in times if times[each] > 1] == []
        told = (*self.withdrawals(), *self.list().orders)
        numbers = sorted(n for each in told for n in each.receipts)
        assert numbers == [each.number for each in receipts]
        assert list(self.platform().list(RUNS)) == []  # a lease without one is nobody's
        assert temporary_files(f"{self.store}/data") == []


def temporary_files(folder):
    """What kills left half written."""
    return [file for _, _, files in os.walk(folder) for file in files
            if file.startswith(TEMPORARY_PREFIX)]  # fmt: skip


@pytest.fixture
def case(world, forker, populated, here):
    return lambda: Case(world, forker, populated, here)


def after_deletion(case):
    case.check()
    return case.rows(), case.requests(), case.told(), case.view()


def after_both(case):
    """Compacted before or behind the deletion: files differ, rows and requests not."""
    case.check()
    told = [(each.number, each.request, each.reason) for each in case.told()]
    assert set(case.view().values()) == {1}
    return case.rows(), case.requests(), told, case.view()


def test_orders_take_out_what_they_name(case):
    one = case()
    before = one.rows()
    one.succeed("delete")
    gone = before - one.rows()
    left = {(row[0], row[-1]) for row in one.rows() if POND in row[0]}
    assert left == {
        *((f"{POND}/visit.1/2026-05-0{day}", False) for day in (4, 5)),
        *((f"{POND}/visit.1/2026-05-0{day}", True) for day in (6, 7)),
    }
    enrolled = f"{HOUSE}/enrollment.1/2026-05-01"
    assert [row for row in before if row[0] == enrolled]
    assert [row for row in one.rows() if row[0] == enrolled] == []
    assert {row[0] for row in gone} >= {enrolled}
    told = [each.expunged.field for each in one.receipts() if each.expunged]
    assert told == [None, "/labels"]


def end_of(case, *jobs):
    for job in jobs:
        case.succeed(job)
    return after_deletion(case) if jobs == ("delete",) else after_both(case)


def steps_of(case, job, moments):
    """How many changes an undisturbed run makes, and those of them to try."""
    names = case.succeed(job).changes
    numbers = range(1, len(names) + 1)
    if STEPS_TRIED:
        numbers = sorted(moments.sample(numbers, STEPS_TRIED))
    return names, numbers


def tell(kills):
    for step, number in sorted(kills.items()):
        print(f"{number:4} kills before: {HEX.sub('*', step)}")
    print(f"{kills.total()} kills")


def kind_of(step):
    return re.sub(r"(document|date)=[^/]+/", r"\1=*/", HEX.sub("*", step))


def test_deletion_killed_at_each_step(case, moments):
    expected = end_of(case(), "delete")
    names, numbers = steps_of(case(), "delete", moments)
    kills = Counter()
    for number in numbers:
        one = case()
        before = one.view()
        ended = one.run("delete", before_change=number)
        assert ended.is_killed, ended
        assert not one.view() - before
        kills[kind_of(names[number - 1])] += 1
        one.succeed("delete")
        assert after_deletion(one) == expected, names[number - 1]
    tell(kills)


def test_compaction_killed_at_each_step(case, moments):
    undisturbed = case()
    undisturbed.succeed("compact")
    expected = undisturbed.rows()
    end = end_of(case(), "compact", "delete")
    names, numbers = steps_of(case(), "compact", moments)
    kills = Counter()
    for number in numbers:
        one = case()
        before = one.view()
        assert one.run("compact", before_change=number).is_killed
        assert not one.view() - before
        assert set(one.view()) == set(before)
        kills[kind_of(names[number - 1])] += 1
        if number % 2:
            one.succeed("compact")
            assert one.rows() == expected
            assert end_of(one, "delete", "compact") == end
        else:  # deletion has to finish it
            assert end_of(one, "delete", "compact") == end
    tell(kills)


LIVES = (
    ["delete"],
    ["compact"],
    ["compact", "delete"],
    ["delete", "compact"],
    ["delete", "delete", "delete"],
)


def test_jobs_killed_at_any_moment(case, moments):
    end = end_of(case(), "compact", "delete")
    timed = case()
    seconds = {job: timed.succeed(job).seconds for job in ("compact", "delete")}
    kills, lives, attempts = Counter(), 0, 0
    while kills.total() < ROUNDS:
        lives += 1
        life, one = moments.choice(LIVES), case()
        waits = False  # compaction, with status 1, for a deletion that was killed
        for job in life:
            before = one.view()
            ended = one.run(job, after=moments.uniform(0.05, seconds[job]))
            expected = 1 if waits and job == "compact" else 0
            assert ended.is_killed or ended.status in (0, expected), ended.output
            waits = ended.is_killed if job == "delete" else waits
            attempts += 1
            if ended.is_killed:
                last = ended.changes[-1:] or ["start"]
                kills[f"{job} after {kind_of(last[0])}"] += 1
            assert not one.view() - before
        one.succeed("delete")
        again = list(dict.fromkeys([*life, "delete", "compact"]))
        assert end_of(one, *again, "delete") == end, life
    for step, number in sorted(kills.items()):
        print(f"{number:4} {step}")
    print(f"{kills.total()} kills of {attempts} runs in {lives} lives")


def test_commands_as_a_user_runs_them(case, moments):
    """Processes of their own: one is killed, and the same command run again."""
    end = end_of(case(), "compact", "delete")
    one = case()
    for job in ("compact", "delete", "delete"):
        command = [sys.executable, "-m", f"pipelines.{job}", *one.argv]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            process.wait(moments.uniform(1, 5))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for job in ("delete", "compact", "delete"):
        subprocess.run(
            [sys.executable, "-m", f"pipelines.{job}", *one.argv], check=True
        )
    assert after_both(one) == end
