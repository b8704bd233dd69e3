"""Forges, plants, removes or puts back what somebody may who writes without a key.

Each function does one such thing to the platform that it is given.
"""

import json

from rally.access.records import archive_name, record_name
from rally.decisions.contents import DecisionKind, RequestDecision, StudyDecision
from rally.deletion.plan import DeletionPlan, PlannedFile
from rally.deletion.plan_store import PlanStore
from rally.events import MAIL, Event, EventKind, write_events
from rally.keys.names import Job
from rally.keys.signing import verifier_of
from rally.receipts.anchor import Anchor, write_anchor
from rally.receipts.receipt import receipt_name
from rally.registry.notices import NoticeName
from rally.storage.layout import view_file, view_folder
from rally.storage.marker import NAME as MARKER
from rally.storage.objectstore.interface import upsert
from rally.storage.runs import RUNS
from rally.storage.snapshots import header_of
from rally.withdrawal.list_object import read_list
from rally.withdrawal.requests import key_of, subject_of
from rally.withdrawal.root import ROOT, read_root
from rally.withdrawal.study_view import StudyView
from rally.withdrawal.view_object import encode_view
from rally.withdrawal.withdrawal_list import WithdrawalList
from tests.fakes.memory_store import MemoryStore
from tests.model.words import moment
from tests.rally.audit import object_violations
from tests.support.access_cases import ARCHIVE, CASE, built
from tests.support.forged_decisions import forge, strangers_key
from tests.support.people import job_key
from tests.support.stores import FOUNDED, publish, restore_list
from tests.support.world import GARDEN, POND

ZERO = "0" * 32
DELETE = job_key(Job.DELETE)


def plant(store: MemoryStore, name: str, data: bytes) -> None:
    assert store.create(name, data)


def letter(deployment):
    """Somebody writes that person 0 left, by mail."""
    who = deployment.platform_pseudonym(0)
    event = Event(EventKind.LEFT, GARDEN, who, moment(6), None, "letter-1", MAIL)
    write_events(deployment.platform, [event], "1")


def consent(deployment):
    """Somebody writes that person 0 agreed, to a notice that nobody was shown."""
    object_violations.consent(deployment, notice=NoticeName("9", ZERO * 2))


def letter_of_a_consent(deployment):
    """Somebody writes that person 0 agreed, by mail."""
    object_violations.consent(deployment, signal=MAIL)


def closed(deployment):
    """Somebody writes that jobs gave up requests which are on the list."""
    events = [
        Event(EventKind.CLOSED, e.scope, e.participant, e.time, None, e.document_id, "")
        for e in read_list(deployment.platform).list.withdrawals
        if e.participant and e.scope == GARDEN
    ]
    write_events(deployment.platform, events, "1")


def decision_on_requests(deployment):
    """Somebody rejects every request in the name of who may."""
    published = read_list(deployment.platform).list
    subjects = (subject_of(key_of(each)) for each in published.withdrawals)
    about = RequestDecision(tuple(sorted(subjects)), "")
    forge(deployment.platform, DecisionKind.REJECT, about, counter=published.counter)


def decision_on_a_study(deployment):
    forge(
        deployment.platform, DecisionKind.CONCLUDE, StudyDecision(GARDEN, FOUNDED, "")
    )


def decision_beside(deployment):
    forge(
        deployment.platform,
        DecisionKind.CONCLUDE,
        StudyDecision(GARDEN, FOUNDED, ""),
        number=10**9,
    )


def decision_by_a_job(deployment):
    """Deletion's own key signs no decision."""
    about = StudyDecision(GARDEN, FOUNDED, "")
    forge(deployment.platform, DecisionKind.CONCLUDE, about, by="owner-1")


def copy_of_nobody(deployment):
    """Somebody says that a copy of a case was made which there is not."""
    plant(deployment.platform, archive_name(CASE, ARCHIVE), b"age-encryption.org/v1\n")
    plant(deployment.platform, record_name(built()), b"{}")


def put_view(deployment, data, study=GARDEN):
    """A study's view becomes another one."""
    info = deployment.data.stat(view_file(study))
    deployment.data.replace(info.name, data, info.generation)


def view_of_a_stranger(deployment):
    """Nobody has left the garden."""
    view = StudyView.load(deployment.data, GARDEN, verifier_of(DELETE.public))
    put_view(deployment, encode_view(view.head, (), (), strangers_key()))


def view_of_another_study(deployment):
    put_view(deployment, deployment.data.read(view_file(POND)))


def file_beside_a_view(deployment):
    plant(deployment.data, f"{view_folder(GARDEN)}people.csv", b"a\n")


def no_view(deployment):
    info = deployment.data.stat(view_file(GARDEN))
    deployment.data.delete(info.name, info.generation)


def older_view(deployment):
    """An earlier view is put back, on which person 0 has not left."""
    put_view(deployment, deployment.first_view)


