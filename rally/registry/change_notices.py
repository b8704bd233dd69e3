"""What participants have to be told before it is collected.

A revision of a document that is no incremental change to what was collected before is
collected from the day on which participants were told of it: a notice of kind `changed`
about a review that covers it, published and signed for.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from rally.decisions.contents import CoveredSchema
from rally.registry.intervals import BEGIN, END, Interval, intersection
from rally.registry.review_evidence import Evidence
from rally.registry.review_judging import ReviewJudgement
from rally.registry.reviews import Review
from rally.registry.schema_diff import compare
from rally.registry.study import Document, PayloadSchema, Study


def limit_to_told(
    judgement: ReviewJudgement,
    study: Study,
    document: Document,
    schema: PayloadSchema,
    covered: CoveredSchema,
    evidence: Evidence,
) -> ReviewJudgement:
    """Takes from what a review is worth the days before participants were told.

    What was sent before the platform was founded nobody can tell here any more.

    Args:
        judgement: Worth of the review for the schema.
        study: Study, with its reviews.
        document: Document.
        schema: Schema of the document.
        covered: Entry of the review for it.
        evidence: Evidence; where signatures are not checked nothing is taken.
    """
    if evidence.founded is None or not is_change(study, document, schema, covered):
        return judgement
    told = _told(study, covered, evidence)
    known = [Interval(BEGIN, evidence.founded)]
    known += [Interval(told, END)] if told else []
    windows = intersection(judgement.windows, known)
    if windows == tuple(judgement.windows):
        return judgement
    fault = (
        "adds to what was collected before, and participants were not told: publish"
        " what `rally studies notice --kind=changed` prints, and record it"
    )
    if told:
        fault = f"participants were told of the change on {told:%Y-%m-%d}"
    faults = (*judgement.faults, fault)
    counts = judgement.counts and bool(windows)
    return replace(judgement, windows=windows, faults=faults, counts=counts)


def is_change(
    study: Study, document: Document, schema: PayloadSchema, covered: CoveredSchema
) -> bool:
    """Tells whether a review covers more than an increment of what was collected.

    Args:
        study: Study, with its reviews.
        document: Document.
        schema: Schema of the document.
        covered: Entry of the review for it.
    """
    revisions = document.revisions
    older = revisions[revisions.index(schema) + 1 :] if len(revisions) > 1 else ()
    for each in older:
        before = _entries(study, document.name, each.fingerprint)
        if any(entry.first < covered.first for _, entry in before):
            return not compare(each, schema).is_incremental
    return False


def announces_change(study: Study, review: Review) -> bool:
    """Tells whether participants have to be told of something that a review covers."""
    for covered in review.covers:
        document = study.documents.get(covered.document)
        for schema in document.revisions if document else ():
            is_covered = schema.fingerprint == covered.fingerprint
            if document and is_covered and is_change(study, document, schema, covered):
                return True
    return False


def _told(study: Study, covered: CoveredSchema, evidence: Evidence) -> datetime | None:
    """Gives when participants were told of a schema, by whichever review covers it."""
    reviews = _entries(study, covered.document, covered.fingerprint)
    told = (evidence.of(study.namespace, review.id).told for review, _ in reviews)
    return min((each for each in told if each), default=None)


def _entries(
    study: Study, document: str, fingerprint: str
) -> Iterator[tuple[Review, CoveredSchema]]:
    for review in study.reviews:
        for entry in review.covers:
            if (entry.document, entry.fingerprint) == (document, fingerprint):
                yield review, entry
