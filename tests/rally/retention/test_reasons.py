"""What goes is judged again as it goes: a planted line deletes nothing."""

import json
from datetime import timedelta

import pytest

from rally.dead_letters import LetterKind, LetterPlace
from rally.deletion.plan import DeletionPlan
from rally.deletion.plan_store import PlanStore
from rally.errors import CorruptFile
from rally.results import WrongResults
from rally.retention.executor import make_batch_step
from rally.retention.plan import write_plan
from rally.retention.plan_entry import PLATFORM, STUDY, Phase, PlanEntry, Reason
from rally.withdrawal.root import ROOT
from tests.rally.retention.stored_studies import register_folders, store_two_studies
from tests.support.memory_deployment import Row
from tests.support.purge_deployment import MemoryPurgeSettings
from tests.support.world import GARDEN, HOUSE, POND

DAY = "2026-05-11"
VISITS = f"data/study={GARDEN}/document=visit.1/date={DAY}/bucket=new/a.avro"
JOINED = f"data/study={HOUSE}/document=enrollment.1/date=2026-05-02/bucket=new/"
LETTER = f"{LetterPlace(GARDEN, LetterKind.PING, '2026-05-20').folder}{'0' * 32}.avro"
OWED = (
    f"{LetterPlace(GARDEN, LetterKind.WITHDRAWAL, '2026-05-20').folder}{'0' * 32}.avro"
)
BEGUN = DeletionPlan(0, ())
UNTOLD = f"plans/{BEGUN.id}/plan.json"
RECEIPT = "receipts/000000000001.json"
ROW = (STUDY, GARDEN, "visit.1", DAY, VISITS)
LABELS = (PLATFORM, GARDEN, "(dead letters)", "2026-05-20")
REST = (PLATFORM, "", "(leftovers)", "")
TABLES = "memory://tables"
PLANTED = {
    "young rows as expired": (Phase.ROWS, ROW, Reason.EXPIRED, ""),
    "rows of an open study": (Phase.ROWS, ROW, Reason.CONCLUDED, GARDEN),
    "rows of a study for another": (Phase.ROWS, ROW, Reason.CONCLUDED, POND),
    "rows of who is enrolled": (Phase.ROWS, ROW, Reason.UNENROLLED, ""),
    "rows as enrolments": (Phase.ENROLMENTS, ROW, Reason.CONCLUDED, POND),
    "all enrolments for one study": (
        Phase.ENROLMENTS,
        (STUDY, HOUSE, "enrollment.1", "2026-05-02", f"{JOINED}joined.avro"),
        Reason.CONCLUDED,
        POND,
    ),
    "rows under another name": (
        Phase.ROWS,
        (STUDY, GARDEN, "visit.1", "2020-01-01", VISITS),
        Reason.EXPIRED,
        "",
    ),
    "the store's marker": (
        Phase.ROWS,
        (STUDY, GARDEN, "visit.1", DAY, "rally-store.json"),
        Reason.EXPIRED,
        "",
    ),
    "rows as an archive": (
        Phase.REST,
        ("memory://", "", "(archives)", "", VISITS),
        Reason.ARCHIVE,
        "",
    ),
    "young letters": (Phase.LETTERS, (*LABELS, LETTER), Reason.DEAD_LETTER, ""),
    "letters of an open study": (
        Phase.LETTERS,
        (*LABELS, LETTER),
        Reason.CONCLUDED,
        GARDEN,
    ),
    "unread withdrawals": (Phase.LETTERS, (*LABELS, OWED), Reason.DEAD_LETTER, ""),
    "unread withdrawals as old": (
        Phase.LETTERS,
        (*LABELS, OWED),
        Reason.UNREADABLE,
        "",
    ),
    "a plan that goes on": (Phase.REST, (*REST, UNTOLD), Reason.PLAN, ""),
    "the list": (Phase.REST, (*REST, ROOT), Reason.TEMPORARY, ""),
    "a receipt": (Phase.REST, (*REST, RECEIPT), Reason.TEMPORARY, ""),
    "a receipt as a plan": (Phase.REST, (*REST, RECEIPT), Reason.PLAN, ""),
    "a receipt as an archive": (Phase.REST, (*REST, RECEIPT), Reason.ARCHIVE, ""),
    "a receipt as events": (
        Phase.EVENTS,
        (PLATFORM, POND, "(events)", "", RECEIPT),
        Reason.CONCLUDED,
        POND,
    ),
    "tables of an open study": (
        Phase.DERIVED,
        (TABLES, GARDEN, "(derived)", "", "t.csv"),
        Reason.CONCLUDED,
        GARDEN,
    ),
    "tables for another study": (
        Phase.DERIVED,
        (TABLES, POND, "(derived)", "", "t.csv"),
        Reason.CONCLUDED,
        POND,
    ),
}


