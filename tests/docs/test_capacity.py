"""The scale plan: what its page shows is what the command says, and all of it is there.

The tables of the page are made by the functions here.
"""

import io
import json
import re
import shlex
from contextlib import redirect_stdout
from dataclasses import asdict

import pytest

from pipelines import cli
from rally.capacity import measured
from rally.capacity.estimate import limits
from rally.capacity.jobs import JOBS
from rally.capacity.model import Inputs, stored, stream
from rally.capacity.prices import Prices
from rally.capacity.report import number, size
from tests.docs.page import codes_of_rows, read_sections, read_sessions
from tests.support.named_tests import ROOT, find_missing

TEXT = (ROOT / "docs/capacity.md").read_text()
SECTIONS = read_sections(TEXT)
GROWING = "From a study to everybody"
INGEST, SIZES, REQUESTS = (
    "`make bench-ingest`",
    "`python -m benchmarks.sizes`",
    "`python -m benchmarks.requests`",
)

_SESSION = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINE = re.compile(r"^\| [\d,]+ \|.*\|$", re.MULTILINE)

BY_SIZE = (
    ("pings/s of ingest, JWE", measured.INGEST["jwe"], INGEST),
    ("pings/s of ingest, HPKE", measured.INGEST["hpke"], INGEST),
    ("pings/s of ingest, ECIES", measured.INGEST["ecies"], INGEST),
    ("bytes of a message, JWE", measured.MESSAGE["jwe"], SIZES),
    ("bytes of a message, HPKE", measured.MESSAGE["hpke"], SIZES),
    ("bytes of a message, ECIES", measured.MESSAGE["ecies"], SIZES),
    ("bytes of a row, compacted", measured.ROW, SIZES),
    ("rows/s of compaction", measured.COMPACT, SIZES),
    ("rows/s of deletion's verification", measured.VERIFY, SIZES),
    ("rows/s of purge's search", measured.SEARCH, SIZES),
    ("rows/s of the audit", measured.AUDIT, SIZES),
)
FIGURES = (
    ("seconds for a block that deletion opens", measured.OPENED_BLOCK_SECONDS,
     "`make bench-deletion`, from 1,000 people"),
    ("bytes of an event, in a file of the log", measured.EVENT_BYTES, SIZES),
    ("bytes of an event, alone in an object", measured.LONE_EVENT_BYTES, SIZES),
    ("events/s out of files of the log", measured.EVENTS, SIZES),
    ("bytes of a request on the list", measured.LIST_ENTRY_BYTES, SIZES),
    ("the same in the memory of delete's launching process",
     measured.LIST_ENTRY_MEMORY, SIZES),
    ("bytes of an enrolment in a worker's memory", measured.ENROLLED_MEMORY, SIZES),
    ("bytes of a known person in a worker's memory", measured.SOUGHT_MEMORY, SIZES),
    ("bytes of a file that a run's receipts name", measured.CHANGE_BYTES, "its JSON"),
    ("the same for each request in it", measured.TOLD_BYTES, "its JSON"),
    ("bytes of a file in the launching process's memory", measured.FILE_MEMORY,
     "`python -m benchmarks.distribution`"),
    ("class A, of a run", measured.RUN_A, REQUESTS),
    ("class B, of a run", measured.RUN_B, REQUESTS),
    ("keysets that a process opens, beside two a study", measured.RUN_KEYS, REQUESTS),
    ("class A, of a partition that is compacted, beside one a bucket",
     measured.COMPACTED_PARTITION_A, REQUESTS),
    ("class B, of a bucket that is compacted", measured.COMPACTED_FILE_B, REQUESTS),
    ("class B, of a new file that is compacted", measured.NEW_FILE_B, REQUESTS),
    ("class A, of a study's view, by delete", measured.VIEW_A, REQUESTS),
    ("class B, of a study's view, by delete", measured.VIEW_B, REQUESTS),
    ("class A, of a file that is rewritten", measured.REWRITTEN_A, REQUESTS),
    ("class B, of a file that is rewritten", measured.REWRITTEN_B, REQUESTS),
    ("class B, of a file that is verified, and one each 4 MiB",
     measured.VERIFIED_B, REQUESTS),
    ("class A, of a partition, by purge", measured.PURGED_PARTITION_A, REQUESTS),
    ("class B, of a file, by purge", measured.SEARCHED_B, REQUESTS),
    ("class A, of a partition, by the audit", measured.AUDITED_PARTITION_A, REQUESTS),
    ("class B, of a file, by the audit", measured.AUDITED_B, REQUESTS),
    ("class A, of a receipt", measured.RECEIPT_A, REQUESTS),
    ("class B, of a receipt, each audit", measured.RECEIPT_B, REQUESTS),
    ("class B, of a file that receipts name, each audit", measured.NAMED_B, REQUESTS),
    ("class B, of an object of events, by delete", measured.LOOSE_EVENT_B, REQUESTS),
    ("class A, of a file of the log", measured.LOG_FILE_A, REQUESTS),
    ("class B, of a file of the log", measured.LOG_FILE_B, REQUESTS),
    *(
        (f"readings of the log, by {job}'s launcher", times, REQUESTS)
        for job, times in measured.LOG_READS.items()
    ),
    *(
        (f"readings of the log, by each worker of {job}", times, REQUESTS)
        for job, times in measured.WORKER_LOG_READS.items()
    ),
    *(
        (f"more of them for each study, by {job}", times, REQUESTS)
        for job, times in measured.WORKER_LOG_READS_A_STUDY.items()
    ),
    *(
        (f"listings of all names, by {job}", times, REQUESTS)
        for job, times in measured.LISTINGS.items()
    ),
)  # fmt: skip


