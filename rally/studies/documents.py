"""Makes the documents of a study, each with its schema and its approval."""

import json
from collections.abc import Callable
from typing import NamedTuple

from rally.checking.avro_schema import read_schema
from rally.checking.avro_types import Type
from rally.errors import ConfigurationError
from rally.names import DOCUMENT_RULE, parse_document
from rally.studies.fields import (
    Fields,
    Place,
    choice,
    many,
    positive,
    text,
)
from rally.studies.review import Gate, read_review
from rally.studies.schemas import type_at
from rally.studies.study import Document, Keep, Means, PayloadSchema

_MAX_DAYS = 36_500  # 100 years: what is more is a mistake, and overflows dates

SchemaSource = Callable[[Place, str, Means], tuple[PayloadSchema, Type]]
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
    schema, payload = schemas(place, name, means)
    document = Document(
        namespace=promises.namespace,
        type=document_type,
        version=version,
        means=means,
        scope=fields.maybe("scope", many(pointer)) or (),
        delete_after_days=fields.maybe("delete_after_days", _days),
        keep=fields.maybe("keep", choice(Keep)) or Keep.ALL,
        buckets=fields.maybe("buckets", _power_of_two) or 1,
        purpose=fields.need("purpose", text),
        review=fields.need(
            "review", lambda at, entry: read_review(at, entry, promises.gate)
        ),
        schema=schema,
    )
    fields.close()
    _check_scope(place, document, payload)
    _check_private_browsing(place, means, payload, promises.private_browsing)
    _check_row(place, document)
    return document


def _split(place: Place, name: str) -> tuple[str, int]:
    parts = parse_document(name)
    if parts is None:
        raise place.error(
            f"must be a type and a version such as user-journey.1; {DOCUMENT_RULE}"
        )
    return parts


def _days(place: Place, value: object) -> int:
    number = positive(place, value)
    if number > _MAX_DAYS:
        raise place.error(
            f"must be at most {_MAX_DAYS}, which is 100 years; remove it to keep rows "
            "until the study is concluded"
        )
    return number


def _power_of_two(place: Place, value: object) -> int:
    number = positive(place, value)
    if number & (number - 1):
        raise place.error("must be a power of two")
    return number


def _check_scope(place: Place, document: Document, payload: Type) -> None:
    if document.scope and document.means not in (Means.JOINS, Means.LEAVES):
        raise place.at("scope").error("is for joins and leaves only; remove it")
    for index, at in enumerate(document.scope):
        if type_at(payload, at) != "string":
            raise place.at("scope", index).error(
                f"{at} is no string of the document's schema; correct either"
            )


def _check_private_browsing(
    place: Place, means: Means, payload: Type, flag: str | None
) -> None:
    if flag is None or means is not Means.DATA:
        return
    if type_at(payload, flag) != "boolean":
        raise place.error(
            f"its schema has no boolean {flag}, which policy.private_browsing names; "
            "add it or correct the policy"
        )


def _check_row(place: Place, document: Document) -> None:
    """Files hold rows: the payload must be good inside of their schema, too."""
    from rally.storing.rows import row_schema  # imports fastavro, which is slow

    try:
        read_schema(json.loads(row_schema(document)), "row")
    except ConfigurationError as error:
        raise place.error(
            f"its schema is not good within a row's; correct the schema ({error})"
        ) from None