@pytest.fixture
def lived_in(deployment):
    """Two studies with all that there is, of which the pond is concluded."""
    store_two_studies(deployment)
    deployment.conclude(POND)
    plans = PlanStore(deployment.platform)
    plans.record(BEGUN)
    plans.begin(BEGUN)
    deployment.platform.create(RECEIPT, b"{}")
    deployment.data.create("rally-store.json", b"{}")
    register_folders(deployment, GARDEN, TABLES)
    return deployment


def everything(deployment):
    """Every object, but for plans of a purge."""
    return {
        (store.uri, info)
        for store in (deployment.data, deployment.platform)
        for info in store.list()
        if not info.name.endswith(".ndjson")
    }


def do(deployment, line):
    """What a worker does of a plan of this line, as it was written."""
    plan = write_plan(deployment.platform, [line])
    (batch,) = plan.batches
    # Whoever plants lines has every study concluded.
    batch = batch._replace(studies=frozenset((GARDEN, POND)))
    return make_batch_step(
        MemoryPurgeSettings(
            store="memory", platform_keys="memory", deployment=deployment
        )
    )(batch)


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED)
def test_planted_line_deletes_nothing_and_is_named(lived_in, planted):
    phase, labels, why, about = planted
    where, name = labels[0], labels[-1]
    elsewhere = lived_in.data
    lived_in.derived = {"memory://": elsewhere, TABLES: elsewhere}
    lived_in.data.create("t.csv", b"x")
    store = lived_in.platform if where == PLATFORM else lived_in.data
    info = store.stat(name)
    before = everything(lived_in)

    done = do(lived_in, PlanEntry(phase, *labels[:-1], *info, why, about))

    assert everything(lived_in) == before
    assert done["tallies"] == []
    [(named, what)] = done["faults"]
    assert named == name
    assert what in (
        f"stays: that it is {why} does not hold now",
        "changed meanwhile",
    )


RECORDS = {
    "decision": "decisions/000000000001.json",
    "receipt": RECEIPT,
    "event": "events/date=2026-05-02/old.avro",
    "withdrawal list": ROOT,
}
"""Records of the platform that no purge may take, however old they are."""


@pytest.mark.parametrize("name", RECORDS.values(), ids=RECORDS)
@pytest.mark.parametrize(
    ("why", "label"), [(Reason.TEMPORARY, "(leftovers)"), (Reason.PLAN, "(plans)")]
)
def test_planted_line_deletes_no_old_record(lived_in, name, why, label):
    if lived_in.platform.stat(name) is None:
        lived_in.platform.create(name, b'{"run": "dead", "holder": "dead"}')
    info = lived_in.platform.stat(name)
    lived_in.now += timedelta(days=3650)

    done = do(lived_in, PlanEntry(Phase.REST, PLATFORM, "", label, "", *info, why))

    assert lived_in.platform.stat(name) == info
    assert done["faults"] == [[name, f"stays: that it is {why} does not hold now"]]


