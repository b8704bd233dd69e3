"""Receipts: what was deleted for one request, in words that can be checked.

A receipt holds no id and no pseudonym, only the random id of its request, which the
withdrawal list keeps beside the pseudonym. Each names the one before by its hash and
is signed by deletion, so that none can be changed, dropped or slipped in unseen
(design: "Withdrawals and deletion").
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

FOLDER = "receipts/"

FIRST = "0" * 64
"""What the first receipt names in the place of one before it."""

_NAME = re.compile(FOLDER + "([0-9]{12}).json")


class Stage(StrEnum):
    """Stage of a request, in this order.

    REQUESTED: received. SUPPRESSED: on the published list. REWRITTEN: no live file
    has its rows. PURGED: nor has any old copy. VERIFIED: that was read and seen.
    CLOSED: nothing can arrive any more that would bring rows back.
    """

    REQUESTED = "requested"
    SUPPRESSED = "suppressed"
    REWRITTEN = "rewritten"
    PURGED = "purged"
    VERIFIED = "verified"
    CLOSED = "closed"


class SectionOutcome(StrEnum):
    """Outcome for a person's rows of one namespace."""

    DELETED = "deleted"
    DEFERRED = "deferred"
    NOTHING = "nothing found"


class ReceiptReason(StrEnum):
    """Why a receipt was written.

    DELETION: the request was carried out. SETTLED: a study in which it had been
    deferred is done as well. EXPUNGE: an order to expunge was carried out. LATE: a
    later sweep removed rows, or fields, that came afterwards.
    """

    DELETION = "deletion"
    SETTLED = "settled"
    EXPUNGE = "expunge"
    LATE = "late"


class Result(StrEnum):
    """Result of verification; there is a receipt of nothing else."""

    CLEAN = "clean"


@dataclass(frozen=True, slots=True)
class FileChange:
    """Change of one file by one rewrite.

    Attributes:
        plan: Id of the plan of deletion that the rewrite followed.
        namespace: Namespace of the study whose store has the file.
        name: Name of the object, in the namespace's store.
        generation_before: Generation that was read.
        generation_after: Generation that was written; None: the object is gone.
        rows_before: Number of all rows before.
        rows_removed: Number of rows removed, of everybody whom the rewrite was about.
        rows_after: Number of all rows after.
        checksum_before: The header entry `rally.checksum`; "" where it had none.
        checksum_after: The same afterwards; None: the object is gone.
        rows_changed: Number of rows that stayed and lost a field, for any order.
        requests: Number of rows that went for each request, or lost a field for each
            order. Of requests, those of which a receipt of the same run tells.
    """

    plan: str
    namespace: str
    name: str
    generation_before: int
    generation_after: int | None
    rows_before: int
    rows_removed: int
    rows_after: int
    checksum_before: str
    checksum_after: str | None
    rows_changed: int
    requests: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class NamedChanges:
    """The object of changes that a receipt names; see rally.receipts.changes.

    Attributes:
        first: Number of the first receipt that may name it.
        sha256: SHA-256 of its bytes, in hex.
        size: Size in bytes.
    """

    first: int
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Verification:
    """A namespace was read again, and nothing was there that should have gone.

    Attributes:
        time: Time at which it was done, microseconds.
        files: Number of files that were read.
        rows: Number of rows that were read.
        list: Counter of the withdrawal list that it was held against.
        result: Result of the verification.
    """

    time: int
    files: int
    rows: int
    list: int
    result: Result = Result.CLEAN


@dataclass(frozen=True, slots=True)
class Expunged:
    """Rows or field that an order to expunge took out.

    Attributes:
        decision: Number of the order in the chain of decisions.
        document: Name of the document.
        field: Path of the field in the schema; None: whole rows.
        first: First submission date, UTC.
        last: Last submission date.
    """

    decision: int
    document: str
    field: str | None
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Section:
    """Section on the person's rows of one namespace.

    Attributes:
        namespace: Namespace of a study, or of the platform.
        outcome: Outcome for the rows.
        until: End of what is deferred, the day by which the study should be concluded
            (its `analysis_until`); None is until it is concluded.
        files: Number of files that lost rows of the request, or a field for an order.
        rows: Number of these rows.
        verified: The verification; None where that has not been done.
    """

    namespace: str
    outcome: SectionOutcome
    until: date | None = None
    files: int = 0
    rows: int = 0
    verified: Verification | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """One receipt. No id and no pseudonym stands anywhere in it.

    Attributes:
        number: Number of the receipt, counted from 1 without gaps.
        request: Random id of the request, or id of the order to expunge, 32
            hexadecimal digits.
        scope: A namespace, or RALLY.
        received: Time at which the person first said so, or the order was approved,
            microseconds.
        written: Time at which the receipt was made, microseconds.
        stages: Time at which each was reached, microseconds.
        sections: A section for each namespace that the request covered.
        old_copies_until: The last day on which the bucket keeps soft-deleted copies of
            what was deleted; None where it keeps none.
        plan: Id of the deletion plan; "" where there was nothing to plan.
        list: Counter of the withdrawal list of then, which is the least that any later
            one has.
        reason: Reason for which there is a receipt.
        previous: SHA-256 of the bytes of the receipt before, in hex; FIRST of none.
        signature: Signature of deletion (Tink, Ed25519) over all else, in hex; "" until
            it is sealed.
        expunged: Rows or field that went by an order; None for a person's request.
        changes: The changes of files behind the sums of the sections; None if no file
            was changed.
    """

    number: int
    request: str
    scope: str
    received: int
    written: int
    stages: Mapping[Stage, int]
    sections: tuple[Section, ...]
    old_copies_until: date | None
    plan: str
    list: int
    reason: ReceiptReason
    previous: str
    signature: str = ""
    expunged: Expunged | None = None
    changes: NamedChanges | None = None

    @property
    def occasion(self) -> tuple[str, ReceiptReason, str]:
        """What there is one receipt of: request, reason and plan."""
        return self.request, self.reason, self.plan


def receipt_name(number: int) -> str:
    """The object of a receipt: their names sort as their numbers do."""
    return f"{FOLDER}{number:012}.json"


def number_in(name: str) -> int:
    """The number of the receipt in an object's name; 0 where it is no receipt's."""
    match = _NAME.fullmatch(name)
    return int(match[1]) if match else 0
