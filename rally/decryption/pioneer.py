"""Reads the Pioneer v2 envelope, which has routing and key in the body.

Its schema is `telemetry.pioneer-study.4`.
"""

from typing import NamedTuple

from rally.envelope import DocumentName
from rally.validation.pointers import look_up

DELETION_REQUEST = "deletion-request"
"""Document type by which somebody leaves, in every namespace."""

PASSED_WHEN_UNDECRYPTABLE = frozenset({DELETION_REQUEST, "pioneer-enrollment"})
"""Document types whose clear text may be missing: their id is in the envelope.

Clients seal them with a key that nobody has; a withdrawal is never lost to a bad key.
"""

BOGUS_KEY_IDS = frozenset({"discarded", "debug"})
"""Key ids of the public key that clients ship with no private key behind it."""


class PioneerEnvelope(NamedTuple):
    """The parts of a Pioneer v2 envelope that the pipeline uses.

    Attributes:
        jwe: encrypted payload, a compact JWE.
        key_id: id of the key that it says it is sealed with.
        document: name of the schema; its namespace may be an alias.
        identifier: pioneer id, which is the rally id; not yet canonical.
        is_valid: whether it names its document as `telemetry.pioneer-study.4` requires.
            A withdrawal counts even where it does not.
    """

    jwe: str
    key_id: str
    document: DocumentName
    identifier: object
    is_valid: bool = True


def parse_pioneer(body: dict[str, object]) -> PioneerEnvelope:
    """Reads an envelope; an illegible text becomes "", and an illegible version 0."""
    payload = body.get("payload")
    namespace = _text(payload, "schemaNamespace")
    document_type = _text(payload, "schemaName")
    version = look_up(payload, ("schemaVersion",))
    if type(version) is not int or version < 1:
        version = 0
    return PioneerEnvelope(
        _text(payload, "encryptedData"),
        _text(payload, "encryptionKeyId"),
        DocumentName(namespace, document_type, version),
        look_up(payload, ("pioneerId",)),
        body.get("type") == "pioneer-study"
        and body.get("version") == 4
        and bool(namespace and document_type and version),
    )


def identifier_name(namespace: str) -> str:
    """Gives the key at the payload's top that takes the envelope's id, by namespace."""
    return "rallyId" if namespace.startswith("rally-") else "pioneerId"


def _text(payload: object, name: str) -> str:
    value = look_up(payload, (name,))
    return value if type(value) is str else ""