def by_size_row(figure):
    """A figure that grows with a ping, as the page has it."""
    what, (small, large), by = figure[0], figure[1].values(), figure[2]
    return f"| {what} | {small:,} | {large:,} | {by} |"


def figure_row(figure):
    """Any other."""
    what, value, by = figure
    return f"| {what} | {value:,g} | {by} |"


def line_of(people, studies, buckets):
    """A line of the page's table, by the command."""
    plan = json.loads(
        rally(
            f"rally estimate --json --people {people} --studies {studies}"
            f" --buckets {buckets} --pings-per-day {20 * people}"
        )
    )
    cells = [
        f"{people:,}",
        studies,
        buckets,
        number(plan["ingest"]["peak"]),
        size(plan["stored"]["row_bytes"]),
        number(plan["stored"]["objects"]),
        *(number(plan["jobs"][job]["hours"]) for job in ("delete", "purge", "audit")),
        number(plan["a_month"]["sum"]),
        len(plan["limits"]) or "nothing",
    ]
    return f"| {' | '.join(map(str, cells))} |"


def rally(command):
    """What a command prints."""
    shown = io.StringIO()
    with redirect_stdout(shown):
        assert cli.main(shlex.split(command)[1:]) == 0
    return shown.getvalue()


def sessions():
    """Each command of the page, and what it shows."""
    for block in _SESSION.findall(TEXT):
        command, _, output = block.partition("\n")
        yield command.removeprefix("$ "), output


@pytest.mark.parametrize(("command", "output"), [*sessions()])
def test_page_shows_what_the_command_prints(command, output):
    assert rally(command) == output


def test_page_has_a_session_and_its_headings():
    assert len(list(sessions())) == 1
    assert [*SECTIONS] == [
        GROWING, "Where it bends first", "What you can do today", "The model"
    ]  # fmt: skip
    assert read_sessions(TEXT) == {}  # it stands before the first heading


def test_lines_from_a_study_to_everybody_are_what_the_command_says():
    lines = _LINE.findall(SECTIONS[GROWING])
    cells = [
        [int(cell.replace(",", "")) for cell in line.strip("| ").split(" | ")[:3]]
        for line in lines
    ]

    assert [people for people, *_ in cells] == [10**power for power in range(3, 9)]
    assert lines == [line_of(*each) for each in cells]


def test_every_limit_is_explained_and_no_other():
    inputs = Inputs(20_000, 1_000, 1)
    hours = dict.fromkeys(JOBS, 1.0)
    known = {
        each.what: each.fine
        for each in limits(inputs, stored(inputs, stream(inputs)), hours)
    }
    table = SECTIONS["Where it bends first"]
    explained = [code for row in codes_of_rows(table) for code in row]

    assert sorted(explained) == sorted(known)
    for row in re.findall(r"^\| `.*$", table, re.MULTILINE):
        names, fine = row.split(" | ")[:2]
        for name in re.findall("`([^`]+)`", names):
            assert fine.removesuffix(" h") == f"{known[name]:,.0f}"


def test_figures_are_those_of_the_model():
    model = SECTIONS["The model"]

    for row in (*map(by_size_row, BY_SIZE), *map(figure_row, FIGURES)):
        assert f"\n{row}\n" in model


def test_prices_are_those_of_the_model():
    prices = SECTIONS["The model"].partition("### Prices")[2]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", prices, re.MULTILINE)

    assert rows == [(name, str(price)) for name, price in asdict(Prices()).items()]


def test_what_the_page_names_is_there():
    assert find_missing(TEXT) == []
