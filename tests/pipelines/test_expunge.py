"""`rally studies expunge`: what it foresees, who approves it, and what follows."""

import io
import json
import re
from copy import deepcopy

import fastavro
import pytest

from pipelines import cli
from rally.decisions.verifying import read_chain
from rally.receipts.chain import find
from rally.storage.layout import Partition, new_file
from rally.storage.objectstore.open_store import open_store
from tests.support.world import (
    GARDEN,
    World,
    contents,
    rally_id,
    stored_rows,
    write_lines,
)

pytestmark = pytest.mark.slow("jobs")

LABELS = "/labels"
DAYS = ("--from=2026-05-04", "--until=2026-05-05")


@pytest.fixture
def own(world, store, tmp_path, capsys):
    """A store with visits of three days, which have labels."""
    return Office(world, store, tmp_path, capsys)


class Office:
    def __init__(self, world: World, store: str, folder, capsys) -> None:
        self.world, self.store, self.folder, self.capsys = world, store, folder, capsys
        visits = [self.visit(person, day) for person in (1, 2) for day in (4, 5, 6)]
        joined = [
            world.message(
                f"{GARDEN}/study-enrollment/1",
                {"rally.id": rally_id(person)},
                person,
                "2026-05-01T10:00:00Z",
            )
            for person in (1, 2)
        ]
        self.ingest("first", [*joined, *visits])

    def visit(self, person, day, **more):
        clear = {
            "rally.id": rally_id(person),
            "page": f"page {day}",
            "count": person * 10 + day,
            "labels": {"secret": "s"},
        }
        return self.world.message(
            f"{GARDEN}/visit/1",
            clear | more,
            person * 100 + day,
            f"2026-05-0{day}T10:00:00Z",
        )

    def ingest(self, name, messages):
        path = write_lines(self.folder / f"{name}.ndjson", messages)
        return self.job("ingest", f"--input={path}")

    def job(self, name, *more):
        status = cli.main([name, *self.world.options(self.store), *more])
        return status, *self.capsys.readouterr()

    def order(self, *words, study=GARDEN, document="visit.1"):
        says_why = any(each.startswith(("--note", "--plan_only")) for each in words)
        why = () if says_why else ("--note=a mistake",)
        return self.people("studies", "expunge", study, document, *words, *why)

    def people(self, *words):
        where = [f"--store={self.store}", f"--studies={self.world.studies}"]
        if "decisions" in words:
            where = where[:1]
        keys = [] if "list" in words else [f"--people_keys={self.world.people_keys}"]
        sure = ["--yes"] if words[1] == "expunge" and "--plan_only" not in words else []
        status = cli.main([*words, *where, *keys, *sure])
        return status, *self.capsys.readouterr()

    def rows(self):
        return sorted(
            (partition[-10:], row["payload"]["count"], row["payload"]["labels"])
            for partition, row in stored_rows(self.store)
            if "visit.1" in partition
        )


S = {"secret": "s"}
ALL = [
    (f"2026-05-0{day}", person * 10 + day, S) for day in (4, 5, 6) for person in (1, 2)
]
FORESEEN = """\
rally-garden/visit.1, 2026-05-04 to 2026-05-05: /labels goes out of these rows:

DAY         FILES  ROWS  BYTES
2026-05-04      1     2  N
2026-05-05      1     2  N

files: 2
"""
ASKED = """\

decision N is signed by decide; it counts when another person, who may decide or sign\
 for privacy, runs `rally decisions approve N`
"""
APPROVED = """\
rally-garden: takes out /labels of visit.1 from 2026-05-04 to 2026-05-05, as decide\
 orders: a mistake
decision N counts from decision N on
run `rally delete`, and `rally replay` for sealed dead letters
"""


def plain(out):
    out = re.sub(r"[\d,]{3,}$", "N", out, flags=re.M)
    return re.sub(r"(decision|approve) \d+", r"\1 N", out)


def number_in(out):
    return re.findall(r"approve (\d+)", out)[0]


