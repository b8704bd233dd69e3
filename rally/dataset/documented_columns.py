"""Columns of a document's table, each with what its schemas say of the field."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from rally.dataset.names import Path, leaves, name_columns, record_of
from rally.registry.collected_fields import CollectedField
from rally.registry.study import Document
from rally.validation.avro_schema import read_schema
from rally.validation.avro_types import Type, Union


class DocumentedColumn(NamedTuple):
    """A column of a document's table.

    Attributes:
        name: Name; see rally.dataset.names.
        path: Avro names of the fields that lead to it in the payload.
        type: Type in the newest schema that has it, without null.
        field: What that schema says of it, with the highest category that any schema
            gave it, and as an id where any schema said so; None of a list of records,
            whose fields speak for themselves.
        pointer: JSON names that lead to it in that schema, as `field.path` has them.
        inner: What that schema says of the fields of records inside.
    """

    name: str
    path: Path
    type: Type
    field: CollectedField | None
    pointer: str
    inner: tuple[CollectedField, ...]


def document_columns(document: Document) -> dict[str, DocumentedColumn]:
    """Gives the columns of a document's payload by name, of all its schemas."""
    revisions = [(each, read_schema(each.json)) for each in document.revisions[::-1]]
    names = name_columns([type_ for _, type_ in revisions])
    found = dict[str, DocumentedColumn]()
    for schema, type_ in revisions:
        said = {each.path: each for each in schema.fields}
        for path in leaves(type_):
            found[names[path]] = _describe(
                found.get(names[path]), names[path], path, type_, said
            )
    return {name: found[name] for name in names.values()}


def _describe(
    older: DocumentedColumn | None,
    name: str,
    path: Path,
    type_: Type,
    said: Mapping[str, CollectedField],
) -> DocumentedColumn:
    """Describes a column by a schema, and by what older ones said of it."""
    parts = list(_walk(type_, path))
    pointer = "".join(f"/{json}" for json, _ in parts)
    field = said.get(pointer)
    if field and older and older.field:
        field = field._replace(
            category=max(field.category, older.field.category),
            identifier=field.identifier or older.field.identifier,
        )
    type_ = _without_null(parts[-1][1])
    inner = tuple(it for at, it in said.items() if at.startswith(f"{pointer}/*/"))
    return DocumentedColumn(name, path, type_, field, pointer, inner)


def _walk(type_: Type, path: Path) -> Iterator[tuple[str, Type]]:
    """Gives the JSON name and the type of each field that leads to a leaf."""
    for name in path:
        record = record_of(type_)
        assert record is not None  # names.leaves came this way
        field = next(each for each in record.fields if each.name == name)
        type_ = field.type
        yield field.json, type_


def _without_null(type_: Type) -> Type:
    if not isinstance(type_, Union):
        return type_
    others = [each for each in type_.branches if each.name != "null"]
    return others[0] if len(others) == 1 else type_
