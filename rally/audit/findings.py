"""What an audit found: each promise that it looked at, and what it saw on the way.

No id and no pseudonym stands anywhere in it: a place is a study, a partition or an
object.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from rally.registry.transitions import StudyState
from rally.withdrawal.overview import Group


class Check(StrEnum):
    """What is looked at; docs/promises.md says which promise each one proves.

    WITHDRAWN: no row that the fold of the events calls withdrawn.
    RETENTION: none past its retention.
    DATES: none from before the start, from a pause, or from after the end.
    REVIEW: none outside the dates of its review.
    PLACE: none in another study's partition or bucket, or of another date.
    SCHEMA: each decodes with the approved schema of its document.
    DUPLICATES: none twice after compaction, in compaction's own window.
    ENROLMENT: none without an enrolment past the grace.
    IDS: no raw rally id anywhere in the bytes.
    NETWORK: no network identifiers.
    DEAD_LETTERS: sealed, and within their time.
    FILES: every file whole: row count, checksum, index.
    RECEIPTS: the chain whole and true.
    DECISIONS: every decision signed by somebody who may, and none lost.
    CONCLUDED: nothing is left of a concluded study.
    KEYS: every key of a concluded study gone.
    LOCKS: no study locked past its `analysis_until`.
    ANNOUNCED: participants were told of an end before it came.
    COPIES: no object that nobody registered in a study's store.
    DERIVED: no withdrawn pseudonym in researchers' own tables.
    """

    WITHDRAWN = "withdrawn"
    RETENTION = "retention"
    DATES = "dates"
    REVIEW = "review"
    PLACE = "place"
    SCHEMA = "schema"
    DUPLICATES = "duplicates"
    ENROLMENT = "enrolment"
    IDS = "ids"
    NETWORK = "network"
    DEAD_LETTERS = "dead-letters"
    FILES = "files"
    RECEIPTS = "receipts"
    DECISIONS = "decisions"
    CONCLUDED = "concluded"
    KEYS = "keys"
    LOCKS = "locks"
    ANNOUNCED = "announced"
    COPIES = "copies"
    DERIVED = "derived"


class Status(StrEnum):
    """What became of a check.

    KEPT: the promise is. BROKEN: it is not, and the findings say where. UNKNOWN: it
    could not be looked at everywhere, and nothing that was seen breaks it.
    """

    KEPT = "kept"
    BROKEN = "broken"
    UNKNOWN = "unknown"


class Unit(StrEnum):
    """What a number counts. Rows and people are shown above a threshold only."""

    ROWS = "rows"
    PEOPLE = "people"
    OBJECTS = "objects"
    STUDIES = "studies"


class Seen(NamedTuple):
    """Something at a place, and how often.

    Attributes:
        where: a study, `<study>/<document>/<day>`, or an object's URI or name.
        what: a few words; no id, nothing of a ping.
        number: how many.
        unit: of what.
        until: of what stays for a time, the day on which it goes; else None.
    """

    where: str
    what: str
    number: int
    unit: Unit
    until: date | None = None


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One promise.

    Attributes:
        check: which.
        findings: what breaks it.
        apart: what looks like it and does not break it: deferred, held, on its way.
        unseen: what could not be looked at, and why.
    """

    check: Check
    findings: tuple[Seen, ...] = ()
    apart: tuple[Seen, ...] = ()
    unseen: tuple[Seen, ...] = ()

    @property
    def status(self) -> Status:
        """What became of it."""
        if self.findings:
            return Status.BROKEN
        return Status.UNKNOWN if self.unseen else Status.KEPT


class Scope(NamedTuple):
    """How much was read.

    Attributes:
        share: of the files of rows, 0 to 1; all of everything else is always read.
        files: of rows, that were read.
        rows: that were read.
        seconds: that it took.
    """

    share: float
    files: int
    rows: int
    seconds: float


@dataclass(frozen=True, slots=True)
class AuditReport:
    """All of it at one time.

    Attributes:
        as_of: the audit's clock, UTC.
        scope: how much was read.
        studies: each namespace of the registry and its state then.
        checks: one for each Check, in its order.
        rows: by study and submission day (YYYY-MM-DD), of the files that were read.
        expiring: rows by study and the day from which they are past their retention,
            of the files that were read; what no retention ends is not in it.
        withdrawals: requests by scope and state.
        development: whether one person may play everybody on the platform.
    """

    as_of: datetime
    scope: Scope
    studies: Mapping[str, StudyState]
    checks: tuple[CheckResult, ...]
    rows: Mapping[tuple[str, str], int] = field(default_factory=dict)
    expiring: Mapping[tuple[str, str], int] = field(default_factory=dict)
    withdrawals: tuple[Group, ...] = ()
    development: bool = False

    @property
    def exit_status(self) -> int:
        """0 all kept; 1 a promise is broken; 2 something could not be checked."""
        found = {each.status for each in self.checks}
        if Status.BROKEN in found:
            return 1
        return 2 if Status.UNKNOWN in found else 0
