"""Names the columns of a document's table, by the places of its schemas' leaves.

    /payload/client_info/os                          client_info_os
    /payload/metrics/quantity/page_attention         page_attention
    /payload/metrics/timing_distribution/load/sum    load_sum
    /payload/events                                  events, a list of structs

A column is a leaf: whatever is no record, with the fields of the records around it in
its name. Maps and arrays stay whole, so that rows add no column. Glean sorts metrics by
type, which is no part of their names there, either.
"""

from collections.abc import Iterator, Sequence

from rally.validation.avro_types import Record, Type, Union

Path = tuple[str, ...]
"""Avro names of the fields from the payload's top to a leaf."""

ROW_COLUMNS = (
    "participant",
    "document_id",
    "submission_timestamp",
    "client_agent",
    "source_tags",
)
"""Columns that every table has, before those of its payload."""

_METRICS = "metrics"
_GLEAN_PARTS = 2
"""Fields that Glean puts before a metric's own: `metrics`, and its type."""


def name_columns(revisions: Sequence[Type]) -> dict[Path, str]:
    """Names the columns of all revisions of a document, which are one table.

    A name stays what it is when revisions are added: of two leaves that would be called
    the same, in capitals or not, the later gets its whole path for a name. Databases do
    not tell `Load` from `load`.

    Args:
        revisions: Schemas of the payload, the oldest first.

    Returns:
        The name of each leaf, in the order of the columns.
    """
    names, taken = dict[Path, str](), set(ROW_COLUMNS)
    for revision in revisions:
        for path in leaves(revision):
            if path not in names:
                names[path] = _free_name(path, taken)
                taken.add(names[path].lower())
    return names


def leaves(type_: Type, path: Path = ()) -> Iterator[Path]:
    """Gives the paths of a type's leaves, in the schema's order."""
    return (each for each, _ in typed_leaves(type_, path))


def typed_leaves(type_: Type, path: Path = ()) -> Iterator[tuple[Path, Type]]:
    """Gives the path and the type of each leaf, likewise."""
    record = record_of(type_)
    if record is None:
        yield path, type_
        return
    for field in record.fields:
        yield from typed_leaves(field.type, (*path, field.name))


def own_parts(path: Path) -> Path:
    """Gives a path without what Glean puts before a metric's own name."""
    is_metric = path[0] == _METRICS and len(path) > _GLEAN_PARTS
    return path[_GLEAN_PARTS:] if is_metric else path


def record_of(type_: Type) -> Record | None:
    """Gives the record that a type is, or that it is where it is not null."""
    if isinstance(type_, Union):
        others = [each for each in type_.branches if each.name != "null"]
        type_ = others[0] if len(others) == 1 else type_
    return type_ if isinstance(type_, Record) else None


def _free_name(path: Path, taken: set[str]) -> str:
    whole, name = "_".join(path), "_".join(own_parts(path))
    if name.lower() in taken:
        name = whole
    number = 1
    while name.lower() in taken:
        number += 1
        name = f"{whole}_{number}"
    return name
