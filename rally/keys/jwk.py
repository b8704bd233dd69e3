"""JSON Web Keys (RFC 7517) on P-256: what Glean and Pioneer clients encrypt to."""

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec

from rally.errors import ConfigurationError
from rally.keys.secret import Secret

_COORDINATE_BYTES = 32
_KEY_ID = "pioneer_key_id"


@dataclass(frozen=True, repr=False)
class EcPrivateKey(Secret):
    """A P-256 private key, built once, so that opening a ping parses nothing.

    Attributes:
        key: The key for the key agreement.
        thumbprint: RFC 7638, SHA-256; Glean.js sends it as `kid`.
        pioneer_key_id: The `encryptionKeyId` of Pioneer v2 that it was imported for;
            None for a Glean key.
    """

    key: ec.EllipticCurvePrivateKey
    thumbprint: str
    pioneer_key_id: str | None = None


def generate() -> EcPrivateKey:
    """A new Glean key."""
    return _from_key(ec.generate_private_key(ec.SECP256R1()), None)


def parse_private(text: bytes, where: str, key_id: str | None = None) -> EcPrivateKey:
    """The key of one private JWK; of its members only kty, crv, x, y and d are read.

    Args:
        text: A JSON object.
        where: Name for messages, such as a file's.
        key_id: Pioneer's id of the key, or None for a Glean key.

    Raises:
        ConfigurationError: it is no private JWK on P-256, or its d is of another key.
    """
    return _parse(_object(text, where), where, key_id)


def parse_set(text: bytes, where: str) -> list[EcPrivateKey]:
    """The keys of a stored JWK Set (RFC 7517, section 5), newest first.

    Raises:
        ConfigurationError: as `parse_private`; or it is no set.
    """
    members = _object(text, where).get("keys")
    if not isinstance(members, list) or not all(isinstance(m, dict) for m in members):
        raise ConfigurationError(f"{where}: is not a JWK Set; import its keys again")
    return [_parse(member, where, _key_id(member, where)) for member in members]


def serialise_set(keys: list[EcPrivateKey]) -> bytes:
    """The clear JWK Set; for an Aead and for nothing else."""
    return json.dumps({"keys": [_private_members(key) for key in keys]}).encode()


def public_members(key: EcPrivateKey) -> dict[str, str]:
    """The public JWK that clients need, with its thumbprint as `kid`."""
    return {**_public(key.key), "kid": key.thumbprint}


def _private_members(key: EcPrivateKey) -> dict[str, str]:
    members = _public(key.key)
    members["d"] = _encode(key.key.private_numbers().private_value)
    if key.pioneer_key_id is not None:
        members[_KEY_ID] = key.pioneer_key_id
    return members


def _parse(members: dict[str, object], where: str, key_id: str | None) -> EcPrivateKey:
    if members.get("kty") != "EC" or members.get("crv") != "P-256":
        raise ConfigurationError(f"{where}: the JWK is not of kty EC and crv P-256")
    x, y, d = (_decode(members.get(name), name, where) for name in ("x", "y", "d"))
    try:
        key = ec.derive_private_key(d, ec.SECP256R1())
    except ValueError:
        raise ConfigurationError(f"{where}: the JWK's d is no P-256 key") from None
    numbers = key.public_key().public_numbers()
    if (numbers.x, numbers.y) != (x, y):
        raise ConfigurationError(
            f"{where}: the JWK's d does not match its x and y; export the key again"
        )
    return _from_key(key, key_id)


def _from_key(key: ec.EllipticCurvePrivateKey, key_id: str | None) -> EcPrivateKey:
    return EcPrivateKey(key, _thumbprint(key), key_id)


def _thumbprint(key: ec.EllipticCurvePrivateKey) -> str:
    """RFC 7638, section 3: the required members, sorted, without white space."""
    canonical = json.dumps(_public(key), sort_keys=True, separators=(",", ":"))
    return _base64url(hashlib.sha256(canonical.encode()).digest())


def _public(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    numbers = key.public_key().public_numbers()
    x, y = _encode(numbers.x), _encode(numbers.y)
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def _key_id(members: dict[str, object], where: str) -> str | None:
    key_id = members.get(_KEY_ID)
    if key_id is not None and not isinstance(key_id, str):
        raise ConfigurationError(f"{where}: a {_KEY_ID} is not a string")
    return key_id


def _object(text: bytes, where: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):  # a JSONDecodeError holds the text
        value = None
    if not isinstance(value, dict):
        raise ConfigurationError(f"{where}: is not a JSON object")
    return value


def _encode(number: int) -> str:
    return _base64url(number.to_bytes(_COORDINATE_BYTES, "big"))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: object, name: str, where: str) -> int:
    """RFC 7518, 6.2: base64url of exactly 32 bytes, without padding."""
    try:
        if not isinstance(text, str):
            raise ValueError
        data = base64.b64decode(text + "=", altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        data = b""
    if len(data) != _COORDINATE_BYTES:
        raise ConfigurationError(
            f"{where}: the JWK's {name} is not 32 bytes in base64url"
        )
    return int.from_bytes(data, "big")
