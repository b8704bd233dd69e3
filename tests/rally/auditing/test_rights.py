"""What each account could forge, plant, remove or put back, where it may write.

The rights are those of templates/terraform/accounts.tf. Each prefix has a cell: a deed,
after which every job runs, nobody's rows or requests are other than before, and the
audit or a job says what is wrong; tests elsewhere that show the same; or why whoever
may write there can do what they can, which docs/infrastructure.md says, too.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

import pytest

from rally.auditing.report import Check
from rally.decisions.contents import Kind, RequestDecision, StudyDecision
from rally.deleting.plan import Plan, PlannedFile
from rally.deleting.plans import Plans
from rally.errors import ConfigurationError
from rally.events import MAIL, Event, EventKind, write_events
from rally.ingesting.replay import DamagedObject
from rally.keys.folder import KeyFolder
from rally.keys.names import Job
from rally.purging.purge import Purge
from rally.purging.settings import PurgeSettings
from rally.receipts.anchor import Anchor, write_anchor
from rally.receipts.receipt import receipt_name
from rally.storing.corruption import CorruptFile
from rally.storing.marker import NAME as MARKER
from rally.storing.runs import RUNS
from rally.storing.snapshots import header_of
from rally.withdrawing.list_object import LIST, read_list
from rally.withdrawing.requests import key_of, subject_of
from rally.withdrawing.withdrawal_list import WithdrawalList
from tests.fakes.memory_store import MemoryStore
from tests.model.words import moment
from tests.named_tests import Named
from tests.pipelines.world import GARDEN
from tests.rally.auditing.place import Audited, counts, found, leave
from tests.rally.deleting.place import OfPlace
from tests.support.forging import forge, strangers_key
from tests.support.people import job_key
from tests.support.places import FOUNDED, publish
from tests.templates.terraform.accounts import table

STORE, PLATFORM, KEYS, OWN = "store", "platform", "keys", "platform_keys"
CREATES, DELETES = "creates", "deletes"
ZERO = "0" * 32


@dataclass(frozen=True)
class OfPurge(OfPlace, PurgeSettings):
    """A purge's settings."""

    def key_folders(self):
        return None, KeyFolder(str(self.place.folder / "platform"))


class Deed(NamedTuple):
    """What somebody does who has a right and no key.

    Attributes:
        does: it, to a place.
        told: by which check of the audit; None where nothing is wrong by it.
        says: what the audit says then.
        refused: what the jobs say that refuse to run; "" where all of them run.
        also: which check of the audit it breaks besides.
    """

    does: Callable[[Audited], None]
    told: Check | None = None
    says: str = ""
    refused: str = ""
    also: Check | None = None


class Shown(NamedTuple):
    """Tests elsewhere."""

    by: tuple[str, ...]


class Theirs(NamedTuple):
    """Who has the right can do harm by it; why it has to be so, and what limits it."""

    why: str


Cell = Deed | Shown | Theirs


def plant(store: MemoryStore, name: str, data: bytes) -> None:
    assert store.create(name, data)


def letter(place):
    """Somebody writes that person 0 left, by mail."""
    who = place.platform_pseudonym(0)
    event = Event(EventKind.LEFT, GARDEN, who, moment(6), None, "letter-1", MAIL)
    write_events(place.platform, [event], "1")


def closed(place):
    """Somebody writes that jobs gave up requests which are on the list."""
    events = [
        Event(EventKind.CLOSED, e.scope, e.participant, e.time, None, e.document_id, "")
        for e in read_list(place.platform).list.withdrawals
        if e.participant and e.scope == GARDEN
    ]
    write_events(place.platform, events, "1")


def decision_on_requests(place):
    """Somebody rejects every request in the name of who may."""
    published = read_list(place.platform).list
    subjects = (subject_of(key_of(each)) for each in published.withdrawals)
    about = RequestDecision(tuple(sorted(subjects)), "")
    forge(place.platform, Kind.REJECT, about, counter=published.counter)


