"""Judges all reviews of a document, each after the one that it rests on."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from rally.decisions.contents import CoveredSchema
from rally.registry.change_notices import (
    Changes,
    Windows,
    find_before,
    find_changes,
    limit_to_told,
)
from rally.registry.intervals import END, Interval, union
from rally.registry.review_evidence import Evidence
from rally.registry.review_judging import Basis, ReviewJudgement, judge_review
from rally.registry.review_limits import find_beyond, find_fitting
from rally.registry.reviews import Review
from rally.registry.study import Document, PayloadSchema, Study


class JudgedSchema(NamedTuple):
    """Worth of a review for one schema of a document.

    Attributes:
        schema: Schema.
        covered: Entry of the review for it.
        judgement: Judgement.
        confirmed: Review that its owner confirms, for it to count: the review itself,
            or the one to which it is incremental.
    """

    schema: PayloadSchema
    covered: CoveredSchema
    judgement: ReviewJudgement
    confirmed: Review


def judge_reviews(
    study: Study, document: Document, evidence: Evidence
) -> Mapping[str, Sequence[JudgedSchema]]:
    """Judges the reviews of a study for the schemas of a document that they cover.

    Args:
        study: Study, with its reviews.
        document: Document of the study.
        evidence: Evidence of all reviews.

    Returns:
        The schemas that each review covers, by the review's id.
    """
    found = _judge(study, document, evidence, {})
    if evidence.founded is None:  # no signature is checked, and no notice
        return found
    changes = find_changes(study.namespace, document, _windows_of(found), evidence)
    return _judge(study, document, evidence, changes) if changes else found


def announces_change(study: Study, review: Review, evidence: Evidence) -> bool:
    """Tells whether participants have to be told of something that a review covers.

    Args:
        study: Study, with its reviews.
        review: One of them.
        evidence: Evidence of all reviews.
    """
    for name in sorted({each.document for each in review.covers}):
        document = study.documents.get(name)
        if document is None or len(document.revisions) == 1:
            continue
        approved = _windows_of(_judge(study, document, evidence, {}))
        changes = find_changes(study.namespace, document, approved, evidence)
        if any(it.fingerprint in changes for _, it in _covered(document, review)):
            return True
    return False


def find_collected_before(
    study: Study, document: Document, schema: PayloadSchema, evidence: Evidence
) -> PayloadSchema | None:
    """Finds the newest older schema that is approved for days before those of another.

    Args:
        study: Study, with its reviews.
        document: Document of the study.
        schema: Schema of the document.
        evidence: Evidence of all reviews.
    """
    approved = _windows_of(_judge(study, document, evidence, {}))
    return find_before(document, schema, approved, evidence)


def _windows_of(judged: Mapping[str, Sequence[JudgedSchema]]) -> Windows:
    """Gives the times for which any review counts for each schema."""
    found = defaultdict[str, list[Interval]](list)
    for each in chain.from_iterable(judged.values()):
        found[each.schema.fingerprint] += each.judgement.windows
    return {name: union(windows) for name, windows in found.items()}


def _judge(
    study: Study, document: Document, evidence: Evidence, changes: Changes
) -> Mapping[str, Sequence[JudgedSchema]]:
    """Judges the reviews, with the times of schemas that participants are told of."""
    reviews = {each.id: each for each in study.reviews}
    found = dict[str, list[JudgedSchema]]()
    for review in _after_former(study.reviews):
        former = reviews.get(review.rests_on or "")
        approved = [
            it
            for it in (found.get(former.id, ()) if former else ())
            if it.judgement.counts
        ]
        signed = evidence.of(study.namespace, review.id)
        found[review.id] = []
        for schema, covered in _covered(document, review):
            basis = _find_basis(schema, covered, review, former, approved)
            founded = evidence.founded
            judgement = judge_review(
                study, document, schema, covered, review, signed, founded, basis
            )
            if schema.fingerprint in changes:
                told = changes[schema.fingerprint]
                judgement = limit_to_told(judgement, told, founded)
            confirmed = review
            if review.incremental and approved:
                confirmed = approved[0].confirmed
            found[review.id].append(JudgedSchema(schema, covered, judgement, confirmed))
    return found


def _find_basis(
    schema: PayloadSchema,
    covered: CoveredSchema,
    review: Review,
    former: Review | None,
    approved: Sequence[JudgedSchema],
) -> Basis:
    """Finds what a review rests on, for one schema.

    Args:
        schema: Schema that the review covers.
        covered: Entry of the review for it.
        review: Record of the review.
        former: Record of the one that it renews, or is incremental to.
        approved: Schemas of the document for which that counts.
    """
    judged = [each.judgement for each in find_fitting(schema, approved)]
    return Basis(
        beyond=tuple(find_beyond(schema, covered, review, former, approved)),
        windows=union(window for each in judged for window in each.windows),
        lapses=union(lapse for each in judged for lapse in each.lapses),
        confirmed_until=max((each.confirmed_until for each in judged), default=END),
    )


def _covered(
    document: Document, review: Review
) -> Iterator[tuple[PayloadSchema, CoveredSchema]]:
    """Yields the schemas of a document that a review covers and that are here."""
    schemas = {each.fingerprint: each for each in document.revisions}
    for covered in review.covers:
        if covered.document == document.name and covered.fingerprint in schemas:
            yield schemas[covered.fingerprint], covered


def _after_former(reviews: Iterable[Review]) -> Iterator[Review]:
    """Yields reviews so that each comes after the one that it rests on."""
    left = {each.id: each for each in reviews}
    while left:
        ready = [it for it in left.values() if it.rests_on not in left]
        for each in ready or [*left.values()]:  # a circle is a fault of the folder
            yield left.pop(each.id)
