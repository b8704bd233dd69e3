"""Opens a body into clear text: gzip, the envelope, the ciphertext, gzip again."""

from typing import Any, NamedTuple, NoReturn

import tink

from rally.bounded_json import CrowdedJson, InvalidJson, parse_json
from rally.decryption.inflate import inflate
from rally.decryption.jwe import open_jwe
from rally.decryption.pioneer import (
    PASSED_WHEN_UNDECRYPTABLE,
    PioneerEnvelope,
    parse_pioneer,
)
from rally.errors import PingFailed
from rally.keys.ping_keys import PingKeys
from rally.outcomes import FailureReason

_TINK_PREFIX = 1
"""First byte of a ciphertext by a Tink key with output prefix TINK."""

Clear = dict[str, Any]


class Opened(NamedTuple):
    """The content of an opened body.

    Attributes:
        clear: JSON object of the payload.
        jwe: compact JWE that the payload was sealed in; None where the ciphertext is
            bound to the path of its submission.
    """

    clear: Clear
    jwe: str | None = None


class Opener:
    """Opens bodies with the keys of their namespaces.

    Tink authenticates a ciphertext together with the path of its submission: one that
    was moved to another study, or sent again under another document id, does not open.
    A JWE is not bound to its path; its bytes identify it.
    """

    def __init__(self, keys: PingKeys) -> None:
        """Takes the keys that open pings."""
        self._keys = keys

    def open(self, body: bytes, namespace: str, path: str) -> Opened:
        """Opens a Tink or a Glean.js body into its clear JSON object.

        Args:
            body: HTTP body of the ping.
            namespace: namespace whose keys may open it.
            path: path of its submission.

        Raises:
            PingFailed: the body does not open, or its content is no JSON object.
        """
        data = inflate(body, FailureReason.INVALID_BODY)
        if data and data[0] == _TINK_PREFIX:
            return Opened(_clear_object(self._open_tink(data, namespace, path)))
        envelope = _body_object(data)
        compact = envelope.get("payload")
        if len(envelope) != 1 or type(compact) is not str:
            raise PingFailed(FailureReason.NOT_ENCRYPTED)
        keys = self._keys.jwks(namespace) or _no_key()
        return Opened(_clear_object(open_jwe(compact, keys)), compact)

    def read_pioneer(self, body: bytes) -> PioneerEnvelope:
        """Reads a Pioneer v2 envelope, and decrypts nothing yet.

        Raises:
            PingFailed: the body is no JSON object.
        """
        return parse_pioneer(_body_object(inflate(body, FailureReason.INVALID_BODY)))

    def open_pioneer(
        self, envelope: PioneerEnvelope, namespace: str, *, any_key: bool = False
    ) -> Clear | None:
        """Opens the payload of a Pioneer v2 envelope.

        None where a deletion request or an enrolment does not open: it passes as `{}`
        (gcp-ingestion, bug 1691807).

        Args:
            envelope: envelope with the payload.
            namespace: namespace whose keys may open it.
            any_key: whether each of its keys may, where none has the id in the
                envelope.

        Raises:
            PingFailed: any other payload does not open.
        """
        try:
            return _clear_object(self._open_pioneer_jwe(envelope, namespace, any_key))
        except PingFailed:
            if envelope.document.type in PASSED_WHEN_UNDECRYPTABLE:
                return None
            raise

    def _open_pioneer_jwe(
        self, envelope: PioneerEnvelope, namespace: str, any_key: bool
    ) -> bytes:
        if not envelope.jwe or not (envelope.key_id or any_key):
            raise PingFailed(FailureReason.INVALID_BODY)
        keys = self._keys.pioneer(envelope.key_id, namespace)
        if keys or not any_key:
            return open_jwe(envelope.jwe, keys or _no_key())
        try:
            return open_jwe(envelope.jwe, self._keys.all_pioneer(namespace))
        except PingFailed:
            _no_key()

    def _open_tink(self, data: bytes, namespace: str, path: str) -> bytes:
        hybrid = self._keys.hybrid(namespace) or _no_key()
        try:
            return hybrid.decrypt(data, path.encode("ascii"))
        except tink.TinkError:
            raise PingFailed(FailureReason.DECRYPTION_FAILED) from None


def _no_key() -> NoReturn:
    raise PingFailed(FailureReason.NO_KEY)


def _body_object(data: bytes) -> Clear:
    return _object(data, FailureReason.INVALID_BODY)


def _clear_object(clear: bytes) -> Clear:
    data = inflate(clear, FailureReason.INVALID_PAYLOAD)
    return _object(data, FailureReason.INVALID_PAYLOAD)


def _object(data: bytes, failure: FailureReason) -> Clear:
    """Parses a JSON object, exactly as it is stored later.

    Raises:
        PingFailed: it is none, or has more in it than any ping.
    """
    try:
        value = parse_json(data)
    except CrowdedJson:
        raise PingFailed(FailureReason.TOO_LARGE) from None
    except InvalidJson:
        raise PingFailed(failure) from None
    if type(value) is not dict:
        raise PingFailed(failure)
    return value
