"""The floor: a plain loop over the same pings, by the same primitives.

It reads, opens, writes Avro and compresses, in one process, with nothing of the
platform but the keys' loading: no registry, no policy, no pseudonyms, no search for
ids, no partitions, no index, no dead letters, no sync.

    python -m benchmarks.floor OUTPUT KEYS SCHEMA INPUT…
"""

import base64
import hashlib
import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import fastavro
import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from isal import igzip, isal_zlib

from benchmarks.workload import NAMESPACE
from rally.keys.ping_keys import PingKeys

_BLOCK_BYTES = 64 * 1024
_CURVE, _ECDH = ec.SECP256R1(), ec.ECDH()

Open = Callable[[bytes, str], bytes]


def run(output: str, keys: str, schema_file: str, inputs: Sequence[str]) -> int:
    """Returns how many pings were written."""
    schema = fastavro.parse_schema(orjson.loads(Path(schema_file).read_bytes()))
    open_body = _opener(PingKeys.load(keys))
    count = 0
    block = io.BytesIO()
    with open(output, "ab") as out:
        for name in inputs:
            with open(name, "rb") as file:
                for line in file:
                    message = orjson.loads(line)
                    body = base64.b64decode(message["payload"])
                    clear = open_body(body, message["attributeMap"]["uri"])
                    ping = _renamed(orjson.loads(clear))
                    fastavro.schemaless_writer(
                        block, schema, ping, strict_allow_default=True
                    )
                    count += 1
                    if block.tell() >= _BLOCK_BYTES:
                        _append(out, block)
        _append(out, block)
    return count


def raw_open(key: ec.EllipticCurvePrivateKey, parts: tuple[bytes, ...]) -> bytes:
    """The primitives that opening a JWE cannot do without.

    Args:
        key: the recipient's.
        parts: the ephemeral point, the nonce, the ciphertext with its tag, and the
            header as it is authenticated; all decoded already.
    """
    point, nonce, sealed, protected = parts
    public = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, point)
    agreed = key.exchange(_ECDH, public)
    derived = hashlib.sha256(
        b"\0\0\0\1" + agreed + b"\0\0\0\x07A256GCM" + bytes(8) + b"\0\0\x01\0"
    )
    return AESGCM(derived.digest()).decrypt(nonce, sealed, protected)


def jwe_parts(compact: bytes) -> tuple[bytes, ...]:
    """Decodes a compact JWE that is known to be good, for `raw_open`."""
    protected, _, nonce, ciphertext, tag = compact.split(b".")
    epk = orjson.loads(_decode(protected))["epk"]
    point = b"\4" + _decode(epk["x"].encode()) + _decode(epk["y"].encode())
    return point, _decode(nonce), _decode(ciphertext) + _decode(tag), protected


def _opener(keys: PingKeys) -> Open:
    jwks = keys.jwks(NAMESPACE)
    if not jwks:
        hybrid = keys.hybrid(NAMESPACE)
        assert hybrid
        return lambda body, path: igzip.decompress(hybrid.decrypt(body, path.encode()))
    key = jwks[0].key

    def open_jwe(body: bytes, path: str) -> bytes:
        compact = orjson.loads(igzip.decompress(body))["payload"]
        return raw_open(key, jwe_parts(compact.encode()))

    return open_jwe


def _renamed(ping: dict[str, Any]) -> dict[str, Any]:
    """Glean's metric names have dots, which Avro's names may not."""
    ping["metrics"] = {
        category: {name.replace(".", "_"): value for name, value in values.items()}
        for category, values in ping["metrics"].items()
    }
    return ping


def _append(out: BinaryIO, block: io.BytesIO) -> None:
    deflater = isal_zlib.compressobj(3, isal_zlib.DEFLATED, -15)
    out.write(deflater.compress(block.getvalue()) + deflater.flush())
    block.seek(0)
    block.truncate()


def _decode(text: bytes) -> bytes:
    return base64.urlsafe_b64decode(text + b"===")


if __name__ == "__main__":
    print(run(*sys.argv[1:4], sys.argv[4:]))
