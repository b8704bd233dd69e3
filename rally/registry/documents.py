"""Makes the documents of a study, each with its schema."""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from rally.errors import ConfigurationError
from rally.fields import (
    UNREAD,
    AllFields,
    Place,
    choice,
    many,
    positive,
    raise_all,
    text,
    up_to,
)
from rally.names import DOCUMENT_RULE, parse_document
from rally.registry.collected_fields import words
from rally.registry.consent_documents import check_consent, read_consent_places
from rally.registry.schema_diff import incompatibilities
from rally.registry.schemas import (
    SchemaFile,
    check_ids,
    check_recipient,
    pointer,
    type_at,
)
from rally.registry.study import (
    Document,
    Keep,
    KeptBy,
    Means,
    PayloadSchema,
    Policy,
    StudyKind,
)
from rally.validation.avro_schema import read_schema
from rally.validation.avro_types import Type

_MOST_DOCUMENTS = 200
_MOST_POINTERS = 16
_MOST_BUCKETS = 4096  # each is a file of its own on every day
_MOST_WITHOUT = 2  # the highest category of data that needs no enrolment
_ABOUT_STUDIES = (Means.JOINS, Means.LEAVES, Means.CONSENTS)
_MAX_DAYS = 36_500  # 100 years: what is more is a mistake, and overflows dates

SchemaSource = Callable[[Place, str], Sequence[SchemaFile]]
"""Loads all revisions of the document that stands at a place, by its name.

The newest comes first."""


class StudyPromises(NamedTuple):
    """Promises of a study that its documents must keep.

    Attributes:
        policy: The study's promises on whose data it takes.

    Each may be UNREAD.
    """

    namespace: str
    kind: StudyKind
    policy: Policy


def read_documents(
    place: Place, value: object, promises: StudyPromises, schemas: SchemaSource
) -> dict[str, Document]:
    """Reads the documents of a study, by name.

    Raises:
        ConfigurationError: one of them breaks a rule; all faults of all are told.
    """
    fields = AllFields(place, value)
    names = [name for name, _ in fields.items()]
    if len(names) > _MOST_DOCUMENTS:
        raise place.error(f"must be at most {_MOST_DOCUMENTS}; make another study")
    found = {
        name: fields.need(name, partial(_read_document, promises, schemas, name))
        for name in names
    }
    fields.close()
    return found


def _read_document(
    promises: StudyPromises,
    schemas: SchemaSource,
    name: str,
    place: Place,
    value: object,
) -> Document:
    fields = AllFields(place, value)
    document_type, version = fields.attempt_two(lambda: _split(place, name))
    means = fields.need("means", choice(Means))
    files = fields.attempt(lambda: schemas(place, name), document_type)
    document = Document(
        namespace=promises.namespace,
        type=document_type,
        version=version,
        means=means,
        scope=fields.maybe("scope", many(pointer, _MOST_POINTERS)) or (),
        delete_after_days=fields.maybe("delete_after_days", _days),
        keep=fields.maybe("keep", choice(Keep)) or Keep.ALL,
        buckets=fields.maybe("buckets", _power_of_two) or 1,
        purpose=fields.need("purpose", words),
        schema=fields.attempt(lambda: files[0].schema, files),
        older=fields.attempt(lambda: _older(files), files),
        kept_by=fields.maybe("kept_by", _kept_by),
        consent=fields.maybe("consent", read_consent_places),
        sent=fields.maybe("sent", words),
    )
    policy, revisions = promises.policy, () if files is UNREAD else files
    for check, *values in (
        *_schema_checks(place, document, policy, revisions),
        *_consent_checks(place, document, promises.kind, revisions),
        *_recipient_checks(document, promises.kind, revisions),
        (partial(_check_category, place, document, policy), policy, document.schema),
        (partial(_check_retention, place, document, promises.kind), promises.kind,
         means, document.delete_after_days, document.kept_by),
    ):  # fmt: skip
        fields.attempt(check, *values)
    fields.close()
    return document


def _older(files: Sequence[SchemaFile]) -> tuple[PayloadSchema, ...]:
    """Gives the revisions before the newest, each once: one may have come back."""
    found = dict[str, PayloadSchema]()
    for file in files:
        found.setdefault(file.schema.fingerprint, file.schema)
    return tuple(found.values())[1:]


