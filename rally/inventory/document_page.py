"""Makes the page of a document: each of its fields in plain words."""

from collections.abc import Iterator, Sequence

from rally.inventory.changes import show_changes
from rally.inventory.layout import (
    Page,
    category_mark,
    document_path,
    external_link,
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
    say_day,
    say_form,
    say_identity,
    say_kept,
    say_means,
    title,
)
from rally.pages.markup import Markup, element, join
from rally.pages.tables import data_table
from rally.registry.collected_fields import CollectedField
from rally.registry.reviews import Review

_NOTHING_MORE = (
    "These fields and no others: a message with one more is refused as a whole."
)
_LIBRARY = "Glean, the library that sends the message, adds these to each."
_UNREVIEWED = "It is part of the first add-on's protocol, which every study has."


def make_document_page(study: StudyEntry, entry: DocumentEntry) -> Page:
    """Returns the page of a document."""
    document = entry.document
    return Page(
        path=document_path(document),
        title=title(document),
        above=(study_path(study.study), study.study.name),
        lead=(join(["Purpose: ", stranger(document.purpose)]),),
        sections=tuple(_sections(study, entry)),
    )


def _sections(study: StudyEntry, entry: DocumentEntry) -> Iterator[Markup]:
    document = entry.document
    yield section(
        "In short",
        facts(
            (
                ("Holds", f"{say_means(document)}: {count_fields(entry)}"),
                ("Highest category", category_mark(entry.category)),
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
    yield section("Who approved it", _approval(entry))
    yield section("For machines", _for_machines(entry))
    if not entry.is_built_in:
        yield section("What changed", show_changes(document))


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


def _approval(entry: DocumentEntry) -> Markup:
    if entry.is_built_in:
        return element("p", _UNREVIEWED)
    if not entry.reviews:
        return element("p", "Nobody has approved it, and nothing is collected.")
    return join(map(_review, entry.reviews))


def _review(review: Review) -> Markup:
    days = {
        f"from {say_day(each.first)}"
        + (f" through {say_day(each.last)}" if each.last else "")
        for each in review.covers
    }
    pairs: list[tuple[str, str]] = [
        ("Asked for", f"on {say_day(review.request.on)}"),
        ("Covers what is sent", "; ".join(sorted(days))),
    ]
    if steward := review.steward:
        pairs.append(("Data steward", f"{steward.result} on {say_day(steward.on)}"))
    if public := review.public:
        words = f"Review {review.id}, public since {say_day(public.on)}"
        pairs.append(("Review", external_link(public.where, words)))
    if signed := review.sign_offs:
        words = ", ".join(f"{area} on {say_day(it.on)}" for area, it in signed.items())
        pairs.append(("Signed off by", words))
    return facts(pairs)


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
