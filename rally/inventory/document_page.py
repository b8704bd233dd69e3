"""Makes the page of a document: each of its fields in plain words."""

from collections.abc import Iterator, Sequence
from datetime import date

from rally.inventory.changes import revisions_of, show_changes
from rally.inventory.layout import (
    REVIEWS,
    Page,
    category_mark,
    document_path,
    facts,
    field_anchor,
    field_path,
    section,
    stranger,
    study_path,
)
from rally.inventory.records import DocumentEntry, StudyEntry
from rally.inventory.wording import (
    count_fields,
    say_collected,
    say_day,
    say_form,
    say_identity,
    say_kept,
    say_means,
    say_windows,
    title,
)
from rally.pages.markup import Markup, element, join
from rally.pages.tables import data_table
from rally.registry.collected_fields import CollectedField

_NOTHING_MORE = (
    "These fields and no others: a message with one more is refused as a whole."
)
_UNAPPROVED = "never: no review that counts covers it, so nothing is taken"
_NO_REVIEW = "No review of it is public yet."
_LIBRARY = "Glean, the library that sends the message, adds these to each."
_UNREVIEWED = "It is part of the first add-on's protocol, which every study has."


def make_document_page(study: StudyEntry, entry: DocumentEntry, day: date) -> Page:
    """Returns the page of a document, as of a day."""
    document = entry.document
    return Page(
        path=document_path(document),
        title=title(document),
        above=(study_path(study.study), study.study.name),
        lead=(join(["Purpose: ", stranger(document.purpose)]),),
        sections=tuple(_sections(study, entry, day)),
    )


def _sections(study: StudyEntry, entry: DocumentEntry, day: date) -> Iterator[Markup]:
    document = entry.document
    yield section(
        "In short",
        facts(
            (
                (f"Collected on {say_day(day)}", say_collected(study, entry)),
                ("Holds", f"{say_means(document)}: {count_fields(entry)}"),
                ("Sent", stranger(document.sent)),
                ("Highest category", _category(entry)),
                ("Kept", say_kept(study, document)),
                ("Linked to a person", say_identity(document)),
            )
        ),
    )
    yield section(
        "What is in it",
        element("p", _NOTHING_MORE),
        _fields(entry.own_fields, "Fields of the study"),
        _library(entry.sdk_fields),
    )
    yield section("Who approved it", _approval(study, entry))
    if not entry.is_built_in:
        yield section("What changed", show_changes(document))
    yield section("For machines", _for_machines(entry))


def _category(entry: DocumentEntry) -> Markup:
    category = entry.approval.category
    mark = category_mark(entry.category)
    if not category.rule:
        return mark
    raised = f"Raised from {category.own}: {category.why}."
    return join([mark, element("span", raised, class_="under")])


def _fields(fields: Sequence[CollectedField], caption: str) -> Markup:
    head = ("What it is", "Category", "What it is used for", "Form")
    rows = (
        (
            join(
                [
                    element("span", stranger(each.doc), id=field_anchor(each)),
                    field_path(each.path),
                ]
            ),
            category_mark(each.category),
            _use(each),
            "; ".join(say_form(each)),
        )
        for each in fields
    )
    return data_table(head, rows, ("", "", "", ""), caption, "fields cards")


def _use(field: CollectedField) -> Markup:
    words = [stranger(field.purpose)]
    if field.benefit:
        words += [element("span", "Benefit: ", stranger(field.benefit), class_="under")]
    return join(words)


def _library(fields: Sequence[CollectedField]) -> Markup:
    if not fields:
        return Markup("")
    summary = f"{len(fields):,} fields that the Glean library adds"
    return element(
        "details",
        element("summary", summary),
        element("p", _LIBRARY),
        _fields(fields, "Fields of the library"),
    )


def _approval(study: StudyEntry, entry: DocumentEntry) -> Markup:
    if entry.is_built_in:
        return element("p", _UNREVIEWED)
    windows = say_windows(entry.approval.windows)
    pairs: list[tuple[str, str]] = [("May be collected", windows or _UNAPPROVED)]
    for revision, approval in zip(
        revisions_of(entry.document), entry.approvals, strict=False
    ):
        if approval is not entry.approval and approval.windows:
            days = say_windows(approval.windows)
            pairs.append((f"As of revision {revision.number}", days))
    return join([facts(pairs), _review_list(study, entry)])


def _review_list(study: StudyEntry, entry: DocumentEntry) -> Markup:
    """Returns a link to each review of the document that anybody may see."""
    found = [each for each in study.reviews if each.id in entry.reviews]
    if not found:
        return element("p", _NO_REVIEW, class_="soft")
    items = (
        element(
            "li",
            element("a", f"Review {each.id}", href=f"{REVIEWS}/{each.id}.html"),
            f", asked for on {say_day(each.request.on)}",
        )
        for each in found
    )
    return element("ul", *items, class_="links")


def _for_machines(entry: DocumentEntry) -> Markup:
    document = entry.document
    return facts(
        (
            ("Name", element("code", f"{document.namespace}/{document.name}")),
            (
                "Fingerprint",
                element("code", document.schema.fingerprint, class_="long"),
            ),
        )
    )
