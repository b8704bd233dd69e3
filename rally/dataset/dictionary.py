"""The data dictionary of a document: each column in the words of the study's schemas.

The fields of records inside a list or a map have lines of their own, such as
`events[].timestamp`: their categories and purposes are theirs.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

import pyarrow as pa

from rally.dataset.documented_columns import DocumentedColumn, document_columns
from rally.dataset.names import ROW_COLUMNS
from rally.dataset.table import columns_of
from rally.registry.collected_fields import CollectedField
from rally.registry.study import Document

_ROW_WORDS = (
    "The person, by a pseudonym that this study alone has",
    "Id of the message, by which each is there once",
    "Time at which the message was received, UTC",
    "Program that sent the message, as it named itself",
    "Tags by which the sender marked the message, such as one of a test",
)
_ANY = "[]"
"""Stands for each item of a list, and for each value of a map."""


class DictionaryEntry(NamedTuple):
    """A column of a document's table, or a field of the records in one.

    Attributes:
        column: Name of the column; behind it, where it is such, the field inside.
        type: Type of its values, as Arrow calls it; of a field inside, Avro's.
        words: Meaning of the values, with their unit where the schema names it.
        category: Category of the data, 1 to 4; None of what the platform adds.
        purpose: What it is collected for; "" of what the platform adds.
        expires: Last day, in UTC, on which it is collected.
        identifier: Whether it is an id.
    """

    column: str
    type: str
    words: str
    category: int | None = None
    purpose: str = ""
    expires: date | None = None
    identifier: bool = False


def describe_columns(document: Document) -> list[DictionaryEntry]:
    """Describes the columns of a document's table, in their order.

    Raises:
        ConfigurationError: A field has types in its revisions that are no one type.
    """
    columns = columns_of(document)
    own = zip(columns, ROW_COLUMNS, _ROW_WORDS, strict=False)
    types = {each.name: name_type(each.type) for each in columns}
    return [
        *(DictionaryEntry(name, types[name], words) for _, name, words in own),
        *(
            entry
            for each in document_columns(document).values()
            for entry in _entries(each, types[each.name])
        ),
    ]


def to_markdown(document: Document, entries: Iterable[DictionaryEntry]) -> str:
    """Gives the dictionary of a document as a table of Markdown, with a heading."""
    lines = [
        f"## {document.namespace} {document.name}",
        "",
        document.purpose,
        "",
        "| column | type | what it is | category | purpose | collected through |",
        "|---|---|---|---|---|---|",
    ]
    lines += ["| " + " | ".join(map(_cell, _texts(each))) + " |" for each in entries]
    return "\n".join(lines)


def name_type(type_: pa.DataType) -> str:
    """Names a type of Arrow in short: `map<string, int64>`, `list<struct>`."""
    if pa.types.is_list(type_):
        return f"list<{name_type(type_.value_type)}>"
    if pa.types.is_map(type_):
        return f"map<string, {name_type(type_.item_type)}>"
    return "struct" if pa.types.is_struct(type_) else str(type_)


def _entries(column: DocumentedColumn, type_: str) -> Iterator[DictionaryEntry]:
    if column.field:
        yield _entry(column.name, type_, column.field)
    elif column.inner:
        yield DictionaryEntry(column.name, type_, "Each item as the next lines say")
    for each in column.inner:
        inside = each.path.removeprefix(column.pointer).replace("/*", _ANY)
        name = f"{column.name}{inside.replace('/', '.')}"
        yield _entry(name, each.type, each)


def _entry(name: str, type_: str, field: CollectedField) -> DictionaryEntry:
    return DictionaryEntry(
        name,
        type_,
        field.doc,
        field.category,
        field.purpose,
        field.expires,
        field.identifier,
    )


def _texts(entry: DictionaryEntry) -> Iterator[str]:
    yield f"`{entry.column}`"
    yield entry.type
    yield f"{entry.words} (an id)" if entry.identifier else entry.words
    yield str(entry.category or "")
    yield entry.purpose
    yield str(entry.expires or "")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")
