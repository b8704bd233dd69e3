"""What participants have to be told before it is collected.

A revision of a document that is no incremental change to what was collected before is
collected from the day on which participants were told of it: a notice of kind `changed`
that names its schema, published and signed for.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from rally.registry.intervals import BEGIN, END, Interval, complement, intersection
from rally.registry.review_evidence import Evidence
from rally.registry.review_judging import ReviewJudgement
from rally.registry.schema_diff import compare
from rally.registry.study import Document, PayloadSchema

Windows = Mapping[str, Sequence[Interval]]
"""Times for which each schema of a document is approved, by its fingerprint."""

Changes = Mapping[str, datetime | None]
"""Times at which participants were told of schemas, by fingerprint; None: never."""


def find_changes(
    namespace: str, document: Document, approved: Windows, evidence: Evidence
) -> Changes:
    """Finds the schemas that add to what was collected before.

    A schema that nobody approved, or that waits for its own notice, was not collected.

    Args:
        namespace: Namespace of the study.
        document: Document.
        approved: Times for which its schemas are approved by signatures alone.
        evidence: Evidence, with the notices.
    """
    found = dict[str, datetime | None]()
    collected = dict[str, Sequence[Interval]]()
    for schema in reversed(document.revisions):
        name = schema.fingerprint
        own = approved.get(name, ())
        before = find_before(document, schema, {**collected, name: own}, evidence)
        if before and not compare(before, schema).is_incremental:
            found[name] = evidence.told(namespace, document.name, name)
            own = intersection(own, _known(found[name], evidence.founded))
        collected[name] = own
    return found


def find_before(
    document: Document, schema: PayloadSchema, windows: Windows, evidence: Evidence
) -> PayloadSchema | None:
    """Finds the newest older schema that was collected before another one could be.

    Days that a record declares say nothing here: signatures may come months later.

    Args:
        document: Document.
        schema: Schema of it.
        windows: Times of this schema and of the older ones.
        evidence: Evidence. What was sent before the platform was founded nobody was
            told of here, and so a schema begins no earlier.
    """
    own = windows.get(schema.fingerprint, ())
    here = intersection(own, [Interval(evidence.founded or BEGIN, END)])
    since = here[0].start if here else END
    others = complement(own)
    for each in document.revisions[document.revisions.index(schema) + 1 :]:
        alone = intersection(windows.get(each.fingerprint, ()), others)
        if alone and alone[0].start < since:
            return each
    return None


def limit_to_told(
    judgement: ReviewJudgement, told: datetime | None, founded: datetime | None
) -> ReviewJudgement:
    """Takes from what a review is worth the days before participants were told.

    What was sent before the platform was founded nobody can tell here any more.

    Args:
        judgement: Worth of the review for a schema that is a change.
        told: Time at which participants were told of it; None: never.
        founded: Time at which the platform was founded.
    """
    windows = intersection(judgement.windows, _known(told, founded))
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


def _known(told: datetime | None, founded: datetime | None) -> Iterable[Interval]:
    """Gives the times for which nobody has to be told any more."""
    before = [Interval(BEGIN, founded)] if founded else []
    return [*before, *([Interval(told, END)] if told else [])]