def test_plan_only_says_what_will_follow_and_changes_nothing(own):
    before = contents(own.store)
    status, out, errors = own.order(*DAYS, f"--field={LABELS}", "--plan_only")
    assert (status, plain(out), errors) == (0, FORESEEN, "")
    assert contents(own.store) == before
    _, out, _ = own.order(*DAYS, f"--field={LABELS}", "--plan_only", "--json")
    told = json.loads(out)
    days = [(each["day"], each["files"], each["rows"]) for each in told["days"]]
    assert days == [("2026-05-04", 1, 2), ("2026-05-05", 1, 2)]
    assert {name: told[name] for name in ("document", "field", "from", "until")} == {
        "document": "visit.1",
        "field": LABELS,
        "from": "2026-05-04",
        "until": "2026-05-05",
    }


def test_order_counts_when_another_person_approves_it(own):
    status, out, errors = own.order(
        *DAYS, f"--field={LABELS}", "--by=decide", "--note=a mistake"
    )
    assert (status, plain(out), errors) == (0, FORESEEN + ASKED, "")
    number = number_in(out)
    assert own.job("delete")[0] == 0
    assert own.rows() == ALL

    for name, why in (
        ("decide", "takes a second person"),
        ("steward", "steward may not decide that; it takes the role decide or owner or"
         " privacy"),
        ("owner-1", "owner-1 may not decide that; it takes the role decide or privacy"),
    ):  # fmt: skip
        status, _, errors = own.people("decisions", "approve", number, f"--by={name}")
        assert (status, errors) == (2, f"rally: --by: {why}\n")
    status, out, errors = own.people("decisions", "approve", number, "--by=privacy")
    assert (status, plain(out), errors) == (0, APPROVED, "")

    status, out, _ = own.job("delete")
    assert status == 0
    assert "rows that lose a field: 4" in out
    assert own.rows() == [
        (day, count, S if day == "2026-05-06" else None) for day, count, _ in ALL
    ]
    platform = open_store(f"{own.store}/platform")
    (receipt,) = find(platform, read_chain(platform))
    assert (receipt.expunged.field, receipt.sections[0].rows) == (LABELS, 4)


def test_what_arrives_after_the_approval_is_kept_without_it(own):
    _, out, _ = own.order(*DAYS, "--by=decide")
    own.people("decisions", "approve", number_in(out), "--by=privacy")
    _, out, _ = own.order("--from=2026-05-06", "--until=2026-05-06",
                          f"--field={LABELS}", "--by=decide")  # fmt: skip
    own.people("decisions", "approve", number_in(out), "--by=privacy")
    late = [own.visit(7, day) for day in (5, 6)]
    status, out, _ = own.ingest("late", late)
    assert status == 0
    assert "expunged" in out
    assert (("2026-05-06", 76, None) in own.rows()) is True
    assert [row for row in own.rows() if row[1] == 75] == []
    assert own.job("delete")[0] == 0
    assert own.rows() == [("2026-05-06", count, None) for count in (16, 26, 76)]


def test_copy_of_another_day_stays_though_compaction_runs_first(own):
    """Compaction keeps the first of two copies, but not one that is to go."""
    clear = {"rally.id": rally_id(1), "page": "again", "count": 99}
    copy = own.world.message(
        f"{GARDEN}/visit/1", clear, 1 * 100 + 4, "2026-05-05T11:00:00Z"
    )
    own.ingest("copy", [copy])
    _, out, _ = own.order("--from=2026-05-04", "--until=2026-05-04", "--by=decide")
    own.people("decisions", "approve", number_in(out), "--by=privacy")
    assert own.job("compact")[0] == 0
    assert [row for row in own.rows() if row[1] in (14, 99)] == [
        ("2026-05-04", 14, S),
        ("2026-05-05", 99, None),
    ]
    assert own.job("delete")[0] == 0
    assert [row[:2] for row in own.rows()] == [
        *(("2026-05-05", count) for count in (15, 25, 99)),
        *(("2026-05-06", count) for count in (16, 26)),
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--until=2026-05-05",), "--from: is missing; give a submission date"),
        (("--from=2026-05-04",), "--until: is missing; give a submission date"),
        (("--from=2026-05-06", "--until=2026-05-05"),
         "--until: is before --from; correct one of them"),
        ((*DAYS, "--field=/count"), "--field: /count of visit.1 is required, and can be"
         " neither null nor empty; expunge whole rows, without --field"),
        ((*DAYS, "--field=/parts/*/size"), "--field: /parts/*/size of visit.1 is"
         " required, and can be neither null nor empty; expunge whole rows, without"
         " --field"),
        ((*DAYS, "--field=labels"), "--field: labels is no field of visit.1; give its"
         " path in the schema, such as /events/*/address"),
        ((*DAYS,), "--by: is missing; say who decides"),
        ((*DAYS, "--by=decide", "--note="), "--note: is missing; say why, in words that"
         " participants may read"),
        ((*DAYS, "--by=steward"), "--by: steward may not decide that; it takes the role"
         " decide"),
        ((*DAYS, "--json"), "--json: is for what will follow; add --plan_only"),
    ],
)  # fmt: skip
def test_order_that_makes_no_sense_is_refused_in_one_line(own, words, message):
    before = contents(own.store)
    status, _, errors = own.order(*words)
    assert (status, errors) == (2, f"rally: {message}\n")
    assert contents(own.store) == before


