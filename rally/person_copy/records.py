"""Records of a person's own copy: what is stored of them, and what becomes of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from rally.consent.index import StudyConsent
from rally.events import EventKind
from rally.inventory.records import StudyEntry
from rally.receipts.receipt import Receipt
from rally.registry.study import Document
from rally.withdrawal.fold import Verdict
from rally.withdrawal.withdrawal_list import Withdrawal

OTHER = "other"
"""Stands for a document that the registry does not know."""

YOUR_ID = "(your id)"
"""Stands in texts of rows in place of the pseudonym."""


class Deletion(StrEnum):
    """Whether a row is due to be deleted since its person left.

    DUE: deletion takes it out; a row that came after its person left, too.
    AT_CONCLUSION: it goes when the study is concluded.
    UNDECIDED: its person gets their copy first, or somebody looks at the request.
    """

    DUE = "due"
    AT_CONCLUSION = "at the study's conclusion"
    UNDECIDED = "undecided"


DELETIONS = {
    Verdict.WITHDRAWN: Deletion.DUE,
    Verdict.UNENROLLED: Deletion.DUE,
    Verdict.DEFERRED: Deletion.AT_CONCLUSION,
    Verdict.HELD: Deletion.UNDECIDED,
    Verdict.KEPT: None,
}
"""What each verdict of the fold means for a person."""


class RowCopy(NamedTuple):
    """One row.

    Attributes:
        sent: Message as the client sent it, parsed JSON, less the person's id.
        document_id: Id of the message.
        sent_at: Submission timestamp, UTC.
        client_agent: User agent of the client, where it was stored.
        source_tags: Tags of the client, likewise.
        fingerprint: Fingerprint of the message's schema; "" where none is known.
        deletion: Whether it is due to be deleted since its person left.
        kept_through: Last day on which it is kept by its age; None where no age ends
            it.
    """

    sent: Any
    document_id: str
    sent_at: datetime
    client_agent: str | None
    source_tags: str | None
    fingerprint: str
    deletion: Deletion | None
    kept_through: date | None


@dataclass(frozen=True, slots=True)
class DocumentCopy:
    """The person's rows of one document.

    Attributes:
        name: Name of the document; OTHER where the registry knows none.
        document: The registry's record; None where it knows none.
        rows: Rows in the order of their times; at least one.
    """

    name: str
    document: Document | None
    rows: tuple[RowCopy, ...]

    @property
    def first(self) -> datetime:
        """Time of the first row, UTC."""
        return self.rows[0].sent_at

    @property
    def last(self) -> datetime:
        """Time of the last row, UTC."""
        return self.rows[-1].sent_at

    @property
    def next_end(self) -> date | None:
        """The day after which the first row goes by its age; None where none does."""
        ends = (each.kept_through for each in self.rows if each.kept_through)
        return min(ends, default=None)

    def count_deletions(self, deletion: Deletion) -> int:
        """Counts rows that are due to be deleted in a way."""
        return sum(each.deletion is deletion for each in self.rows)


class Act(NamedTuple):
    """A time at which the person joined or left.

    Attributes:
        at: Submission timestamp, UTC.
        kind: Joined or left.
        scope: A namespace, or `rally` for Rally as a whole.
        signal: Document that said it, `<namespace>/<type>.<version>`; or `mail`.
    """

    at: datetime
    kind: EventKind
    scope: str
    signal: str


class PersonRecords(NamedTuple):
    """What the platform's own records say of the person.

    Attributes:
        acts: Times at which the person joined or left, in their order.
        requests: Requests to leave that the platform knows of, in their order.
        receipts: Receipts of these requests, in the order of their numbers.
        consents: Consents, by study, purpose and field.
    """

    acts: tuple[Act, ...] = ()
    requests: tuple[Withdrawal, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    consents: tuple[StudyConsent, ...] = ()


@dataclass(frozen=True, slots=True)
class StudyCopy:
    """One study, or the platform's own namespace, as far as it is the person's.

    Attributes:
        entry: What the inventory says of the study.
        is_concluded: Whether its key is destroyed, and all of its data is nobody's.
        documents: Documents of which the person has rows, sorted by name.
    """

    entry: StudyEntry
    is_concluded: bool
    documents: tuple[DocumentCopy, ...]

    @property
    def namespace(self) -> str:
        """Namespace of the study."""
        return self.entry.study.namespace

    @property
    def rows(self) -> int:
        """Number of rows of the person."""
        return sum(len(each.rows) for each in self.documents)


@dataclass(frozen=True, slots=True)
class PersonCopy:
    """All that is held of one person; it names nobody, the person neither.

    Attributes:
        case: Id of the case by which it was asked for.
        at: Time for which it is true, UTC.
        version: Version of this software.
        studies: Studies of which the person has rows, or which they joined or left,
            sorted by namespace.
        closed: Namespaces of studies that cannot be read at this time.
        records: What the platform's own records say.
    """

    case: str
    at: datetime
    version: str
    studies: tuple[StudyCopy, ...]
    closed: tuple[str, ...]
    records: PersonRecords

    @property
    def rows(self) -> int:
        """Number of all rows."""
        return sum(each.rows for each in self.studies)

    def all_documents(self) -> Iterator[tuple[StudyCopy, DocumentCopy]]:
        """Yields each document with its study."""
        for study in self.studies:
            for document in study.documents:
                yield study, document
