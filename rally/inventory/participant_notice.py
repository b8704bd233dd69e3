"""Words what participants of a study are told when it ends, or changes.

A text of plain lines, made of the very records by which data is taken, refused and
deleted. Whoever publishes it may add to it.
"""

from collections.abc import Iterator, Sequence
from datetime import date

from rally.decisions.contents import CoveredSchema
from rally.decisions.notice_contents import NoticeKind
from rally.errors import ConfigurationError
from rally.inventory.wording import say_day, title
from rally.registry.judged_reviews import find_collected_before
from rally.registry.review_evidence import Evidence, recorded_evidence
from rally.registry.reviews import Review
from rally.registry.schema_diff import Change, ChangeKind, compare
from rally.registry.study import AfterEnd, Study, StudyKind

_WORDS = frozenset({ChangeKind.DOC, ChangeKind.OTHER})
_WHAT = {
    ChangeKind.ADDED: "is collected from then on",
    ChangeKind.REMOVED: "is no longer collected",
    ChangeKind.CATEGORY: "is of another category",
    ChangeKind.EXPIRY: "is collected until another day",
    ChangeKind.PURPOSE: "is used for something else",
}


def make_notice(
    study: Study,
    kind: NoticeKind,
    about: Review | date,
    inventory: str,
) -> str:
    """Makes the text of a notice.

    Args:
        study: Study of the participants.
        kind: Subject of the notice.
        about: Review that it is about; of an end the last day of collection.
        inventory: https address of the study's page in the inventory.

    Raises:
        ConfigurationError: the review does not say what it takes.
    """
    if isinstance(about, date):
        lines = _tell_end(study, about)
    elif kind is NoticeKind.CHANGED:
        lines = _tell_change(study, about)
    else:
        lines = _tell_review(study, about)
    return "".join(f"{line}\n" for line in (*lines, *_tell_rest(study, inventory)))


def _tell_end(study: Study, last: date) -> Iterator[str]:
    yield f"{study.name} ends on {say_day(last)}"
    yield ""
    yield f"{say_day(last)} is the last day on which data is collected."
    yield "Until then you can leave, and all that we have of you is deleted."
    if study.kind is StudyKind.PLATFORM or study.policy.after_end is AfterEnd.DELETE:
        yield "Later you can leave as well, and all that we have of you is deleted."
    else:
        yield (
            "If you leave later, what we have of you stays until the study is"
            " concluded: until then it is locked, and analysed."
        )
    if study.analysis_until:
        yield (
            f"The study is concluded by {say_day(study.analysis_until)}. Then all that"
            " it collected is deleted, of everybody."
        )


def _tell_change(study: Study, review: Review) -> Iterator[str]:
    first = min(each.first for each in review.covers)
    yield f"{study.name} changes what it collects"
    yield ""
    yield f"From {say_day(first)} at the earliest:"
    said = {(study.namespace, each.id): each for each in study.reviews}
    recorded = recorded_evidence(said)
    for each in review.covers:
        yield from _tell_schema(study, each, recorded)
    yield (
        "If you do not want that, you can leave before, and all that we have of you is"
        " deleted."
    )
    yield from _tell_where(review)


def _tell_schema(
    study: Study, covered: CoveredSchema, recorded: Evidence
) -> Iterator[str]:
    """Tells what is other in a schema than in the one that was collected before it.

    Without any, it is held against the revision before it.
    """
    document = study.documents.get(covered.document)
    revisions = document.revisions if document else ()
    known = [each.fingerprint for each in revisions]
    if document is None or covered.fingerprint not in known:
        raise ConfigurationError(
            f"{study.namespace}/{covered.document}: the schema that the review covers"
            " is not here; keep the one that was reviewed"
        )
    at = known.index(covered.fingerprint)
    name, new = title(document), revisions[at]
    if at + 1 == len(revisions):
        yield f"- {name} is new: {document.purpose}"
        return
    before = find_collected_before(study, document, new, recorded)
    old = before or revisions[at + 1]
    docs = {each.path: each.doc for each in (*old.fields, *new.fields)}
    for change in compare(old, new).changes:
        if change.kind not in _WORDS:
            yield f"- {name}: {_say_change(change, docs.get(change.path))}"


def _say_change(change: Change, doc: str | None) -> str:
    what = f"{doc} ({change.path})" if doc else change.path or "the whole"
    said = _WHAT.get(change.kind)
    if said is None or change.kind is ChangeKind.CATEGORY:
        said = f"{said or 'changes'}: was {change.was or '-'}, is {change.now or '-'}"
    return f"{what} {said}"


def _tell_review(study: Study, review: Review) -> Iterator[str]:
    yield f"What {study.name} collects was reviewed"
    yield ""
    yield "A data steward looked at it before it is collected."
    yield from _tell_where(review)


def _tell_where(review: Review) -> Iterator[str]:
    if review.public is None:
        raise ConfigurationError(
            f"review {review.id}: is not public; say where and since when it can be"
            " read"
        )
    yield f"The review: {review.public.where}"


def _tell_rest(study: Study, inventory: str) -> Sequence[str]:
    about = study.about
    rest = [f"All that it collects: {inventory}"]
    if about and about.leaving:
        rest.append(f"How to leave: {about.leaving}")
    if about and about.contact:
        rest.append(f"Questions: {about.contact}")
    if about and about.independent_contact:
        rest.append(f"Somebody who is not of the study: {about.independent_contact}")
    return ["", *rest]
