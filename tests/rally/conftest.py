"""Sealing as clients do it, written apart from the code that opens."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash

from rally.keys.jwk import EcPrivateKey

Seal = Callable[..., str]
IV = bytes(range(12))


@pytest.fixture(scope="session")
def vectors() -> Path:
    """Pings of real clients; its README.md says whose."""
    return Path(__file__).parents[1] / "vectors"


@pytest.fixture(scope="session")
def seal_jwe() -> Seal:
    """Seals to a key: `seal_jwe(key, clear, header={...}, omit=[...])`.

    The header's members are added to those of a Glean.js client, or put in their place.
    """
    return _seal_jwe


def _seal_jwe(
    key: EcPrivateKey,
    clear: bytes,
    header: dict[str, Any] | None = None,
    omit: tuple[str, ...] = (),
) -> str:
    ephemeral = ec.generate_private_key(ec.SECP256R1())
    numbers = ephemeral.public_key().public_numbers()
    members: dict[str, Any] = {
        "kid": key.thumbprint,
        "alg": "ECDH-ES",
        "enc": "A256GCM",
        "typ": "JWE",
        "epk": {
            "kty": "EC",
            "crv": "P-256",
            "x": base64url(numbers.x.to_bytes(32, "big")),
            "y": base64url(numbers.y.to_bytes(32, "big")),
        },
        **(header or {}),
    }
    protected = base64url(
        json.dumps({k: v for k, v in members.items() if k not in omit}).encode()
    )
    agreed = ephemeral.exchange(ec.ECDH(), key.key.public_key())
    sealed = AESGCM(_derive(agreed, members)).encrypt(IV, clear, protected.encode())
    parts = (b"", IV, sealed[:-16], sealed[-16:])
    return ".".join([protected, *map(base64url, parts)])


def _derive(agreed: bytes, members: dict[str, Any]) -> bytes:
    parties = [_unbase64url(members.get(name, "")) for name in ("apu", "apv")]
    info = b"".join(
        len(part).to_bytes(4, "big") + part for part in (b"A256GCM", *parties)
    )
    info += (256).to_bytes(4, "big")
    return ConcatKDFHash(hashes.SHA256(), 32, info).derive(agreed)


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unbase64url(text: Any) -> bytes:
    if not isinstance(text, str):
        return b""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
