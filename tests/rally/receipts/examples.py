"""Receipts to test with: a small chain, and one receipt with all that one can have."""

from dataclasses import replace
from datetime import UTC, date, datetime

from rally.keys.names import Job
from rally.receipts.chain import append
from rally.receipts.changes import write_changes
from rally.receipts.receipt import (
    FIRST,
    FileChange,
    NamedChanges,
    Receipt,
    ReceiptReason,
    Section,
    SectionOutcome,
    Stage,
    Verification,
)
from rally.receipts.verify import verify_chain
from rally.times import to_micros
from tests.support.people import job_key

KEY, PURGE = job_key(Job.DELETE), job_key(Job.PURGE)
FOO = "rally-study-foo"
BAR = "rally-study-bar"


def micros(text):
    return to_micros(datetime.fromisoformat(text).replace(tzinfo=UTC))


LEFT = micros("2021-06-01T12:30")
VERIFIED = micros("2021-06-03T04:05")
REQUEST = "c0ffee" * 5 + "00"
PLAN = "2021-06-03-0a1b2c"
FILE = FileChange(
    plan=PLAN,
    namespace=FOO,
    name=f"data/study={FOO}/document=test.1/date=2021-05-01/bucket=0-/compacted-0123456789ab.avro",
    generation_before=11,
    generation_after=12,
    rows_before=100,
    rows_removed=7,
    rows_after=93,
    checksum_before="0badcafe",
    checksum_after="12345678",
    rows_changed=0,
    requests={REQUEST: 5},
)
GONE = FileChange(
    plan=PLAN,
    namespace=FOO,
    name=f"data/study={FOO}/document=test.1/date=2021-05-02/bucket=new/"
    f"{'ab' * 16}.avro",
    generation_before=13,
    generation_after=None,
    rows_before=2,
    rows_removed=2,
    rows_after=0,
    checksum_before="0badcafe",
    checksum_after=None,
    rows_changed=0,
    requests={REQUEST: 1},
)
DELETED = Section(
    namespace=FOO,
    outcome=SectionOutcome.DELETED,
    files=2,
    rows=6,
    verified=Verification(VERIFIED, files=3, rows=193, list=4),
)
DEFERRED = Section(BAR, SectionOutcome.DEFERRED, until=date(2022, 12, 31))
RECEIPT = Receipt(
    number=1,
    request=REQUEST,
    scope="rally",
    received=LEFT,
    written=micros("2021-06-03T05:00"),
    stages={
        Stage.REQUESTED: LEFT,
        Stage.SUPPRESSED: LEFT + 1,
        Stage.REWRITTEN: LEFT + 2,
        Stage.PURGED: LEFT + 3,
        Stage.VERIFIED: VERIFIED,
    },
    sections=(DELETED, DEFERRED),
    old_copies_until=date(2021, 6, 10),
    plan=PLAN,
    list=4,
    reason=ReceiptReason.DELETION,
    previous=FIRST,
    changes=NamedChanges(1, "5a" * 32, 1234),
)
"""A receipt with all that a person's can have; what it names is nowhere."""

PLAIN = replace(
    RECEIPT, sections=(replace(DELETED, files=0, rows=0), DEFERRED), changes=None
)
"""One of a request for which no file was changed."""


def request(number):
    """The random id of a request."""
    return f"{number:032x}"


def made(base=PLAIN, **changes):
    """What `append` asks: makes a receipt of its number and the hash before it."""
    return lambda number, previous: replace(
        base, number=number, previous=previous, **changes
    )


def add_with_changes(platform, decisions, *files, key=KEY, since=0, **changes):
    """Appends a receipt of the request REQUEST that tells of some changes of files."""
    named = write_changes(platform, since + 1, files)
    sections = [
        replace(DELETED, namespace=each, files=len(own), rows=sum(own))
        for each in sorted({file.namespace for file in files})
        if (own := [it.requests[REQUEST] for it in files if it.namespace == each])
    ]
    fields = {"sections": tuple(sections), "changes": named, **changes}
    return append(platform, decisions, key, made(**fields), since)


def write_chain(platform, decisions, count, **changes):
    """Appends receipts of as many requests, written a day apart."""
    written = []
    for number in range(1, count + 1):
        day = micros("2021-06-03T05:00") + (number - 1) * 86_400_000_000
        make = made(request=request(number), written=day, **changes)
        written.append(append(platform, decisions, KEY, make, number - 1))
    return written


def contents(platform):
    """All objects of a store."""
    return {info.name: platform.read(info.name) for info in platform.list()}


class Killed(Exception):
    """What a test kills with."""


def dies_at(point):
    """A `fault` or `after` that raises at a mutation, counted from 1."""
    seen = 0

    def step(operation, name):
        nonlocal seen
        seen += operation in ("create", "replace", "delete")
        if operation in ("create", "replace", "delete") and seen == point:
            raise Killed

    return step


def found(platform, decisions, **options):
    """What verification finds, in its words."""
    return [str(finding) for finding in verify_chain(platform, decisions, **options)]
