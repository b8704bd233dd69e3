"""Sealed pings on disk, with the keys and the study that they are for.

Making them is not timed. They are kept per scheme, size and number in the folder that
`--work` names, and made once.
"""

import base64
import gzip
import json
import os
import random
import shutil
import uuid
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import orjson
import yaml
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from tink import hybrid

from benchmarks import pings
from rally.initialisation.development_reviews import write_reviews
from rally.keys import administration, kek_assignment, platform_administration, sealing
from rally.keys.folder import KeyFolder
from rally.keys.ping_keys import namespaces

SCHEMES = ("jwe", "hpke", "ecies")
NAMESPACE = "rally-bench"

_JOINED = "study-enrollment"  # which no ping is, and no study is without
_VERSION = 2  # of what is generated: counts up when old pings are to be made again
_SEALERS = 2
_DAY = pings.FIRST_DAY.date()
_STUDY = {
    "namespace": NAMESPACE,
    "kind": "study",
    "name": "Benchmark",
    "starts": _DAY,
    "policy": {
        "enrolment": "required",
        "do_not_track": "refuse",
        "private_browsing": "client",
        "after_end": "defer",
    },
    "documents": {
        f"{pings.DOCUMENT}.1": {
            "means": "data",
            "purpose": "to measure",
        },
        f"{_JOINED}.1": {"means": "joins", "purpose": "-"},
    },
}

Seal = Callable[[bytes, str], bytes]
"""From a clear ping and the path of its submission to the HTTP body."""


class Workload(NamedTuple):
    """One set of sealed pings.

    Attributes:
        scheme: how they are sealed.
        size: of each clear ping, in bytes.
        count: how many they are.
        folder: where everything is.
    """

    scheme: str
    size: int
    count: int
    folder: Path

    @property
    def inputs(self) -> str:
        """Glob of the input files."""
        return str(self.folder / "pings-*.ndjson")

    @property
    def one_ping(self) -> str:
        """A file of one ping: what is left of a run is its start-up."""
        return str(self.folder / "one.ndjson")

    @property
    def options(self) -> list[str]:
        """Options of `rally ingest` that name the keys and the study."""
        return [
            f"--keys={self.folder / 'keys'}",
            f"--studies={self.folder / 'studies'}",
        ]


def make(work: Path, scheme: str, size: int, count: int) -> Workload:
    """The workload of these parameters, from `work` where it was made before."""
    folder = work / f"{scheme}-{size}-{count}-v{_VERSION}"
    if not folder.exists():
        half = folder.with_suffix(".part")
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(parents=True)
        _make(Workload(scheme, size, count, half))
        half.rename(folder)
    return Workload(scheme, size, count, folder)


def _make(workload: Workload) -> None:
    _write_study(workload.folder / "studies")
    _write_keys(workload)
    # Tink's threads do not survive a fork.
    with ProcessPoolExecutor(_SEALERS, get_context("spawn")) as sealers:
        list(sealers.map(_write_pings, [workload] * _SEALERS, range(_SEALERS)))
    with open(workload.folder / "pings-0.ndjson", "rb") as file:
        Path(workload.one_ping).write_bytes(file.readline())


def _write_study(folder: Path) -> None:
    study = folder / NAMESPACE
    study.mkdir(parents=True)
    (study / "study.yaml").write_text(yaml.safe_dump(_STUDY))
    schema = json.dumps(pings.payload_schema())
    for document in (pings.DOCUMENT, _JOINED):
        (study / f"{document}.1.avsc").write_text(schema)
    write_reviews(folder)


def _write_keys(workload: Workload) -> None:
    uri = str(workload.folder / "keys")
    folder = KeyFolder(uri)
    kek_assignment.assign_kek(folder, namespaces, NAMESPACE)
    template = "jwk" if workload.scheme == "jwe" else workload.scheme
    administration.create(folder, NAMESPACE, template)
    platform_administration.ensure_platform_keys(f"{uri}/platform", [NAMESPACE])


def _write_pings(workload: Workload, part: int) -> None:
    """Every `_SEALERS`th ping, in a file of its own."""
    generator = random.Random(f"{workload.size}-{part}")
    seal = _sealer(workload)
    with open(workload.folder / f"pings-{part}.ndjson", "wb") as file:
        for _ in range(part, workload.count, _SEALERS):
            file.write(_message(generator, workload.size, seal))


def _message(generator: random.Random, size: int, seal: Seal) -> bytes:
    document_id = uuid.UUID(pings.random_id(generator))
    path = sealing.submission_path(NAMESPACE, pings.DOCUMENT, 1, document_id)
    body = seal(pings.clear_ping(generator, size), path)
    message = {
        "attributeMap": {
            "uri": path,
            "submission_timestamp": pings.submitted(generator),
            "x_telemetry_agent": "Glean/1.4.0 (JS on Windows)",
            "method": "POST",
            "protocol": "HTTP/1.1",
            "host": "incoming.example.org",
            "x_forwarded_for": "192.0.2.1",
            "content_length": str(len(body)),
        },
        "payload": base64.b64encode(body).decode(),
    }
    return orjson.dumps(message) + b"\n"


def _sealer(workload: Workload) -> Seal:
    folder = KeyFolder(str(workload.folder / "keys"))
    if workload.scheme == "jwe":
        public = administration.public_jwk(folder, NAMESPACE)
        return lambda clear, path: gzip.compress(
            orjson.dumps({"payload": _seal_jwe(clear, public)}), 6, mtime=0
        )
    keyset = folder.read_keyset(NAMESPACE).public_keyset_handle()
    encrypt = keyset.primitive(hybrid.HybridEncrypt).encrypt
    return lambda clear, path: encrypt(gzip.compress(clear, 6, mtime=0), path.encode())


def _seal_jwe(clear: bytes, public: dict[str, str]) -> str:
    """As Glean.js does: RFC 7516, ECDH-ES on P-256, A256GCM, nothing compressed."""
    ephemeral = ec.generate_private_key(ec.SECP256R1())
    recipient = ec.EllipticCurvePublicNumbers(
        _number(public["x"]), _number(public["y"]), ec.SECP256R1()
    ).public_key()
    info = b"\0\0\0\x07A256GCM" + bytes(8) + b"\0\0\x01\0"
    key = ConcatKDFHash(hashes.SHA256(), 32, info).derive(
        ephemeral.exchange(ec.ECDH(), recipient)
    )
    protected, nonce = _header(ephemeral, public["kid"]), os.urandom(12)
    sealed = AESGCM(key).encrypt(nonce, clear, protected)
    parts = (protected, b"", *map(_encode, (nonce, sealed[:-16], sealed[-16:])))
    return b".".join(parts).decode()


def _header(ephemeral: ec.EllipticCurvePrivateKey, kid: str) -> bytes:
    point = ephemeral.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    x, y = (_encode(half).decode() for half in (point[1:33], point[33:]))
    key = {"x": x, "crv": "P-256", "kty": "EC", "y": y}
    header = {"kid": kid, "alg": "ECDH-ES", "enc": "A256GCM", "typ": "JWE", "epk": key}
    return _encode(orjson.dumps(header))


def _encode(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _number(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "="), "big")