def decision_on_a_study(place):
    forge(place.platform, Kind.CONCLUDE, StudyDecision(GARDEN, FOUNDED, ""))


def decision_beside(place):
    forge(
        place.platform, Kind.CONCLUDE, StudyDecision(GARDEN, FOUNDED, ""), number=10**9
    )


def decision_by_a_job(place):
    """Deletion's own key signs no decision."""
    about = StudyDecision(GARDEN, FOUNDED, "")
    forge(place.platform, Kind.CONCLUDE, about, by="owner-1")


def put_in_place(place, data):
    """The list becomes another one."""
    info = place.platform.stat(LIST)
    place.platform.replace(LIST, data, info.generation)


def list_of_a_stranger(place):
    """Nobody has left."""
    newer = WithdrawalList(place.withdrawals().counter + 5)
    publish(place.platform, newer, strangers_key())


def list_of_the_purge(place):
    newer = WithdrawalList(place.withdrawals().counter + 5)
    publish(place.platform, newer, job_key(Job.PURGE))


def older_list(place):
    """Which deletion signed, before the receipts that are there."""
    put_in_place(place, place.first_list)


def no_list(place):
    place.platform.delete(LIST, place.platform.stat(LIST).generation)


def receipt_again(place):
    """The first one stands for the next."""
    number = len(place.receipts())
    data = place.platform.read(receipt_name(1))
    plant(place.platform, receipt_name(number + 1), data)


def anchor(place):
    """That all receipts may be gone."""
    write_anchor(place.platform, strangers_key(), Anchor(99, "0" * 64), None)


def run_without_end(place):
    """A run that lives long, and has leased what deletion and compaction need."""
    run = {"pid": 1, "host": "there", "job": "delete", "until": "2999-01-01T00:00:00Z"}
    plant(place.platform, f"{RUNS}{ZERO}.json", json.dumps(run).encode())
    for name in ("deletion", "purge"):
        plant(place.platform, f"leases/{name}.json", json.dumps({"run": ZERO}).encode())


def garbled_plan(place):
    """That a run of deletion seems to have begun."""
    for name in ("plan.json", "begun.json"):
        plant(place.platform, f"plans/{ZERO}/{name}", b"{}")


def garbled_results(place):
    plant(place.platform, f"plans/{ZERO}/applied.json", b'[{"planned": null}]')


def plan_of_everything(place):
    """All rows of all files go, and a run has begun with that."""
    files = []
    for info in place.data.list("data/"):
        with place.data.open(info.name) as snapshot:
            header = header_of(snapshot)
            found = header.checked_blocks(info.size)
        blocks = tuple((each.offset, each.length) for each in found)
        study = info.name.split("/")[1].partition("=")[2]
        where = study, info.name, info.size, info.generation
        files.append(PlannedFile(*where, header.rows, header.rows, blocks))
    plan = Plan(place.withdrawals().counter, tuple(files))
    plans = Plans(place.platform)
    plans.record(plan)
    plans.begin(plan)


def lines_of_a_purge(place):
    """Every file of everybody goes."""
    lines = [
        json.dumps(["rows", "study", GARDEN, "visit.1", "2026-05-10", e.name, 1])
        for e in place.data.list("data/")
    ]
    plant(place.platform, f"plans/{ZERO}/purge.ndjson", "\n".join(lines).encode())


def results(job):
    def do(place):
        plant(
            place.platform, f"results/{job}/{ZERO}.json", b'[0, "0", {"lines": []}]\n'
        )

    do.__name__ = f"results_of_{job}"
    return do


def unsealed_letter(place):
    plant(
        place.platform,
        f"dead-letters/study={GARDEN}/kind=ping/date=2026-05-10/{ZERO}.avro",
        b"nothing sealed",
    )


def probe(place):
    plant(place.platform, ".rally-probe-x", b"x")


def report(place):
    plant(place.platform, "reports/audit.html", b"<p>20 of 20 promises are kept.</p>")


def marker(place):
    """It is there; to replace it takes the right to delete."""
    assert not place.platform.create(MARKER, b"{}")


