"""What a review limits beside its days: who may read the data, and how long it stays.

Both are signed with the review. A study.yaml that gives more than was signed is not
covered, and a renewal that asks for more than what it renews is a request of its own.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from rally.decisions.contents import CoveredSchema
from rally.registry.review_files import recipients_of
from rally.registry.reviews import Recipient, Request, Review
from rally.registry.schema_diff import compare
from rally.registry.study import Document, PayloadSchema, Study

_ASK = "ask by a first request"


class Retention(NamedTuple):
    """How long rows stay.

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


class ApprovedSchema(NamedTuple):
    """A schema for which a review counts, and how long its rows stay by that."""

    schema: PayloadSchema
    retention: Retention


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
    known = {(it.group, it.agreement): it.until for it in request.recipients}
    for each in recipients_of(study):
        until = known.get((each.group, each.agreement))
        if until is None:
            yield f"does not name {_name(each)} as a recipient"
        elif each.until > until:
            yield f"lets {_name(each)} read until {until}, and not until {each.until}"
    retention = Retention(document.delete_after_days, study.analysis_until)
    signed = signed_retention(covered, request)
    if retention.exceeds(signed):
        yield f"lets rows stay {signed}, and not {retention}"


def find_beyond_renewed(
    schema: PayloadSchema,
    covered: CoveredSchema,
    review: Review,
    renewed: Review | None,
    approved: Sequence[ApprovedSchema],
) -> Iterator[str]:
    """Finds what a renewal has more than the review that it renews.

    A first request has nothing more than it has.

    Args:
        schema: Schema of a document that the renewal covers.
        covered: Entry of the renewal for it.
        review: Record of the renewal.
        renewed: Record of what it renews; None where none is here.
        approved: Schemas of the document for which that counts.

    Yields:
        One line each.
    """
    if review.request.renews is None:
        return
    what = f"renews {review.request.renews}"
    if renewed is None or not approved:
        yield f"{what}, which does not count for {covered.document}; {_ASK}"
        return
    additions = min((_additions(it.schema, schema) for it in approved), key=len)
    if additions:
        yield f"{what} and {additions[0]}, which that does not cover; {_ASK}"
    known = {(it.group, it.agreement) for it in renewed.request.recipients}
    for each in review.request.recipients:
        if (each.group, each.agreement) not in known:
            yield f"{what}, which does not name {_name(each)} as a recipient; {_ASK}"
    retention = signed_retention(covered, review.request)
    if all(retention.exceeds(it.retention) for it in approved):
        longest = approved[0].retention
        yield f"{what}, which lets rows stay {longest}, and not {retention}; {_ASK}"


def _additions(old: PayloadSchema, new: PayloadSchema) -> Sequence[str]:
    """Says what a schema has more than another, by path and kind alone."""
    if old.fingerprint == new.fingerprint:
        return ()
    return [f"{each.kind} {each.path}" for each in compare(old, new).additions]


def _name(recipient: Recipient) -> str:
    return f"{recipient.group} ({recipient.agreement})"
