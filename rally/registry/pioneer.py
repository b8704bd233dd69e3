"""The two documents that Pioneer v2 sends in every namespace.

The add-on says `pioneer-enrollment` and `deletion-request` in the study's namespace,
with nearly nothing in them: the id stands in the envelope, and the decoder puts it at
the top of the payload under a name that depends on the namespace.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from rally.decryption.pioneer import DELETION_REQUEST, identifier_name
from rally.fields import Place
from rally.registry.schemas import payload_schema
from rally.registry.study import Document, Keep, Means, PayloadSchema, StudyKind
from rally.validation.avro_schema import read_schema

_ENROLMENT = "pioneer-enrollment"

PLATFORM_DAYS = 3650
"""How long rows of enrolments stay in a platform's namespace: it is never concluded."""


def built_in_documents(
    namespace: str, kind: StudyKind = StudyKind.STUDY
) -> dict[str, Document]:
    """Pioneer's enrolment and deletion request of a namespace, by document name."""
    days = PLATFORM_DAYS if kind is StudyKind.PLATFORM else None
    enrolment, request = _schemas(identifier_name(namespace))
    return {
        document.name: document
        for document in (
            _document(namespace, _ENROLMENT, Means.JOINS, enrolment, days),
            _document(namespace, DELETION_REQUEST, Means.LEAVES, request),
        )
    }


class PioneerDocuments:
    """The documents of a namespace, as what comes in Pioneer v2's envelope names them.

    Its enrolment and deletion request carry the id elsewhere than a study's own
    documents of the same type: the built-in ones win over those, and yield to declared
    ones that have the id where Pioneer's decoder puts it.
    """

    def __init__(
        self, built_in: Mapping[str, Document], declared: Mapping[str, Document]
    ) -> None:
        """Takes both kinds by their names."""
        places = {it.type: it.schema.participant for it in built_in.values()}
        self._by_name = dict(built_in) | {
            name: document
            for name, document in declared.items()
            if places.get(document.type, document.schema.participant)
            == document.schema.participant
        }
        self._newest_withdrawals = {
            document.type: document
            for document in sorted(self._by_name.values(), key=lambda it: it.version)
            if document.means in (Means.LEAVES, Means.DELETION_ID)
        }

    def find(self, type: str, version: int) -> Document | None:
        """The document that a ping names; who leaves may name any version."""
        named = self._by_name.get(f"{type}.{version}")
        return named or self._newest_withdrawals.get(type)


@cache
def _schemas(field: str) -> tuple[PayloadSchema, PayloadSchema]:
    """Makes the schemas of both, in which the participant's id has this name."""
    made = {
        _ENROLMENT: _enrolment_schema(field),
        DELETION_REQUEST: _record("deletion_request", field, []),
    }
    enrolment, request = (
        payload_schema(Place(f"{type}.1"), schema, read_schema(schema))
        for type, schema in made.items()
    )
    return enrolment, request


def _enrolment_schema(field: str) -> dict[str, Any]:
    deletion_id = {
        "name": "deletionId",
        "type": ["null", "string"],
        "default": None,
        "doc": "Id under which the extension says that it was removed",
        **_ID,
    }
    schema = _record("pioneer_enrollment", field, [deletion_id])
    return {"deletion_id": "/deletionId", **schema}


_ID = {"category": 1, "purpose": "Who joined and who left", "identifier": True}


def _record(name: str, field: str, others: list[Any]) -> dict[str, Any]:
    return {
        "type": "record",
        "name": name,
        "participant": f"/{field}",
        "fields": [
            {
                "name": field,
                "type": "string",
                "doc": "Participant; what is stored is a pseudonym",
                **_ID,
            },
            *others,
        ],
    }


def _document(
    namespace: str,
    type: str,
    means: Means,
    schema: PayloadSchema,
    days: int | None = None,
) -> Document:
    return Document(
        namespace=namespace,
        type=type,
        version=1,
        means=means,
        scope=(),
        delete_after_days=days,
        keep=Keep.ALL,
        buckets=1,
        purpose="Pioneer v2's own record of who joined and who left.",
        schema=schema,
        is_built_in=True,
        sent=f"once, as somebody {means}",
    )