def list_of_a_stranger(deployment):
    """Nobody has left."""
    newer = WithdrawalList(deployment.withdrawals().counter + 5)
    publish(deployment.platform, newer, strangers_key())


def list_of_the_purge(deployment):
    newer = WithdrawalList(deployment.withdrawals().counter + 5)
    publish(deployment.platform, newer, job_key(Job.PURGE))


def older_list(deployment):
    """Which deletion signed, before the receipts that are there."""
    restore_list(deployment.platform, deployment.first_list)


def other_people(deployment):
    """The root names a list by its hash, and other bytes have the name."""
    name = read_root(deployment.platform).root.list.name
    upsert(deployment.platform, name, WithdrawalList().people().data)


def no_people(deployment):
    name = read_root(deployment.platform).root.list.name
    deployment.platform.delete(name, deployment.platform.stat(name).generation)


def no_list(deployment):
    deployment.platform.delete(ROOT, deployment.platform.stat(ROOT).generation)


def receipt_again(deployment):
    """The first one stands for the next."""
    number = len(deployment.receipts())
    data = deployment.platform.read(receipt_name(1))
    plant(deployment.platform, receipt_name(number + 1), data)


def anchor(deployment):
    """That all receipts may be gone."""
    write_anchor(deployment.platform, strangers_key(), Anchor(99, "0" * 64), None)


def run_without_end(deployment):
    """A run that lives long, and has leased what deletion and compaction need."""
    run = {"pid": 1, "host": "there", "job": "delete", "until": "2999-01-01T00:00:00Z"}
    plant(deployment.platform, f"{RUNS}{ZERO}.json", json.dumps(run).encode())
    for name in ("deletion", "purge"):
        plant(
            deployment.platform,
            f"leases/{name}.json",
            json.dumps({"run": ZERO}).encode(),
        )


def garbled_plan(deployment):
    """That a run of deletion seems to have begun."""
    for name in ("plan.json", "begun.json"):
        plant(deployment.platform, f"plans/{ZERO}/{name}", b"{}")


def garbled_results(deployment):
    plant(deployment.platform, f"plans/{ZERO}/applied.json", b'[{"planned": null}]')


def plan_of_everything(deployment):
    """All rows of all files go, and a run has begun with that."""
    files = []
    for info in deployment.data.list("data/"):
        with deployment.data.open(info.name) as snapshot:
            header = header_of(snapshot)
            found = header.checked_blocks(info.size)
        blocks = tuple((each.offset, each.length) for each in found)
        study = info.name.split("/")[1].partition("=")[2]
        where = study, info.name, info.size, info.generation
        files.append(PlannedFile(*where, header.rows, header.rows, blocks))
    plan = DeletionPlan(deployment.withdrawals().counter, tuple(files))
    plans = PlanStore(deployment.platform)
    plans.record(plan)
    plans.begin(plan)


def lines_of_a_purge(deployment):
    """Every file of everybody goes."""
    lines = [
        json.dumps(["rows", "study", GARDEN, "visit.1", "2026-05-10", e.name, 1])
        for e in deployment.data.list("data/")
    ]
    plant(deployment.platform, f"plans/{ZERO}/purge.ndjson", "\n".join(lines).encode())


def results(job):
    def do(deployment):
        plant(
            deployment.platform,
            f"results/{job}/{ZERO}.json",
            b'[0, "0", {"lines": []}]\n',
        )

    do.__name__ = f"results_of_{job}"
    return do


def unsealed_letter(deployment):
    plant(
        deployment.platform,
        f"dead-letters/study={GARDEN}/kind=ping/date=2026-05-10/{ZERO}.avro",
        b"nothing sealed",
    )


def probe(deployment):
    plant(deployment.platform, ".rally-probe-x", b"x")


def report(deployment):
    plant(
        deployment.platform, "reports/audit.html", b"<p>25 of 25 promises are kept.</p>"
    )


def ledger_line(deployment):
    plant(deployment.platform, "releases/ledger/000000000001.json", b"{")


def draft(deployment):
    plant(deployment.platform, "releases/study=rally-garden/own.json", b"{")


def file_that_leaves(deployment):
    deployment.releases = MemoryStore()
    plant(deployment.releases, f"study={GARDEN}/rows.csv", b"who,what\n")


def marker(deployment):
    """It is there; to replace it takes the right to delete."""
    assert not deployment.platform.create(MARKER, b"{}")


def rows_of_who_left(deployment):
    deployment.put([deployment.row(1, number=1)])


def rows_of_strangers(deployment):
    """Nobody who ever joined; beyond the grace, they are not believed."""
    time = moment(-3)
    deployment.put(
        [deployment.row(88, time=time, number=each) for each in range(5)], day=-3
    )


def list_in_a_header(deployment):
    deployment.put([], rally_list="0", **{"rally.list": "999"})
