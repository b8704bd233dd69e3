"""Opens JWE as Glean.js and Firefox send it: ECDH-ES on P-256 with A256GCM.

RFC 7516 and RFC 7518 define it; this module takes one profile and nothing else: direct
key agreement, no compression, no critical extensions. The encryption covers the
protected header only, so a JWE is not bound to the path that it was submitted to; Tink
pings are. The compact form names what was opened instead, and each ciphertext has
exactly one such form: base64url is read without padding, loose bits or other
characters, and no part may be spelled otherwise.
"""

import binascii
import hashlib
from collections.abc import Sequence
from typing import Protocol

import orjson
import pybase64
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rally.errors import PingFailed
from rally.outcomes import FailureReason

_CURVE = ec.SECP256R1()
_ECDH = ec.ECDH()
_FORBIDDEN = frozenset({"zip", "crit", "b64"})
_PADDING = ("", None, "==", "=")
_LAST = ("", "", "AQgw", "AEIMQUYcgkosw048")
"""Characters that may end a text of that length modulo 4: unused bits are zero."""
_SHORT = 64
"""Length below which the standard library is quicker; far above it, ten times as slow.
"""
_LONGEST_HEADER = 4096
"""Most characters of a header; clients send 250."""
_ROUND_AND_ALGORITHM = b"\x00\x00\x00\x01", b"\x00\x00\x00\x07A256GCM"
_KEY_BITS = b"\x00\x00\x01\x00"
_NO_PARTIES = bytes(8)


class JweKey(Protocol):
    """A P-256 private key with its RFC 7638 thumbprint."""

    @property
    def key(self) -> ec.EllipticCurvePrivateKey:
        """The private key."""

    @property
    def thumbprint(self) -> str:
        """SHA-256 thumbprint of the public JWK, base64url."""


class _NotOurs(Exception):
    """Not a JWE of this profile, or not for these keys; the sender learns not which."""


def open_jwe(compact: str, keys: Sequence[JweKey]) -> bytes:
    """Decrypts a compact JWE with whichever of the keys it is for.

    Args:
        compact: five base64url parts joined by dots.
        keys: candidate keys; one whose thumbprint is the header's `kid` is tried first.

    Raises:
        PingFailed: it does not open; every cause looks the same.
    """
    try:
        return _open(compact, keys)
    except (_NotOurs, InvalidTag, ValueError):
        # ValueError: base64, JSON, UTF-8, and points that are not on the curve.
        raise PingFailed(FailureReason.DECRYPTION_FAILED) from None


def _open(compact: str, keys: Sequence[JweKey]) -> bytes:
    protected, wrapped_key, iv, ciphertext, tag = _parts(compact)
    if len(protected) > _LONGEST_HEADER:
        raise _NotOurs
    header = orjson.loads(_decode(protected))
    if type(header) is not dict or wrapped_key:
        raise _NotOurs
    if header.get("alg") != "ECDH-ES" or header.get("enc") != "A256GCM":
        raise _NotOurs
    if not _FORBIDDEN.isdisjoint(header):
        raise _NotOurs
    point = _ephemeral_point(header.get("epk"))
    parties = _parties(header) if "apu" in header or "apv" in header else _NO_PARTIES
    nonce, sealed = _decode(iv), _decode(ciphertext)
    mac = _decode(tag)
    if len(nonce) != 12 or len(mac) != 16:
        raise _NotOurs
    return _try_keys(
        _ordered(keys, header.get("kid")),
        point,
        parties,
        (nonce, sealed + mac, protected.encode("ascii")),
    )


def _try_keys(
    keys: Sequence[JweKey],
    point: ec.EllipticCurvePublicKey,
    parties: bytes,
    sealed: tuple[bytes, bytes, bytes],
) -> bytes:
    for key in keys:
        try:
            agreed = key.key.exchange(_ECDH, point)
            return AESGCM(_derive(agreed, parties)).decrypt(*sealed)
        except InvalidTag:
            continue
    raise _NotOurs


def _parts(compact: str) -> tuple[str, str, str, str, str]:
    """Splits off the five parts from both ends, so that the long one is copied once."""
    first = compact.find(".")
    second = compact.find(".", first + 1)
    third = compact.find(".", second + 1)
    last = compact.rfind(".")
    ciphertext = compact[third + 1 : last]
    if not first < second < third < last or "." in ciphertext:
        raise _NotOurs
    return (
        compact[:first],
        compact[first + 1 : second],
        compact[second + 1 : third],
        ciphertext,
        compact[last + 1 :],
    )


def _decode(text: str) -> bytes:
    """Decodes base64url without padding (RFC 7515, section 2), and ignores nothing.

    It works on text throughout: searching bytes for a byte costs nine times as much.
    """
    rest = len(text) % 4
    padding = _PADDING[rest]
    if padding is None or (padding and text[-1] not in _LAST[rest]):
        raise _NotOurs
    if "+" in text or "/" in text or "=" in text:
        raise _NotOurs
    if len(text) < _SHORT:
        standard = text.replace("-", "+").replace("_", "/") + padding
        return binascii.a2b_base64(standard, strict_mode=True)
    return pybase64.b64decode(text + padding, b"-_", validate=True)


def _ephemeral_point(epk: object) -> ec.EllipticCurvePublicKey:
    """Reads the sender's key from a P-256 JWK; ValueError for a point off the curve."""
    if type(epk) is not dict or epk.get("kty") != "EC" or epk.get("crv") != "P-256":
        raise _NotOurs
    x, y = epk.get("x"), epk.get("y")
    if type(x) is not str or type(y) is not str:
        raise _NotOurs
    coordinates = _decode(x), _decode(y)
    if len(coordinates[0]) != 32 or len(coordinates[1]) != 32:
        raise _NotOurs
    return ec.EllipticCurvePublicKey.from_encoded_point(
        _CURVE, b"\x04" + coordinates[0] + coordinates[1]
    )


def _parties(header: dict[str, object]) -> bytes:
    """Encodes PartyUInfo and PartyVInfo of the key derivation; clients name neither."""
    return _length_prefixed(header.get("apu")) + _length_prefixed(header.get("apv"))


def _length_prefixed(party: object) -> bytes:
    if party is None:
        return b"\x00\x00\x00\x00"
    if type(party) is not str:
        raise _NotOurs
    info = _decode(party)
    return len(info).to_bytes(4, "big") + info


def _derive(agreed: bytes, parties: bytes) -> bytes:
    """Derives the key by the Concat KDF of NIST SP 800-56A with SHA-256.

    One round, as RFC 7518, section 4.6, has it.
    """
    counter, algorithm = _ROUND_AND_ALGORITHM
    return hashlib.sha256(counter + agreed + algorithm + parties + _KEY_BITS).digest()


def _ordered(keys: Sequence[JweKey], kid: object) -> Sequence[JweKey]:
    if len(keys) < 2:
        return keys
    return sorted(keys, key=lambda key: key.thumbprint != kid)
