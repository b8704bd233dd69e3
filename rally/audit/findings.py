"""Records what an audit found: each promise, and what was seen on the way.

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
    """A check of the audit; docs/promises.md says which promise each one proves.

    WITHDRAWN: no row that the fold of the events calls withdrawn.
    RETENTION: none past its retention.
    DATES: none from before the start, from a pause, or from after the end.
    REVIEW: each covered, when it was sent, by a review that counts.
    EXPUNGED: none, and no field, that people ordered to be taken out.
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
    CONCLUDED: nothing is left of a concluded study, or platform, but the proof.
    KEYS: every key of a concluded study, or platform, gone.
    LOCKS: no study locked past its `analysis_until`.
    ANNOUNCED: participants were told of an end before it came.
    NOTICES: what people read before they joined, or agreed, is known.
    COPIES: no object that nobody registered in a study's store, and no person's copy
    without an approved case or past its time.
    DERIVED: no withdrawn pseudonym in researchers' own tables.
    VIEWS: each study's readers are told by deletion whose rows not to read.
    RELEASES: nothing where results leave that people did not sign, byte by byte.
    LEDGER: what releases cost is all there, within budgets, and explains every result.
    """

    WITHDRAWN = "withdrawn"
    RETENTION = "retention"
    DATES = "dates"
    REVIEW = "review"
    EXPUNGED = "expunged"
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
    NOTICES = "notices"
    COPIES = "copies"
    DERIVED = "derived"
    VIEWS = "views"
    RELEASES = "releases"
    LEDGER = "ledger"


class Status(StrEnum):
    """Result of a check.

    KEPT: the promise is. BROKEN: it is not, and the findings say where. UNKNOWN: it
    could not be looked at everywhere, and nothing that was seen breaks it.
    """

    KEPT = "kept"
    BROKEN = "broken"
    UNKNOWN = "unknown"


class Unit(StrEnum):
    """Unit of a number. Rows and people are shown above a threshold only."""

    ROWS = "rows"
    PEOPLE = "people"
    OBJECTS = "objects"
    STUDIES = "studies"


class Observation(NamedTuple):
    """Something that was seen at a place, and how often.

    Attributes:
        where: A study, `<study>/<document>/<day>`, or an object's URI or name.
        what: A few words; no id, nothing of a ping.
        number: Number of units.
        unit: Unit of the number.
        until: Day on which it goes, for what stays for a time; else None.
    """

    where: str
    what: str
    number: int
    unit: Unit
    until: date | None = None


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Result for one promise.

    Attributes:
        check: Check of the promise.
        findings: Observations that break the promise.
        apart: Observations that look like it and do not: deferred, held, on their way.
        unseen: Places that could not be looked at, each with the reason.
    """

    check: Check
    findings: tuple[Observation, ...] = ()
    apart: tuple[Observation, ...] = ()
    unseen: tuple[Observation, ...] = ()

    @property
    def status(self) -> Status:
        """Status that follows from the findings."""
        if self.findings:
            return Status.BROKEN
        return Status.UNKNOWN if self.unseen else Status.KEPT


class Scope(NamedTuple):
    """Amount that was read.

    Attributes:
        share: Share of the files of rows, 0 to 1; everything else is read as a whole.
        files: Number of files of rows.
        rows: Number of rows.
        seconds: Time that the audit took.
    """

    share: float
    files: int
    rows: int
    seconds: float


@dataclass(frozen=True, slots=True)
class AuditReport:
    """Report of an audit.

    Attributes:
        as_of: Clock of the audit, UTC.
        scope: Amount that was read.
        studies: State of each study then, by namespace.
        checks: One result for each Check, in its order.
        rows: Rows of the files that were read, by study and submission day
            (YYYY-MM-DD).
        expiring: Rows of the files that were read, by study and the day from which
            they are past their retention; rows that no retention ends are left out.
        withdrawals: Requests by scope and state.
        development: Whether one person may play everybody on the platform.
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
