"""Says what changed from each revision of a document's schema to the next."""

from itertools import pairwise
from typing import NamedTuple

from rally.inventory.layout import field_path, stranger
from rally.pages.markup import Markup, element, join
from rally.pages.tables import data_table
from rally.registry.schema_diff import Change, ChangeKind, compare
from rally.registry.study import Document, PayloadSchema

_NO_CHANGE = "It is as it was at first."
_CHANGES = {
    ChangeKind.ADDED: "Collected from then on",
    ChangeKind.REMOVED: "No longer collected",
    ChangeKind.WIDENED: "May hold more",
    ChangeKind.NARROWED: "May hold less",
    ChangeKind.RETYPED: "Is of another type",
    ChangeKind.ABSENCE: "Whether it may be absent",
    ChangeKind.CASES: "Number of forms that it may have",
    ChangeKind.CATEGORY: "Category",
    ChangeKind.IDENTIFIER: "Whether it is an id",
    ChangeKind.EXPIRY: "Last day of collection",
    ChangeKind.SDK: "Library that adds it",
    ChangeKind.ID_PLACE: "Place of the id",
    ChangeKind.PURPOSE: "What it is used for",
    ChangeKind.BENEFIT: "What people have of it",
    ChangeKind.DOC: "Description",
    ChangeKind.OTHER: "Order or names of the schema alone",
}
"""What a difference between two schemas is about."""


class Revision(NamedTuple):
    """One schema of a document, among those that it had.

    Attributes:
        number: Number in the order in which they were the newest, from 1.
        schema: The schema.
        changes: Differences from the one before; none of the first.
    """

    number: int
    schema: PayloadSchema
    changes: tuple[Change, ...]


def revisions_of(document: Document) -> list[Revision]:
    """Returns the revisions of a document, the newest first."""
    ordered = document.revisions[::-1]
    changes = [(), *(compare(old, new).changes for old, new in pairwise(ordered))]
    found = (
        Revision(number, *pair)
        for number, pair in enumerate(zip(ordered, changes, strict=True), 1)
    )
    return list(found)[::-1]


def show_changes(document: Document) -> Markup:
    """Returns a table of changes for each revision, the newest first."""
    revisions = revisions_of(document)
    if len(revisions) == 1:
        return element("p", _NO_CHANGE)
    return join(_table(newer, older.schema) for newer, older in pairwise(revisions))


def _table(revision: Revision, before: PayloadSchema) -> Markup:
    docs = {each.path: each.doc for each in (*before.fields, *revision.schema.fields)}
    head = ("Field", "What changed", "Was", "Is")
    rows = (_row(each, docs.get(each.path)) for each in revision.changes)
    caption = f"Revision {revision.number}, against {revision.number - 1}"
    columns = ("", "", "", "")
    return data_table(head, rows, columns, caption, "cards", shows_caption=True)


def _row(change: Change, doc: str | None) -> tuple[Markup, ...]:
    what = [stranger(doc)] if doc else []
    return (
        join([*what, field_path(change.path)]),
        join([_CHANGES[change.kind]]),
        *(stranger(each or "-") for each in (change.was, change.now)),
    )
