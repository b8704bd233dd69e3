"""Signed reviews of registries that tests made, so that what they name is collected."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from rally.decisions.contents import DecisionKind, ReviewDecision
from rally.decisions.signers import DEVELOPMENT
from rally.decisions.writing import decide
from rally.initialisation.development_reviews import (
    REGISTRAR,
    import_reviews,
    write_reviews,
)
from rally.registry.registry import Registry
from rally.registry.review_judging import CONFIRMED_FOR
from rally.registry.reviews import Review
from rally.storage.objectstore.interface import ObjectStore
from rally.times import midnight
from tests.support.people import signer

__all__ = ["sign_reviews", "write_reviews"]

_MOST_CONFIRMATIONS = 1


def sign_reviews(
    platform: ObjectStore, registry: Registry, *, confirms: bool = True
) -> None:
    """Attests all reviews before their first days, and confirms them year by year.

    A review is confirmed by its owner, if that is somebody of the platform.

    Args:
        platform: its store, which is founded.
        registry: of the studies.
        confirms: whether they are confirmed: nothing that is decided later is
            believed to be older than the last confirmation.
    """
    registrar, publisher = signer(REGISTRAR), signer("decide")
    reviews = [*import_reviews(platform, registry, registrar, _day_before, publisher)]
    if not (reviews and confirms):
        return
    confirmations = sorted(
        (at, study.namespace, review.id, review.request.owner)
        for study in registry.studies.values()
        for review in study.reviews
        if review.request.owner in DEVELOPMENT
        for at in _confirmation_times(review)
    )
    for at, namespace, review, owner in confirmations:
        decision = ReviewDecision(namespace, review, "still needed")
        decide(platform, signer(owner), DecisionKind.CONFIRM_REVIEW, decision, at)


def _day_before(review: Review) -> datetime:
    first = min(each.first for each in review.covers)
    return midnight(first) - timedelta(days=1)


def _confirmation_times(review: Review) -> Iterator[datetime]:
    last = max(each.last or date.max for each in review.covers)
    at = _day_before(review)
    for _ in range(_MOST_CONFIRMATIONS):
        at += CONFIRMED_FOR - timedelta(days=1)
        if at.date() > last:
            return
        yield at