def _schema_checks(
    place: Place, document: Document, policy: Policy, files: Sequence[SchemaFile]
) -> Iterator[tuple[Any, ...]]:
    """Yields the checks of each revision, with the values that each check needs."""
    means, scope = document.means, document.scope
    for number, file in enumerate(files):
        at = file.place if number else place
        payload = file.type
        yield partial(check_ids, file, means), means
        yield partial(_check_scope, at, document, payload), means, scope
        private = partial(_check_private_browsing, at, means, payload, policy)
        yield private, means, policy
        yield (partial(_check_row, at, file),)
        if number:
            yield (partial(_check_compatible, file, files[0]),)


def _consent_checks(
    place: Place, document: Document, kind: StudyKind, files: Sequence[SchemaFile]
) -> Iterator[tuple[Any, ...]]:
    """Yields the checks of what a document says of consents, with their values."""
    needed = kind, document.means, document.scope, document.consent
    for number, file in enumerate(files):
        at = file.place if number else place
        yield partial(check_consent, at, document, kind, file.type), *needed


def _recipient_checks(
    document: Document, kind: StudyKind, files: Sequence[SchemaFile]
) -> Iterator[tuple[Any, ...]]:
    """Yields the checks of keys that a document may name, with their values."""
    means, scope = document.means, document.scope
    for file in files:
        yield partial(check_recipient, file, means, kind, scope), means, kind, scope


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
        raise place.error(f"must be a power of two, at most {_MOST_BUCKETS:,}")
    return up_to(_MOST_BUCKETS)(place, number)


def _kept_by(place: Place, value: object) -> KeptBy:
    fields = AllFields(place, value)
    kept_by = KeptBy(fields.need("person", text), fields.need("reason", text))
    fields.close()
    return kept_by


def _check_scope(place: Place, document: Document, payload: Type) -> None:
    if document.scope and document.means not in _ABOUT_STUDIES:
        raise place.at("scope").error("is for joins, leaves and consents; remove it")
    what = "is no string of the document's schema; correct either"
    raise_all(
        [
            str(place.at("scope", index).error(f"{at} {what}"))
            for index, at in enumerate(document.scope)
            if type_at(payload, at) != "string"
        ]
    )


def _check_private_browsing(
    place: Place, means: Means, payload: Type, policy: Policy
) -> None:
    flag = policy.private_browsing
    if flag is None or means is not Means.DATA:
        return
    if type_at(payload, flag) != "boolean":
        raise place.error(
            f"its schema has no boolean {flag}, which policy.private_browsing names; "
            "add it or correct the policy"
        )


def _check_category(place: Place, document: Document, policy: Policy) -> None:
    category = max((each.category for each in document.schema.fields), default=1)
    if category > _MOST_WITHOUT and not policy.enrolment_required:
        raise place.error(
            "of people who did not enrol only categories 1 and 2 are collected; say"
            " policy.enrolment: required, or collect less"
        )


def _check_retention(place: Place, document: Document, kind: StudyKind) -> None:
    """The platform is never concluded, and who uninstalls may send nothing."""
    if kind is not StudyKind.PLATFORM:
        if document.kept_by:
            raise place.at("kept_by").error("is for the platform's own; remove it")
        return
    if document.delete_after_days and document.kept_by:
        raise place.at("kept_by").error(
            "stands beside delete_after_days; keep one of them"
        )
    has_rows = document.means in (Means.DATA, Means.JOINS)
    if has_rows and not (document.delete_after_days or document.kept_by):
        raise place.at("delete_after_days").error(
            "is missing; a platform is never concluded: say it, or who keeps the rows"
            " for ever, kept_by: {person: …, reason: …}"
        )


def _check_compatible(older: SchemaFile, newest: SchemaFile) -> None:
    """Rows of all revisions are one table for who reads them by the newest schema."""
    raise_all(
        [
            f"{newest.place.file}: {fault} ({older.place.file})"
            for fault in incompatibilities(older.schema, newest.schema)
        ]
    )


def _check_row(place: Place, file: SchemaFile) -> None:
    """Files hold rows: the payload must be good inside of their schema, too."""
    from rally.registry.rows import row_schema, row_takes  # imports fastavro: slow

    if row_takes(file.read):
        return
    try:
        read_schema(json.loads(row_schema(file.schema)), "row")
    except ConfigurationError as error:
        raise place.error(
            f"its schema is not good within a row's; correct the schema ({error})"
        ) from None
