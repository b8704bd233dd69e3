"""What a review limits beside its days: who may read the data, and how long it stays.

Both are signed with the review. A study.yaml that gives more than was signed is not
covered, and a renewal that asks for more than what it renews is a request of its own.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple, Protocol, TypeVar

from rally.decisions.contents import CoveredSchema
from rally.registry.reviews import Recipient, Request, Review
from rally.registry.schema_diff import compare
from rally.registry.study import Access, Document, PayloadSchema, Study

_ASK = "ask by a first request"
_RENEW = "ask for a renewal"


class Retention(NamedTuple):
    """Time for which rows stay.

    Attributes:
        days: Age in days at which they go; None where they have none.
        until: Day by which the study is concluded; None where none is promised.
    """

    days: int | None
    until: date | None

    def __str__(self) -> str:
        """`180 days`, or `until the study is concluded, by 2028-03-31`."""
        if self.days is not None:
            return f"{self.days:,} days"
        by = f", by {self.until}" if self.until else ""
        return f"until the study is concluded{by}"

    def exceeds(self, other: "Retention") -> bool:
        """Tells whether rows stay longer than the other one lets them."""
        if other.days is not None:
            return self.days is None or self.days > other.days
        return other.until is not None and (
            self.until is None or self.until > other.until
        )


class ApprovedSchema(Protocol):
    """A schema for which a review counts, and its entry there."""

    @property
    def schema(self) -> PayloadSchema:
        """The schema."""

    @property
    def covered(self) -> CoveredSchema:
        """The entry of the review."""


S = TypeVar("S", bound=ApprovedSchema)


def signed_retention(covered: CoveredSchema, request: Request) -> Retention:
    """Gives how long a review lets rows of a schema stay."""
    return Retention(covered.retention_days, request.analysis_until)


def find_unapproved(
    study: Study, document: Document, covered: CoveredSchema, request: Request
) -> Iterator[str]:
    """Finds what a study.yaml says beyond a review: readers, and days that rows stay.

    Yields:
        One line each.
    """
    yield from find_unnamed(study.access, request)
    retention = Retention(document.delete_after_days, study.analysis_until)
    signed = signed_retention(covered, request)
    if retention.exceeds(signed):
        yield f"lets rows stay {signed}, and not {retention}"


def find_unnamed(access: Iterable[Access], request: Request) -> Iterator[str]:
    """Finds readers of a study whom a review does not name, or not for so long."""
    known = {(it.group, it.agreement): it.until for it in request.recipients}
    for each in access:
        until = known.get((each.group, each.agreement))
        if until is None:
            yield f"does not name {_name(each)} as a recipient"
        elif each.until > until:
            yield f"lets {_name(each)} read until {until}, and not until {each.until}"


def find_beyond(
    schema: PayloadSchema,
    covered: CoveredSchema,
    review: Review,
    former: Review | None,
    approved: Sequence[ApprovedSchema],
) -> Iterator[str]:
    """Finds what a review has more than the one that it renews, or is incremental to.

    A first request has nothing more than it has.

    Args:
        schema: Schema of a document that the review covers.
        covered: Entry of the review for it.
        review: Record of the review.
        former: Record of what it rests on; None where none is here.
        approved: Schemas of the document for which that counts.

    Yields:
        One line each.
    """
    if review.rests_on is None:
        return
    verb = "is incremental to" if review.incremental else "renews"
    what = f"{verb} {review.rests_on}"
    if former is None or not approved:
        yield f"{what}, which does not count for {covered.document}; {_ASK}"
        return
    fitting = find_fitting(schema, approved)
    if not fitting:
        added = min((_additions(it.schema, schema) for it in approved), key=len)[0]
        yield f"{what} and {added}, which that does not cover; {_ASK}"
    for each in _find_more(covered, review, former, fitting or approved):
        yield f"{what}, which {each}"


def find_fitting(schema: PayloadSchema, approved: Iterable[S]) -> list[S]:
    """Finds the approved schemas to which a schema adds nothing."""
    return [it for it in approved if not _additions(it.schema, schema)]


def _find_more(
    covered: CoveredSchema,
    review: Review,
    former: Review,
    approved: Sequence[ApprovedSchema],
) -> Iterator[str]:
    """Finds exemptions, readers and days that a review has more.

    A renewal's readers may read longer.
    """
    for rule in sorted(review.exempt - former.exempt):
        yield f"does not say why {rule} does not apply; {_ASK}"
    known = {(it.group, it.agreement): it.until for it in former.request.recipients}
    for each in review.request.recipients:
        until = known.get((each.group, each.agreement))
        if until is None:
            yield f"does not name {_name(each)} as a recipient; {_ASK}"
        elif review.incremental and each.until > until:
            more = f"and not until {each.until}"
            yield f"lets {_name(each)} read until {until}, {more}; {_RENEW}"
    signed = [signed_retention(it.covered, former.request) for it in approved]
    retention = signed_retention(covered, review.request)
    if all(retention.exceeds(each) for each in signed):
        yield f"lets rows stay {signed[0]}, and not {retention}; {_ASK}"
    if review.incremental is None:
        return
    last = max(it.covered.last or date.max for it in approved)
    if (covered.last or date.max) > last:
        yield f"ends on {last}; {_RENEW}"
    if review.request.owner != former.request.owner:
        yield f"is owned by {former.request.owner}; name the same owner"


def _additions(old: PayloadSchema, new: PayloadSchema) -> Sequence[str]:
    """Says what a schema has more than another, by path and kind alone."""
    if old.fingerprint == new.fingerprint:
        return ()
    return [f"{each.kind} {each.path}" for each in compare(old, new).additions]


def _name(recipient: Access | Recipient) -> str:
    return f"{recipient.group} ({recipient.agreement})"