def test_order_of_what_is_to_come_or_has_no_rows_is_refused(own):
    status, _, errors = own.order("--from=2026-05-04", "--until=2199-01-01")
    assert status == 2
    assert re.fullmatch(
        r"rally: --until: is after today, [\d-]{10}; expunge what was sent, and suspend"
        r" the document for what is to come\n",
        errors,
    )
    status, _, errors = own.order(*DAYS, document="study-unenrollment.1")
    assert (status, errors) == (
        2,
        "rally: study-unenrollment.1: has no rows, as it says only who leaves or"
        " agrees\n",
    )


def write_foreign(store, day):
    """Stores another program's copy of a day's file, in which labels are a text."""
    opened = open_store(store)
    (info,) = (
        each
        for each in opened.list(f"data/study={GARDEN}/")
        if "visit.1" in each.name and day in each.name
    )
    reader = fastavro.reader(io.BytesIO(opened.read(info.name)))
    rows, schema = list(reader), deepcopy(reader.writer_schema)
    for row in rows:
        row["payload"]["labels"] = "s"
    (payload,) = (each for each in schema["fields"] if each["name"] == "payload")
    for each in payload["type"]["fields"]:
        if each["name"] == "labels":
            del each["default"]
            each["type"] = "string"
    stream = io.BytesIO()
    fastavro.writer(stream, schema, rows)
    name = new_file(Partition(GARDEN, "visit.1", day), "theirs")
    assert opened.create(name, stream.getvalue())


def test_order_of_a_field_that_a_file_requires_is_refused_and_not_signed(own):
    write_foreign(own.store, "2026-05-05")
    before = contents(own.store)
    status, out, errors = own.order(*DAYS, f"--field={LABELS}", "--by=decide")
    assert (status, out, errors) == (
        2,
        "",
        "rally: --field: /labels is required, and can be neither null nor empty, in 1"
        " files that another program wrote, of 2026-05-05; expunge the rows of these"
        " dates, without --field, or name others by --from and --until\n",
    )
    assert contents(own.store) == before
    _, out, _ = own.order(*DAYS, f"--field={LABELS}", "--plan_only")
    assert (
        "files that another program wrote, in which /labels is required, of 2026-05-05:"
        " 1; expunge their rows, without --field\n"
    ) in out
    _, out, _ = own.order(*DAYS, f"--field={LABELS}", "--plan_only", "--json")
    assert json.loads(out)["files_that_require_it"] == 1
    day = ("--from=2026-05-04", "--until=2026-05-04")
    for words in ((*day, f"--field={LABELS}"), DAYS):
        assert own.order(*words, "--by=decide")[0] == 0


def test_order_that_waits_is_not_signed_twice(own):
    _, out, _ = own.order(*DAYS, "--by=decide")
    status, _, errors = own.order(*DAYS, "--by=decide")
    number = number_in(out)
    assert (status, errors) == (
        2,
        f"rally: visit.1: that is ordered already, as decision {number}; another person"
        f" approves it by `rally decisions approve {number}`\n",
    )
    _, out, _ = own.people("decisions", "list")
    assert "waits for a second signature" in out
