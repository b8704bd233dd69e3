"""Clients of the demo's made-up people: each seals as real ones of its kind do."""

import base64
import gzip
import json
import os
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash

from rally.keys.folder import KeyFolder
from rally.keys.sealing import public_from_folder, submission_path

NEWS = "rally-demo-news"
CORE = "rally-core"

_AGENT = "Glean/1.4.0 (JS on Linux)"
_PARTIES_AND_BITS = bytes(8) + (256).to_bytes(4, "big")


class Message(NamedTuple):
    """Submission of a browser: a body, its address, and the edge's attributes."""

    body: bytes
    attributes: dict[str, str]


class NewsExtension:
    """A study's own extension: sealed with Tink, and bound to the path."""

    def __init__(self, keys_uri: str) -> None:
        """Takes the folder with the study's keyset."""
        from tink import hybrid  # slow to import

        public = public_from_folder(keys_uri, NEWS)
        self._sealer = public.primitive(hybrid.HybridEncrypt)

    def submit(
        self,
        document_type: str,
        document_id: uuid.UUID,
        clear: Mapping[str, Any],
        sent: datetime,
        **attributes: str,
    ) -> Message:
        """One ping, as it comes in at the edge."""
        path = submission_path(NEWS, document_type, 1, document_id)
        body = self._sealer.encrypt(json.dumps(clear).encode(), path.encode())
        return _received(body, path, sent, **attributes)


class CoreAddon:
    """Rally's add-on, with Glean.js 1.4.0 and its encryption plugin: gzip and JWE."""

    def __init__(self, keys_uri: str) -> None:
        """Takes the folder with the platform's JWK."""
        self._key = KeyFolder(keys_uri).read_jwks(CORE)[0]

    def submit(
        self,
        document_type: str,
        document_id: uuid.UUID,
        metrics: Mapping[str, Any],
        sent: datetime,
    ) -> Message:
        """One ping, as it comes in at the edge."""
        path = submission_path(CORE, document_type, 1, document_id)
        clear = json.dumps({"metrics": metrics, **_glean(sent)}).encode()
        jwe = _seal_jwe(self._key.key.public_key(), self._key.thumbprint, clear)
        body = gzip.compress(json.dumps({"payload": jwe}).encode())
        return _received(body, path, sent, x_telemetry_agent=_AGENT)


def _received(body: bytes, path: str, sent: datetime, **attributes: str) -> Message:
    return Message(
        body,
        {
            "uri": path,
            "submission_timestamp": sent.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "remote_addr": "192.0.2.1",  # the edge adds it; nothing keeps it
            "country": "US",
            **attributes,
        },
    )


def _glean(sent: datetime) -> dict[str, Any]:
    """What Glean adds to every ping."""
    minute = f"{sent:%Y-%m-%dT%H:%M}+00:00"
    return {
        "ping_info": {"seq": 0, "start_time": minute, "end_time": minute},
        "client_info": {
            "telemetry_sdk_build": "1.4.0",
            "first_run_date": f"{sent:%Y-%m-%d}+00:00",
            "os": "Linux",
            "os_version": "6.1",
            "architecture": "x64",
            "locale": "en-US",
            "app_build": "Unknown",
            "app_display_version": "1.4.3",
        },
    }


def _seal_jwe(to: ec.EllipticCurvePublicKey, thumbprint: str, clear: bytes) -> str:
    """A compact JWE: ECDH-ES on P-256, A256GCM (RFC 7516 and 7518, section 4.6)."""
    ours = ec.generate_private_key(ec.SECP256R1())
    point = ours.public_key().public_numbers()
    x, y = (_base64url(each.to_bytes(32, "big")) for each in (point.x, point.y))
    header = {
        "kid": thumbprint,
        "alg": "ECDH-ES",
        "enc": "A256GCM",
        "typ": "JWE",
        "epk": {"kty": "EC", "crv": "P-256", "x": x, "y": y},
    }
    protected = _base64url(json.dumps(header).encode())
    info = b"\0\0\0\x07A256GCM" + _PARTIES_AND_BITS
    agreed = ours.exchange(ec.ECDH(), to)
    key = ConcatKDFHash(hashes.SHA256(), 32, info).derive(agreed)
    nonce = os.urandom(12)
    sealed = AESGCM(key).encrypt(nonce, clear, protected.encode())
    parts = (b"", nonce, sealed[:-16], sealed[-16:])
    return ".".join([protected, *map(_base64url, parts)])


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
