"""Judges all reviews of a document, each after the one that it renews."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from rally.decisions.contents import CoveredSchema
from rally.registry.review_evidence import Evidence
from rally.registry.review_judging import ReviewJudgement, judge_review
from rally.registry.review_limits import (
    ApprovedSchema,
    find_beyond_renewed,
    signed_retention,
)
from rally.registry.reviews import Review
from rally.registry.study import Document, PayloadSchema, Study


class JudgedSchema(NamedTuple):
    """What a review is worth for one schema of a document.

    Attributes:
        schema: Schema.
        covered: Entry of the review for it.
        judgement: Judgement.
    """

    schema: PayloadSchema
    covered: CoveredSchema
    judgement: ReviewJudgement


def judge_reviews(
    study: Study, document: Document, evidence: Evidence
) -> Mapping[str, Sequence[JudgedSchema]]:
    """Judges the reviews of a study for the schemas of a document that they cover.

    Args:
        study: Study, with its reviews.
        document: Document of the study.
        evidence: What is signed of all reviews.

    Returns:
        The schemas that each review covers, by the review's id.
    """
    reviews = {each.id: each for each in study.reviews}
    found = dict[str, list[JudgedSchema]]()
    for review in _after_renewed(study.reviews):
        renewed = reviews.get(review.request.renews or "")
        approved = [
            ApprovedSchema(it.schema, signed_retention(it.covered, renewed.request))
            for it in (found.get(renewed.id, ()) if renewed else ())
            if renewed and it.judgement.counts
        ]
        signed = evidence.of(study.namespace, review.id)
        found[review.id] = []
        for schema, covered in _covered(document, review):
            beyond = find_beyond_renewed(schema, covered, review, renewed, approved)
            founded = evidence.founded
            judgement = judge_review(
                study, document, schema, covered, review, signed, founded, beyond
            )
            found[review.id].append(JudgedSchema(schema, covered, judgement))
    return found


def _covered(
    document: Document, review: Review
) -> Iterator[tuple[PayloadSchema, CoveredSchema]]:
    """Yields the schemas of a document that a review covers and that are here."""
    schemas = {each.fingerprint: each for each in document.revisions}
    for covered in review.covers:
        if covered.document == document.name and covered.fingerprint in schemas:
            yield schemas[covered.fingerprint], covered


def _after_renewed(reviews: Iterable[Review]) -> Iterator[Review]:
    """Yields reviews so that each comes after the one that it renews."""
    left = {each.id: each for each in reviews}
    while left:
        ready = [it for it in left.values() if it.request.renews not in left]
        for each in ready or [*left.values()]:  # a circle is a fault of the folder
            yield left.pop(each.id)
