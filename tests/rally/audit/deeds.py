"""What somebody does who may write somewhere and has no key: each takes a place."""

import json

from rally.decisions.contents import DecisionKind, RequestDecision, StudyDecision
from rally.deletion.plan import DeletionPlan, PlannedFile
from rally.deletion.plan_store import PlanStore
from rally.events import MAIL, Event, EventKind, write_events
from rally.keys.names import Job
from rally.receipts.anchor import Anchor, write_anchor
from rally.receipts.receipt import receipt_name
from rally.storage.marker import NAME as MARKER
from rally.storage.runs import RUNS
from rally.storage.snapshots import header_of
from rally.withdrawal.list_object import LIST, read_list
from rally.withdrawal.requests import key_of, subject_of
from rally.withdrawal.withdrawal_list import WithdrawalList
from tests.fakes.memory_store import MemoryStore
from tests.model.words import moment
from tests.support.forged_decisions import forge, strangers_key
from tests.support.people import job_key
from tests.support.stores import FOUNDED, publish
from tests.support.world import GARDEN

ZERO = "0" * 32


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
    forge(place.platform, DecisionKind.REJECT, about, counter=published.counter)


def decision_on_a_study(place):
    forge(place.platform, DecisionKind.CONCLUDE, StudyDecision(GARDEN, FOUNDED, ""))


def decision_beside(place):
    forge(
        place.platform,
        DecisionKind.CONCLUDE,
        StudyDecision(GARDEN, FOUNDED, ""),
        number=10**9,
    )


def decision_by_a_job(place):
    """Deletion's own key signs no decision."""
    about = StudyDecision(GARDEN, FOUNDED, "")
    forge(place.platform, DecisionKind.CONCLUDE, about, by="owner-1")


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
    plan = DeletionPlan(place.withdrawals().counter, tuple(files))
    plans = PlanStore(place.platform)
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
