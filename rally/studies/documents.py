"""Makes the documents of a study, each with its schema and its approval."""

import re
from collections.abc import Callable
from typing import NamedTuple

from rally.studies.fields import (
    Fields,
    Place,
    choice,
    is_name,
    many,
    positive,
    text,
)
from rally.studies.review import Gate, read_review
from rally.studies.schemas import type_at
from rally.studies.study import Document, Keep, Means, PayloadSchema

_DOCUMENT = re.compile(r"(.+)\.([1-9][0-9]{0,8})")

SchemaSource = Callable[[Place, str, Means], PayloadSchema]
"""Loads the schema of the document that stands at a place, by its name."""


class Promises(NamedTuple):
    """What a study says that its documents must keep.

    Attributes:
        gate: what reviews are held against.
        private_browsing: JSON pointer to the flag; None where the client enforces it.
    """

    namespace: str
    gate: Gate
    private_browsing: str | None


def read_documents(
    place: Place, value: object, promises: Promises, schemas: SchemaSource
) -> dict[str, Document]:
    """Reads the documents of a study, by name.

    Raises:
        ConfigurationError: of the first that breaks a rule.
    """
    return {
        name: _read_document(place.at(name), name, entry, promises, schemas)
        for name, entry in Fields(place, value).items()
    }


def pointer(place: Place, value: object) -> str:
    """Reads a JSON pointer (RFC 6901)."""
    read = text(place, value)
    if not read.startswith("/"):
        raise place.error('must be a JSON pointer; begin it with "/"')
    return read


def _read_document(
    place: Place, name: str, value: object, promises: Promises, schemas: SchemaSource
) -> Document:
    document_type, version = _split(place, name)
    fields = Fields(place, value)
    means = fields.need("means", choice(Means))
    document = Document(
        namespace=promises.namespace,
        type=document_type,
        version=version,
        means=means,
        scope=fields.maybe("scope", many(pointer)) or (),
        delete_after_days=fields.maybe("delete_after_days", positive),
        keep=fields.maybe("keep", choice(Keep)) or Keep.ALL,
        buckets=fields.maybe("buckets", _power_of_two) or 1,
        purpose=fields.need("purpose", text),
        review=fields.need(
            "review", lambda at, entry: read_review(at, entry, promises.gate)
        ),
        schema=schemas(place, name, means),
    )
    fields.close()
    _check_scope(place, document)
    _check_private_browsing(place, document, promises.private_browsing)
    return document


def _split(place: Place, name: str) -> tuple[str, int]:
    match = _DOCUMENT.fullmatch(name)
    if not match or not is_name(match[1]):
        raise place.error(
            "must be a type and a version such as user-journey.1, in lower-case words "
            "and digits joined by hyphens"
        )
    return match[1], int(match[2])


def _power_of_two(place: Place, value: object) -> int:
    number = positive(place, value)
    if number & (number - 1):
        raise place.error("must be a power of two")
    return number


def _check_scope(place: Place, document: Document) -> None:
    if document.scope and document.means not in (Means.JOINS, Means.LEAVES):
        raise place.at("scope").error("is for joins and leaves only; remove it")
    for index, at in enumerate(document.scope):
        if type_at(document.schema.json, at) != "string":
            raise place.at("scope", index).error(
                f"{at} is no string of the document's schema; correct either"
            )


def _check_private_browsing(place: Place, document: Document, flag: str | None) -> None:
    if flag is None or document.means is not Means.DATA:
        return
    if type_at(document.schema.json, flag) != "boolean":
        raise place.error(
            f"its schema has no boolean {flag}, which policy.private_browsing names; "
            "add it or correct the policy"
        )