def test_rows_of_the_enrolled_stay_when_their_partition_is_due(lived_in):
    """The file is read again, and not what was said of it believed."""
    lived_in.now += timedelta(days=20)
    info = lived_in.data.stat(VISITS)
    before = everything(lived_in)
    done = do(lived_in, PlanEntry(Phase.ROWS, *ROW[:-1], *info, Reason.UNENROLLED))
    assert everything(lived_in) == before
    assert done["faults"] == [[VISITS, "changed meanwhile"]]


def test_what_is_due_goes(lived_in):
    lived_in.now += timedelta(days=1000)
    info = lived_in.data.stat(VISITS)
    done = do(lived_in, PlanEntry(Phase.ROWS, *ROW[:-1], *info, Reason.EXPIRED))
    assert done["faults"] == []
    assert lived_in.data.stat(VISITS) is None


def test_retention_that_is_prolonged_meanwhile_counts(lived_in):
    """As of the moment of deleting: here the clock was wrong when it was planned."""
    lived_in.now += timedelta(days=1000)
    info = lived_in.data.stat(VISITS)
    line = PlanEntry(Phase.ROWS, *ROW[:-1], *info, Reason.EXPIRED)
    lived_in.now -= timedelta(days=1000)
    assert do(lived_in, line)["tallies"] == []
    assert lived_in.data.stat(VISITS) == info


def test_plan_that_somebody_wrote_over_deletes_nothing(lived_in):
    lived_in.conclude()
    found = []

    def plant(operation, name):
        if name.endswith("purge.ndjson") and operation == "create" and not found:
            data = lived_in.platform.read(name)
            info = lived_in.platform.stat(name)
            found.append(name)
            planted = data.replace(b"concluded", b"unenrolled")
            lived_in.platform.replace(name, planted, info.generation)

    lived_in.platform.after = plant
    before = lived_in.names()
    with pytest.raises(CorruptFile, match="is not the plan that this run made"):
        lived_in.purge()
    assert lived_in.names() == before


def planting(deployment, monkeypatch, change):
    """A purge whose workers' answers somebody changes on their way back."""
    real = deployment._run_step
    monkeypatch.setattr("rally.retention.search_tasks._PARTITIONS", 1)

    def through(settings, step, works, make_step):
        found = real(settings, step, works, make_step)
        if step == "search":
            change(found)
        return found

    monkeypatch.setattr(deployment, "_run_step", through)


def line_of(deployment):
    """The line of a whole file that nobody should delete."""
    info = deployment.data.stat(VISITS)
    return PlanEntry(Phase.ROWS, *ROW[:-1], *info, Reason.UNENROLLED).to_json().decode()


ANSWERS = {
    "a line of another partition": lambda line, found: found["lines"].append(line),
    "a line of the platform": lambda line, found: found["lines"].append(
        line.replace('"study"', '"platform"')
    ),
    "a size that is text": lambda line, found: found["lines"].append(
        json.dumps([*json.loads(line)[:6], "1", *json.loads(line)[7:]])
    ),
    "no line": lambda line, found: found["lines"].append("[]"),
    "no lines": lambda line, found: found.pop("lines"),
    "an unknown reason": lambda line, found: found["lines"].append(
        line.replace('"unenrolled"', '"asked"')
    ),
}


@pytest.mark.parametrize("change", ANSWERS.values(), ids=ANSWERS)
def test_answer_about_what_was_not_dealt_out_stops_the_purge(
    lived_in, monkeypatch, change
):
    lived_in.put(lived_in.indexed_file([Row(1, 300)]), "c", date="2026-05-21")
    lived_in.now += timedelta(days=15)
    line = line_of(lived_in)
    planting(lived_in, monkeypatch, lambda found: change(line, found[-1]))
    before = lived_in.names()
    with pytest.raises(WrongResults):
        lived_in.purge()
    assert lived_in.names() == before


def test_conclusion_still_takes_everything(lived_in):
    register_folders(lived_in, GARDEN)
    lived_in.conclude()
    assert not [each for each in lived_in.purge().faults if GARDEN in each[0]]
    assert lived_in.names(f"data/study={GARDEN}/") == []
