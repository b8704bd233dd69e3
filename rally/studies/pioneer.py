"""The two documents that Pioneer v2 sends in every namespace.

The add-on says `pioneer-enrollment` and `deletion-request` in the study's namespace,
with nearly nothing in them: the id stands in the envelope, and the decoder puts it at
the top of the payload under a name that depends on the namespace.
"""

from typing import Any

from rally.opening.pioneer import identifier_name
from rally.studies.schemas import payload_schema
from rally.studies.study import Document, Keep, Means


def built_in_documents(namespace: str) -> dict[str, Document]:
    """Pioneer's enrolment and deletion request of a namespace, by document name."""
    field = identifier_name(namespace)
    enrolment = _enrolment_schema(field)
    request = _record("deletion_request", field, [])
    return {
        document.name: document
        for document in (
            _document(namespace, "pioneer-enrollment", Means.JOINS, enrolment),
            _document(namespace, "deletion-request", Means.LEAVES, request),
        )
    }


def _enrolment_schema(field: str) -> dict[str, Any]:
    deletion_id = {"name": "deletionId", "type": ["null", "string"], "default": None}
    schema = _record("pioneer_enrollment", field, [deletion_id])
    return {"deletion_id": "/deletionId", **schema}


def _record(name: str, field: str, others: list[Any]) -> dict[str, Any]:
    return {
        "type": "record",
        "name": name,
        "participant": f"/{field}",
        "fields": [{"name": field, "type": "string"}, *others],
    }


def _document(
    namespace: str, type: str, means: Means, schema: dict[str, Any]
) -> Document:
    return Document(
        namespace=namespace,
        type=type,
        version=1,
        means=means,
        scope=(),
        delete_after_days=None,
        keep=Keep.ALL,
        buckets=1,
        purpose="Pioneer v2's own record of who joined and who left.",
        review=None,
        schema=payload_schema(schema),
    )