def rows_of_who_left(place):
    place.put([place.row(1, number=1)])


def rows_of_strangers(place):
    """Nobody who ever joined; beyond the grace, they are not believed."""
    time = moment(-3)
    place.put([place.row(88, time=time, number=each) for each in range(5)], day=-3)


def list_in_a_header(place):
    place.put([], rally_list="0", **{"rally.list": "999"})


CELLS: dict[tuple[str, str, str], list[Cell]] = {
    (CREATES, PLATFORM, "decisions/"): [
        Deed(decision_on_requests, Check.DECISIONS, "void"),
        Deed(decision_on_a_study, Check.DECISIONS, "void"),
        Deed(decision_by_a_job, Check.DECISIONS, "void"),
        Deed(decision_beside, Check.DECISIONS, "no part of the chain"),
    ],
    (CREATES, PLATFORM, "events/"): [
        Deed(letter, Check.DECISIONS, "a letter that nobody signed for"),
        Deed(closed),
        Theirs(
            "what a ping said is an event, and who may write one can write that"
            " somebody joined or left; of many at once a person is asked"
        ),
    ],
    (DELETES, PLATFORM, "events/"): [
        Shown((
            "tests/rally/purging/test_ceiling.py::*",
            "tests/rally/auditing/test_decisions.py::*",
        )),
    ],
    (CREATES, PLATFORM, "withdrawals/"): [
        Deed(list_of_a_stranger, refused="is not as deletion published it"),
        Deed(list_of_the_purge, refused="is not as deletion published it"),
    ],
    (DELETES, PLATFORM, "withdrawals/"): [
        Deed(no_list, refused="the withdrawal list is missing"),
        Deed(older_list, Check.WITHDRAWN, "an older list", "", Check.FILES),
    ],
    (CREATES, PLATFORM, "receipts/"): [
        Deed(receipt_again, Check.RECEIPTS, refused="is not as it was written"),
        Deed(anchor, Check.RECEIPTS),
    ],
    (CREATES, PLATFORM, "leases/"): [Deed(run_without_end)],
    (DELETES, PLATFORM, "leases/"): [
        Shown(("tests/rally/deleting/test_races.py::*",)),
    ],
    (CREATES, PLATFORM, "plans/"): [
        Deed(garbled_plan, refused="is not what a run of deletion wrote there"),
        Deed(garbled_results, refused="is not what a run of deletion wrote there"),
        Deed(plan_of_everything),
        Deed(lines_of_a_purge),
        Theirs(
            "what is written there of files that went is told in receipts, which"
            " `rally receipts verify` holds against the files"
        ),
    ],
    (DELETES, PLATFORM, "plans/"): [Shown(("tests/rally/deleting/test_killed.py::*",))],
    (CREATES, PLATFORM, "results/compact/"): [Deed(results("compact"))],
    (CREATES, PLATFORM, "results/delete/"): [Deed(results("delete"))],
    (CREATES, PLATFORM, "results/audit/"): [Deed(results("audit"))],
    (CREATES, PLATFORM, "results/purge/"): [
        Deed(results("purge")),
        Shown(("tests/pipelines/test_planted.py::*",
               "tests/rally/purging/test_reasons.py::*")),
    ],
    **{
        (DELETES, PLATFORM, f"results/{each}"): [
            Shown(("tests/rally/test_results.py::*",))
        ]
        for each in ("compact/", "delete/", "audit/", "")
    },
    (CREATES, PLATFORM, "dead-letters/"): [
        Deed(unsealed_letter, Check.FILES),
    ],
    (DELETES, PLATFORM, "dead-letters/"): [
        Theirs(
            "a dead letter that somebody removes is not missed: who left by a ping"
            " that could not be read has to leave again"
        ),
    ],
    (CREATES, PLATFORM, "reports/"): [Deed(report)],
    (DELETES, PLATFORM, "reports/"): [Theirs("a report is for people; run another")],
    (CREATES, PLATFORM, ".rally-probe-"): [
        Deed(probe, Check.COPIES, "no record of ours"),
    ],
    (DELETES, PLATFORM, ".rally-probe-"): [Theirs("nothing else has that name")],
    (CREATES, PLATFORM, MARKER): [Deed(marker)],
    (CREATES, STORE, MARKER): [Shown(("tests/pipelines/test_init.py::*",))],
    (CREATES, STORE, "data/"): [
        Deed(rows_of_who_left, Check.WITHDRAWN, "of people who have left"),
        Deed(rows_of_strangers, Check.ENROLMENT, "without an enrolment"),
        Deed(list_in_a_header, Check.FILES, "under a withdrawal list that nobody"),
        Theirs("rows are not signed: who may write them can invent what people did"),
    ],
    (DELETES, STORE, "data/"): [
        Theirs("a file that somebody removes is not missed by anything yet"),
    ],
    (CREATES, STORE, ".rally-probe-"): [Theirs("the audit names it a copy")],
    (DELETES, STORE, ".rally-probe-"): [Theirs("nothing else has that name")],
    (CREATES, OWN, "founding.json"): [Shown(("tests/pipelines/test_init.py::*",))],
    **{
        (what, place, ""): [
            Shown(("tests/rally/deleting/test_signed.py::*",
                   "tests/rally/keys/test_platform_keys.py::*")),
            Theirs("who makes the keys can destroy them; a signing key that is put in"
                   " the place of another signs nothing"),
        ]
        for what in (CREATES, DELETES) for place in (KEYS, OWN)
    },
}  # fmt: skip

