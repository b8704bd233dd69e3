"""Words on a review: what it adds to what is approved, and what is signed of it."""

from collections.abc import Iterator

from rally.decisions.contents import CoveredSchema
from rally.registry.approvals import Approvals, SchemaApproval
from rally.registry.review_limits import signed_retention
from rally.registry.reviews import Review
from rally.registry.schema_diff import compare
from rally.registry.study import Document, PayloadSchema, Study
from rally.times import moment


def describe_review(
    study: Study, review: Review, approvals: Approvals
) -> Iterator[str]:
    """Says what a review adds to what is approved, and what is signed of it."""
    for each in review.request.recipients:
        yield f"read by {each.group} ({each.agreement}) until {each.until}"
    if review.public:
        yield f"public at {review.public.where} from {review.public.on} on"
    for document, covered, approval in _covered(study, review, approvals):
        before = _approved_before(document, approval.schema, approvals)
        if before is None:
            count = len(approval.schema.fields)
            yield f"{document.name} is new: {count} fields"
        else:
            for change in compare(before, approval.schema).changes:
                what = " -> ".join(each for each in (change.was, change.now) if each)
                yield f"{document.name} {change.kind} {change.path}: {what}"
        yield f"{document.name}: category {approval.category}"
        retention = signed_retention(covered, review.request)
        yield f"{document.name}: rows stay {retention}"
        if day := covered.report_until:
            yield f"{document.name}: what is undeclared is counted through {day}"
    yield say_what_is_missing(study, review, approvals)


def say_what_is_missing(study: Study, review: Review, approvals: Approvals) -> str:
    """Says what keeps a review from counting: areas that have not signed, and more."""
    faults = [
        fault.partition(": ")[2]
        for _, _, approval in _covered(study, review, approvals)
        for fault in approval.faults
        if fault.startswith(f"review {review.id}: ")
    ]
    if faults:
        return "; ".join(dict.fromkeys(faults)) + "."
    windows = [
        window
        for _, _, approval in _covered(study, review, approvals)
        for window in approval.windows
    ]
    if not windows:
        return "It covers no day any more."
    first = min(each.start for each in windows)
    return f"It counts from {moment(first)} on."


def _covered(
    study: Study, review: Review, approvals: Approvals
) -> Iterator[tuple[Document, CoveredSchema, SchemaApproval]]:
    for covered in review.covers:
        document = study.documents.get(covered.document)
        for approval in approvals.of(document) if document else ():
            if document and approval.schema.fingerprint == covered.fingerprint:
                yield document, covered, approval


def _approved_before(
    document: Document, schema: PayloadSchema, approvals: Approvals
) -> PayloadSchema | None:
    """Finds the newest schema of a document that counted and is another one."""
    return next(
        (
            each.schema
            for each in approvals.of(document)
            if each.schema is not schema and each.windows
        ),
        None,
    )
