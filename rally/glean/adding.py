"""Adds documents to a study from its Glean definitions, or their next revisions.

All is made and checked before the first file is written. A schema that was complete
becomes a revision, since pings may have been stored by it; one in which something is
still open was never approved, and is replaced.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from rally.bounded_files import read_bounded_text
from rally.errors import ConfigurationError, Faults, describe_os_error
from rally.fields import Place, raise_all
from rally.file_replacement import FOR_EVERYBODY, replace_file
from rally.glean.definitions import Definitions, Ping
from rally.glean.kept_words import keep_words, leaves, open_fields
from rally.glean.payload import payload_schema
from rally.glean.schema_text import schema_text
from rally.glean.study_yaml import add_documents, read_documents
from rally.registry.collected_fields import OPEN, fingerprint_of
from rally.registry.folder import FILE as STUDY_FILE
from rally.registry.folder import local_study_folder
from rally.registry.schema_diff import incompatibilities
from rally.registry.schemas import MAX_BYTES
from rally.registry.study import PayloadSchema
from rally.validation.avro_schema import read_schema

VERSION = 1
"""Version of each document: Glean submits all pings under it."""

_JOINS = ("study-enrollment", "enrollment")
_LEAVES = ("deletion-request", "study-unenrollment", "unenrollment")


class Change(StrEnum):
    """Change of a document."""

    NEW = "new"
    REVISION = "next revision"
    REPLACED = "replaced, since something was open"
    WORDS = "words changed"
    SAME = "unchanged"


@dataclass(frozen=True, slots=True)
class DocumentPlan:
    """Plan for one document.

    Attributes:
        name: name of the document: `page-visit.1`.
        change: kind of change.
        revision: number of revisions when it is done.
        fields: number of fields that say what they are.
        open_fields: paths of those that somebody has to complete.
        added: paths that the schema before had not.
        removed: paths that it had.
    """

    name: str
    change: Change
    revision: int
    fields: int
    open_fields: tuple[str, ...]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class Write(NamedTuple):
    """A file to write, with its whole content."""

    path: Path
    text: str


class Plan(NamedTuple):
    """Plan of an addition.

    Attributes:
        documents: one for each ping, in the order of their names.
        writes: files in the order in which they are written.
    """

    documents: tuple[DocumentPlan, ...]
    writes: tuple[Write, ...]


def plan_addition(studies: str, namespace: str, definitions: Definitions) -> Plan:
    """Plans the documents of a study that exists.

    Args:
        studies: the registry's folder, on this machine.
        namespace: the study's namespace.
        definitions: definitions without faults.

    Raises:
        ConfigurationError: the study is not there, or a schema cannot be made or
            replaced; all faults are told.
    """
    folder = local_study_folder(studies, namespace)
    file = folder / STUDY_FILE
    text = _read(file)
    if text is None:
        raise Place(str(file)).error(
            f"is missing; make the study by `rally studies new {namespace}`"
        )
    faults, documents, writes = Faults(), list[DocumentPlan](), list[Write]()
    for ping in definitions.pings:
        with faults.collected():
            document, files = _plan(folder, definitions, ping)
            documents.append(document)
            writes += files
    with faults.collected():
        known = read_documents(str(file), text.encode())
        pings = {f"{ping.name}.{VERSION}": ping for ping in definitions.pings}
        new = {name: _entry(pings[name]) for name in pings if name not in known}
        added = add_documents(str(file), text, new)
        if added != text:  # last: until then the study loads as it did
            writes.append(Write(file, added))
    faults.check()
    return Plan(tuple(documents), tuple(writes))


def write_files(writes: tuple[Write, ...]) -> None:
    """Writes files, each whole or not at all. Raises ConfigurationError."""
    for path, text in writes:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, text, FOR_EVERYBODY)
        except OSError as error:
            raise ConfigurationError(describe_os_error(error)) from None


def _entry(ping: Ping) -> Mapping[str, str]:
    """Makes what study.yaml says of a document at first."""
    means = "data"
    if ping.name in _JOINS:
        means = "joins"
    elif ping.name in _LEAVES:
        means = "leaves"
    entry = {"means": means, "purpose": OPEN}
    return entry | {"sent": ping.sent} if ping.sent else entry


def _plan(
    folder: Path, definitions: Definitions, ping: Ping
) -> tuple[DocumentPlan, list[Write]]:
    """Plans one document. Raises ConfigurationError with all faults of its schema."""
    name = f"{ping.name}.{VERSION}"
    path = folder / f"{name}.avsc"
    made = payload_schema(definitions, ping)
    old_text, old = _read(path), None
    if old_text is not None:
        old = _parse(path, old_text)
        made = keep_words(old, made)
    text = schema_text(made)
    check_schema(str(path), made, text)
    revisions = folder / "revisions" / name
    count = _count_revisions(revisions)
    change, writes = Change.NEW, [Write(path, text)]
    if old is not None and old_text is not None:
        change = _change(old, old_text, made, text)
        if change is Change.SAME:
            writes = []
        elif change is Change.REVISION:
            _check_compatible(path, old, made)
            last = _read(revisions / f"{count}.avsc")
            if last != old_text:  # or an addition before this one has been killed
                count += 1
                writes.insert(0, Write(revisions / f"{count}.avsc", old_text))
    before, after = (set(dict(leaves(each or {}))) for each in (old, made))
    document = DocumentPlan(
        name,
        change,
        count + 1,
        len(after),
        tuple(open_fields(made)),
        tuple(sorted(after - before)) if old else (),
        tuple(sorted(before - after)),
    )
    return document, writes


def _change(old: Any, old_text: str, made: Any, text: str) -> Change:
    if old_text == text:
        return Change.SAME
    if fingerprint_of(old) == fingerprint_of(made):
        return Change.WORDS
    return Change.REPLACED if open_fields(old) else Change.REVISION


def check_schema(file: str, schema: Any, text: str) -> None:
    """Checks that the registry will take a schema, once nothing in it is open.

    Raises:
        ConfigurationError: it will not; the definitions ask for too much.
    """
    if len(text.encode()) > MAX_BYTES:
        raise Place(file).error(
            f"would be longer than {MAX_BYTES:,} bytes; send less in one ping"
        )
    read_schema(schema, f"{file}: schema")


def _check_compatible(path: Path, old: Any, made: Any) -> None:
    """Checks that rows of both schemas can be read as one table.

    Raises:
        ConfigurationError: they cannot; all reasons are told.
    """
    found = incompatibilities(_payload(old), _payload(made))
    raise_all([str(Place(str(path)).error(each)) for each in found])


def _payload(schema: Any) -> PayloadSchema:
    """Makes the registry's record of a schema, of which something may be open."""
    return PayloadSchema(
        json=schema,
        participant=schema.get("participant"),
        deletion_id=schema.get("deletion_id"),
        fingerprint=fingerprint_of(schema),
    )


def _count_revisions(folder: Path) -> int:
    numbers = [
        int(each.stem) for each in folder.glob("*.avsc") if each.stem.isdecimal()
    ]
    return max(numbers, default=0)


def _read(path: Path) -> str | None:
    """Reads a file of the study; None where there is none."""
    return read_bounded_text(path, MAX_BYTES) if os.path.lexists(path) else None


def _parse(path: Path, text: str) -> Any:
    """Parses the schema that is there, which people may have changed."""
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError):
        raise Place(str(path)).error("is not JSON; correct or remove it") from None
    read_schema(schema, f"{path}: schema")
    return schema