DEEDS = [each for cells in CELLS.values() for each in cells if isinstance(each, Deed)]


def test_every_right_of_every_account_has_its_cell_and_no_other():
    rights = {
        (what, place, below)
        for account in table().values()
        for what in (CREATES, DELETES)
        for place, prefixes in account[what].items()
        for below in prefixes
    }
    assert rights == CELLS.keys()


def test_tests_that_show_it_elsewhere_are_there():
    named = {name for cells in CELLS.values() for each in cells
             if isinstance(each, Shown) for name in each.by}  # fmt: skip
    assert all(Named(*each.split("::")).is_there for each in named), named


@pytest.fixture(scope="module")
def calm(make_audited):
    """A platform on which all jobs have done what there is to do."""
    place = make_audited()
    place.live()
    place.first_list = place.platform.read(LIST)
    place.at(7)
    run_all(place)
    place.ingest([leave(0, GARDEN, 7)])
    run_all(place)
    assert place.audit().exit_status == 0
    return place


@pytest.fixture
def place(make_audited, calm):
    place = make_audited().like(calm)
    place.first_list = calm.first_list
    return place


def purge(place):
    made = OfPurge("memory", "memory", place=place, run="1" * 32)
    return Purge(made, lambda *step: place._work_through(made, *step)).run()


def run_all(place):
    """Every job once; gives what those say that refuse."""
    said = list[str]()
    for job in (place.delete, place.compact, place.replay, lambda: purge(place)):
        try:
            job()
        except DamagedObject:
            pass  # replay names it, and goes on with the others
        except (ConfigurationError, CorruptFile) as error:
            said.append(str(error))
    return said


def requests(place):
    with suppress(ConfigurationError):
        return {
            subject_of(key_of(each)): (each.standing, each.deferred)
            for each in read_list(place.platform).list.withdrawals
        }
    return None


@pytest.mark.parametrize("deed", DEEDS, ids=lambda each: each.does.__name__)
def test_nobody_acts_on_it_and_somebody_tells(place, deed):
    rows, asked = place.view(), requests(place)

    deed.does(place)
    report = place.audit()
    said = run_all(place)

    assert set(found(report)) - {deed.also} == ({deed.told} if deed.told else set())
    if deed.told:
        assert any(deed.says in what for what in counts(found(report)[deed.told]))
    assert all(deed.refused in each and "\n" not in each for each in said)
    assert bool(said) == bool(deed.refused)
    assert place.view() == rows
    assert requests(place) in ((None, asked) if deed.refused else (asked,))
