"""`rally studies diff`: says in words how two schemas of a document differ."""

import argparse
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rally.bounded_files import read_bounded
from rally.commands.options import find_study
from rally.errors import ConfigurationError
from rally.options import WHAT, Option
from rally.registry.registry import Registry
from rally.registry.schema_diff import Change, SchemaDiff, compare
from rally.registry.schemas import MAX_BYTES, read_schema
from rally.registry.study import Document, PayloadSchema
from rally.tables import Column, Table, describe_json, print_results

_FORMS = (
    "write a document such as visit.1, a revision such as visit.1:2, six digits of a"
    " fingerprint, or an .avsc file"
)
_LEAST_PREFIX = 6

OLD, NEW = (
    Option(
        name=name,
        group=WHAT,
        is_word=True,
        metavar=name.upper(),
        help=f"the {what} schema: a document such as visit.1, a revision such as"
        " visit.1:2, the beginning of a fingerprint, or an .avsc file",
    )
    for name, what in (("old", "older"), ("new", "newer"))
)


class _Named(NamedTuple):
    """A schema that somebody named.

    Attributes:
        name: name of it, for people.
        schema: record of it.
        document: document that has it; None of a file.
    """

    name: str
    schema: PayloadSchema
    document: Document | None


_CHANGES: tuple[Column[Change], ...] = (
    Column("kind", lambda each: each.kind),
    Column("path", lambda each: each.path),
    Column("was", lambda each: each.was or None),
    Column("now", lambda each: each.now or None),
    Column("excess", lambda each: each.excess or None, head=None),
)
DIFF_JSON = describe_json(
    {"changes": _CHANGES}, ["old", "new", "scope", "incremental", "excesses", "faults"]
)


def diff_schemas(args: argparse.Namespace) -> int:
    """Says what one schema of a document collects that another does not."""
    registry = Registry.load(args.studies)
    study = find_study(registry, args.namespace, args.studies)
    documents = [*study.documents.values()]
    old, new = _find_both(documents, (args.old, args.new), study.namespace)
    diff = compare(old.schema, new.schema)
    table = Table(_CHANGES, diff.changes)
    print_results(
        {
            "old": diff.old,
            "new": diff.new,
            "scope": diff.scope,
            "incremental": diff.is_incremental,
            "changes": table,
            "excesses": diff.excesses,
            "faults": diff.faults,
        },
        f"{_title(old)} -> {_title(new)}",
        table,
        "\n".join(_conclusions(diff)),
        as_json=args.json,
    )
    return 1 if diff.faults else 0


def _title(named: _Named) -> str:
    return f"{named.name} ({named.schema.fingerprint[:12]})"


def _conclusions(diff: SchemaDiff) -> Iterator[str]:
    if not diff.changes:
        yield "nothing differs that a review approves"
    elif diff.is_incremental:
        yield f"incremental: {_SCOPES[diff.scope]}"
    else:
        yield from (f"not incremental: {each}" for each in diff.excesses)
    yield from (f"not compatible: {each}" for each in diff.faults)


_SCOPES = {
    "words": "words alone; a steward's signature is enough",
    "narrowing": "nothing more is collected; a steward's signature is enough",
    "incremental": "no higher category, no new identifier, no later expiry; a review"
    " approves what it adds",
}


def revisions_of(document: Document) -> Sequence[PayloadSchema]:
    """The schemas of a document, the oldest first."""
    return document.revisions[::-1]


def _find_both(
    documents: Sequence[Document], names: tuple[str, str], namespace: str
) -> list[_Named]:
    """Finds the schemas; a number alone is of the document that the other one names."""
    found = [_find(documents, name, namespace) for name in names]
    document = next((each.document for each in found if each and each.document), None)
    if document is None and len(documents) == 1:
        document = documents[0]
    return [
        each or _revision(document, name)
        for name, each in zip(names, found, strict=True)
    ]


def _find(documents: Sequence[Document], name: str, namespace: str) -> _Named | None:
    """Finds a schema by its name; None for a number, whose document is not said.

    Raises:
        ConfigurationError: there is none of that name, or there are several.
    """
    if name.endswith(".avsc"):
        return _Named(name, _read_file(name), None)
    document, _, number = name.partition(":")
    for each in documents:
        if each.name == document:
            return _revision(each, number or str(len(revisions_of(each))))
    if name.isdecimal() and len(name) < _LEAST_PREFIX:
        return None
    matches = {
        schema.fingerprint: _Named(_name(each, number), schema, each)
        for each in documents
        for number, schema in enumerate(revisions_of(each), 1)
        if len(name) >= _LEAST_PREFIX and schema.fingerprint.startswith(name)
    }
    if len(matches) > 1:
        raise ConfigurationError(f"{name}: begins several fingerprints; write more")
    if not matches:
        raise ConfigurationError(f"{name}: is no schema of {namespace}; {_FORMS}")
    return next(iter(matches.values()))


def _revision(document: Document | None, number: str) -> _Named:
    if document is None:
        raise ConfigurationError(f"{number}: is of which document? {_FORMS}")
    revisions = revisions_of(document)
    if number.isdecimal() and 1 <= int(number) <= len(revisions):
        name = _name(document, int(number))
        return _Named(name, revisions[int(number) - 1], document)
    raise ConfigurationError(
        f"{number}: {document.name} has revisions 1 to {len(revisions)}"
    )


def _name(document: Document, number: int) -> str:
    return f"{document.name}:{number}"


def _read_file(name: str) -> PayloadSchema:
    return read_schema(name, read_bounded(name, MAX_BYTES)).schema
