"""What people signed of reviews, read once out of the chain of decisions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from rally.decisions.contents import (
    CoveredSchema,
    DecisionKind,
    ReviewDecision,
    ReviewImport,
    ReviewResult,
    ReviewSignature,
    Role,
    Suspension,
)
from rally.decisions.notice_contents import (
    ChangedSchema,
    NoticeKind,
    NoticePublication,
)
from rally.registry.intervals import BEGIN, END, Interval, union
from rally.registry.reviews import Review
from rally.times import midnight

if TYPE_CHECKING:
    from rally.decisions.chain import Chain
    from rally.decisions.entry import Entry

_RESTRICTIONS = (
    DecisionKind.WITHDRAW_REVIEW,
    DecisionKind.SUSPEND,
    DecisionKind.RELEASE,
)
_KINDS = (
    DecisionKind.SIGN_REVIEW,
    DecisionKind.IMPORT_REVIEW,
    DecisionKind.CONFIRM_REVIEW,
    DecisionKind.PUBLISH_NOTICE,
    *_RESTRICTIONS,
)


class Answer(NamedTuple):
    """One person's answer for one area of a review, or for all areas.

    Attributes:
        area: Area; None of a registrar, who attests all of them.
        by: Name of who signed.
        at: Time at which it was signed, UTC.
        approves: Whether it is a "+".
        request: Digest of the request that was signed.
        covers: Schemas and days that were signed.
    """

    area: Role | None
    by: str
    at: datetime
    approves: bool
    request: str
    covers: Sequence[CoveredSchema]


class Confirmation(NamedTuple):
    """Somebody's word that what a review approved is still needed.

    Attributes:
        by: Name of who signed.
        at: Time at which it was signed, UTC.
    """

    by: str
    at: datetime


@dataclass(slots=True)
class ReviewEvidence:
    """Signatures on one review.

    Attributes:
        answers: Answers, in the order of the chain.
        confirmations: Confirmations, of its owner or of others.
        withdrawn: Time at which it was withdrawn.
    """

    answers: list[Answer] = field(default_factory=list)
    confirmations: list[Confirmation] = field(default_factory=list)
    withdrawn: datetime | None = None


class Evidence:
    """Signatures on all reviews of a platform.

    Attributes:
        founded: Time at which the platform was founded: what was sent before could be
            approved elsewhere alone. None where signatures are not checked.
    """

    def __init__(self, founded: datetime | None) -> None:
        """Begins with nothing."""
        self.founded = founded
        self._reviews: dict[tuple[str, str], ReviewEvidence] = defaultdict(
            ReviewEvidence
        )
        self._suspended: dict[tuple[str, str], list[Interval]] = defaultdict(list)
        self._told: dict[tuple[str, str, str], datetime] = {}

    def of(self, namespace: str, review: str) -> ReviewEvidence:
        """Gives what is signed of a review."""
        return self._reviews[namespace, review]

    def told(self, namespace: str, document: str, fingerprint: str) -> datetime | None:
        """Gives the time from which participants know of a schema; None: never."""
        return self._told.get((namespace, document, fingerprint))

    def tell(self, namespace: str, changed: ChangedSchema, at: datetime) -> None:
        """Takes note that participants know of a schema from a time on."""
        key = namespace, changed.document, changed.fingerprint
        self._told[key] = min(self._told.get(key, at), at)

    def suspensions(self, namespace: str, document: str) -> tuple[Interval, ...]:
        """Gives the times for which a document is suspended."""
        return union(self._suspended.get((namespace, document), ()))

    def suspend(self, namespace: str, document: str, since: datetime) -> None:
        """Suspends a document from a time on."""
        self._suspended[namespace, document].append(Interval(since, END))

    def release(self, namespace: str, document: str, at: datetime) -> None:
        """Ends what suspends a document."""
        key = namespace, document
        self._suspended[key] = [
            Interval(each.start, min(each.end, at)) for each in self._suspended[key]
        ]


def restrictions_in(chain: "Chain") -> list["Entry"]:
    """Gives the entries that close what was open, or open it again."""
    return [
        entry
        for entry in chain.of(DecisionKind.SIGN_REVIEW, *_RESTRICTIONS)
        if not _approves(entry)
    ]


def _approves(entry: "Entry") -> bool:
    content = entry.content
    return (
        isinstance(content, ReviewSignature) and content.result is ReviewResult.APPROVE
    )


def _closes(entry: "Entry") -> bool:
    if entry.kind is DecisionKind.SIGN_REVIEW:
        return not _approves(entry)
    return entry.kind in (DecisionKind.WITHDRAW_REVIEW, DecisionKind.SUSPEND)


def read_evidence(chain: "Chain", remembered: Iterable["Entry"] = ()) -> Evidence:
    """Reads what a chain has of reviews and suspensions.

    A decision counts from when it is signed. Its number says what was signed before:
    who opens something and gives an earlier time than an older entry is not believed.
    What closes something does so from its own time on: the clock of whoever signed
    before, which may run ahead, keeps nothing open.

    Args:
        chain: Chain of decisions.
        remembered: Entries of `restrictions_in`, which may be lost since.
    """
    times = _believed_times(chain)
    found = Evidence(times[1])
    # Where one was lost, the next decision may have its number.
    entries = dict.fromkeys((*remembered, *chain.of(*_KINDS)))
    for entry in sorted(entries, key=attrgetter("number")):
        content, at = entry.content, entry.when
        if not _closes(entry):
            at = max(at, times.get(entry.number, at))
        match content:
            case ReviewSignature():
                approves = content.result is ReviewResult.APPROVE
                found.of(content.namespace, content.review).answers.append(
                    Answer(
                        content.area,
                        entry.by,
                        at,
                        approves,
                        content.request,
                        content.covers,
                    )
                )
            case ReviewImport():
                found.of(content.namespace, content.review).answers.append(
                    Answer(None, entry.by, at, True, content.request, content.covers)
                )
            case ReviewDecision():
                review = found.of(content.namespace, content.review)
                if entry.kind is DecisionKind.CONFIRM_REVIEW:
                    review.confirmations.append(Confirmation(entry.by, at))
                else:
                    review.withdrawn = min(review.withdrawn or at, at)
            case NoticePublication(kind=NoticeKind.CHANGED):
                for changed in content.changes:
                    when = max(at, midnight(content.on))
                    found.tell(content.namespace, changed, when)
            case Suspension(namespace=namespace, document=document):
                if entry.kind is DecisionKind.SUSPEND:
                    found.suspend(namespace, document, at)
                else:
                    found.release(namespace, document, at)
    return found


def recorded_evidence(reviews: Mapping[tuple[str, str], Review]) -> Evidence:
    """Takes the records at their word, where there is no chain to look into.

    Args:
        reviews: Reviews by namespace and id.
    """
    found = Evidence(None)
    for (namespace, name), review in reviews.items():
        found.of(namespace, name).answers += [
            Answer(
                area,
                answer.by,
                midnight(answer.on),
                answer.result is ReviewResult.APPROVE,
                review.digest,
                review.covers,
            )
            for area, answer in review.answers.items()
        ]
    return found


def _believed_times(chain: "Chain") -> dict[int, datetime]:
    """Gives the time of each entry, which is none before those of older entries.

    What is void decides nothing, its time neither.
    """
    found, latest = dict[int, datetime](), BEGIN
    for record in chain.records:
        if record.entry is not None and not record.why:
            latest = max(latest, record.entry.when)
        found[record.number] = latest
    return found
