"""The Pioneer v2 envelope, `telemetry.pioneer-study.4`: routing and key in the body."""

from typing import NamedTuple

from rally.checking.pointers import look_up
from rally.envelope import DocumentName
from rally.errors import PingFailed
from rally.outcomes import FailureReason

PASSED_WHEN_UNDECRYPTABLE = frozenset({"deletion-request", "pioneer-enrollment"})
"""Documents whose clear text may be missing: their id is in the envelope.

Clients seal them with a key that nobody has; a withdrawal is never lost to a bad key.
"""

BOGUS_KEY_IDS = frozenset({"discarded", "debug"})
"""Key ids of the public key that clients ship with no private key behind it."""


class PioneerEnvelope(NamedTuple):
    """The parts of a Pioneer v2 envelope that are used.

    Attributes:
        jwe: the encrypted payload, a compact JWE.
        key_id: which key it says it is sealed with.
        document: of the schema; its namespace may be an alias.
        identifier: the pioneer id, which is the rally id; not yet canonical.
    """

    jwe: str
    key_id: str
    document: DocumentName
    identifier: object


def parse_pioneer(body: dict[str, object]) -> PioneerEnvelope:
    """Reads an envelope.

    Raises:
        PingFailed: it is not one.
    """
    payload = body.get("payload")
    if body.get("type") != "pioneer-study" or body.get("version") != 4:
        raise PingFailed(FailureReason.INVALID_BODY)
    strings = [
        look_up(payload, (name,))
        for name in (
            "encryptedData",
            "encryptionKeyId",
            "schemaNamespace",
            "schemaName",
        )
    ]
    version = look_up(payload, ("schemaVersion",))
    if type(version) is not int or version < 1:
        raise PingFailed(FailureReason.INVALID_BODY)
    jwe, key_id, namespace, document_type = (_string(value) for value in strings)
    identifier = look_up(payload, ("pioneerId",))
    document = DocumentName(namespace, document_type, version)
    return PioneerEnvelope(jwe, key_id, document, identifier)


def identifier_name(namespace: str) -> str:
    """The key at the payload's top that takes the envelope's id, by namespace."""
    return "rallyId" if namespace.startswith("rally-") else "pioneerId"


def _string(value: object) -> str:
    if type(value) is not str or not value:
        raise PingFailed(FailureReason.INVALID_BODY)
    return value
