"""Pings of all sorts: as schemas say, mutated, sealed in each scheme, and damaged."""

import base64
import gzip
import json
import os
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from hypothesis import strategies as st

from tests.support import bombs
from tests.support.world import (
    GARDEN,
    HOUSE,
    POND,
    SCHEMAS,
    SENT,
    Message,
    document_id,
    rally_id,
)

ID = rally_id(0xFACE)
BARE_ID = ID.replace("-", "")
CANARY = "canary-4e1b"
"""Stands in the clear text, and nowhere else in what is sent."""

_MIXED_ID = "".join(
    letter.upper() if at % 2 else letter for at, letter in enumerate(ID)
)
FORMS_OF_ID = (ID, ID.upper(), _MIXED_ID, BARE_ID, BARE_ID.upper())


def mostly(
    common: object, rare: st.SearchStrategy, times: int = 9
) -> st.SearchStrategy:
    """One value so many times for each of the others."""
    return st.integers(0, times).flatmap(lambda at: st.just(common) if at else rare)


texts = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            CANARY,
            *FORMS_OF_ID,
            f"https://example.org/{ID.upper()}?q={BARE_ID}#{CANARY}",
            f"{BARE_ID}{ID}",
            "\x00",
            "../..",
            "rally.id",
        ]
    ),
)
words = st.one_of(
    texts,
    st.builds(
        "{}{}".format,
        texts,
        st.sampled_from(["\ud83c", "\udf08", "\ud83c\ud83c\udf08", "\\ud83c"]),
    ),
)
"""Texts of clients, of which older ones cut some through the middle of an emoji."""

numbers = st.one_of(st.integers(), st.floats(), st.sampled_from([2**31, 2**63, -0.0]))
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, words),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)
    ),
    max_leaves=6,
)
_LEAVES: dict[str, st.SearchStrategy] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "string": words,
}


def values_of(schema) -> st.SearchStrategy:
    """JSON values that an Avro schema takes."""
    if isinstance(schema, list):
        return st.one_of([values_of(branch) for branch in schema])
    if isinstance(schema, str):
        return _LEAVES[schema]
    kind = schema["type"]
    if kind == "array":
        return st.lists(values_of(schema["items"]), max_size=3)
    if kind == "map":
        return st.dictionaries(words, values_of(schema["values"]), max_size=3)
    return st.fixed_dictionaries(
        {
            field.get("json", field["name"]): values_of(field["type"])
            for field in schema["fields"]
        }
    )


def _places(value, path=()):
    yield path
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            yield from _places(inner, (*path, key))


def _changed(value, path, change):
    if not path:
        return change(value)
    copy = value.copy()
    copy[path[0]] = _changed(copy[path[0]], path[1:], change)
    return copy


@st.composite
def mutated(draw, values):
    """Such a value with up to two places that are something else."""
    value = draw(values)
    for _ in range(draw(mostly(0, st.integers(1, 2), 2))):
        path = draw(st.sampled_from(sorted(_places(value), key=repr)))
        other = draw(json_values)
        if isinstance(other, str | dict | list) and draw(st.booleans()):
            value = _changed(value, path, lambda old, new=other: _joined(old, new))
        else:
            value = _changed(value, path, lambda _, new=other: new)
    return value


def _joined(old, new):
    """Both, where that makes sense: a key more, an item more, a text inside."""
    if isinstance(old, dict):
        return old | (new if isinstance(new, dict) else {CANARY: new})
    if isinstance(old, list):
        return [*old, new]
    return f"{old}{new}" if isinstance(old, str) and isinstance(new, str) else new


def to_json(value) -> bytes:
    """As a client writes it; lone surrogates and NaN stay what they are."""
    return json.dumps(value).encode()


def seal_jwe(public: ec.EllipticCurvePublicKey, clear: bytes) -> str:
    """A compact JWE as Glean.js makes it (RFC 7516; ECDH-ES, A256GCM)."""
    ours = ec.generate_private_key(ec.SECP256R1())
    point = ours.public_key().public_numbers()
    header = {
        "alg": "ECDH-ES",
        "enc": "A256GCM",
        "epk": {
            "kty": "EC",
            "crv": "P-256",
            "x": _base64url(point.x.to_bytes(32, "big")),
            "y": _base64url(point.y.to_bytes(32, "big")),
        },
    }
    protected = _base64url(to_json(header)).encode()
    info = b"\0\0\0\x07A256GCM" + bytes(8) + (256).to_bytes(4, "big")
    agreed = ours.exchange(ec.ECDH(), public)
    key = ConcatKDFHash(hashes.SHA256(), 32, info).derive(agreed)
    nonce = os.urandom(12)
    sealed = AESGCM(key).encrypt(nonce, clear, protected)
    parts = [b"", nonce, sealed[:-16], sealed[-16:]]
    return ".".join([protected.decode(), *map(_base64url, parts)])


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _pioneer(jwe: str, document: str, identifier: object) -> dict[str, object]:
    namespace, name, version = document.split("/")
    return {
        "type": "pioneer-study",
        "version": 4,
        "payload": {
            "encryptedData": jwe,
            "encryptionKeyId": GARDEN,
            "schemaNamespace": namespace,
            "schemaName": name,
            "schemaVersion": int(version),
            "pioneerId": identifier,
        },
    }


PIONEER_DOCUMENTS = tuple(
    f"{GARDEN}/{name}/1" for name in ("pioneer-enrollment", "deletion-request", "visit")
)


@st.composite
def clear_payloads(draw, document: str):
    """A payload of which the id is known: where it is declared, or not valid."""
    namespace, name, version = document.split("/")
    schema = SCHEMAS.get(f"{namespace}/{name}.{version}")
    value = draw(values_of(schema) if schema else st.dictionaries(words, json_values))
    place = "deletion.id" if "uninstall" in name else "rally.id"
    value = {**value, place: draw(st.sampled_from(FORMS_OF_ID))}
    if "page" in value:
        value["page"] += CANARY
    elif draw(st.booleans()):
        value["more"] = CANARY
    return draw(mutated(st.just(value)))


attributes = st.fixed_dictionaries(
    {},
    optional={
        "dnt": st.sampled_from(["0", "1", ""]),
        "x_telemetry_agent": texts,
        "x_source_tags": texts | st.just("a, automation"),
        "x_debug_id": st.text(max_size=5),
        "x_forwarded_for": st.just("192.0.2.1"),
        "country": st.sampled_from(["US", "us", "FR", "ZZ", ""]),
    },
)
times = mostly(
    SENT,
    st.one_of(
        st.sampled_from(
            ["2026-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]
        ),
        st.text(max_size=30),
    ),
)


@st.composite
def damaged(draw, body: bytes) -> bytes:
    """A body that something happened to on its way, now and then."""
    if draw(mostly(True, st.just(False))):
        return body
    at = draw(st.integers(0, len(body)))
    return draw(
        st.sampled_from(
            [body[:at], body[:at] + body[at + 1 :], body + b"\0", gzip.compress(body)]
        )
    )


@st.composite
def messages(draw, seal_tink: Callable[[str, str, bytes], bytes], jwe_key):
    """A message whose clear text has a canary, and whose person is known.

    Args:
        draw: by hypothesis.
        seal_tink: of namespace, path and clear text.
        jwe_key: that Glean and Pioneer pings of GARDEN are sealed to.
    """
    scheme = draw(mostly("tink", st.sampled_from(["jwe", "pioneer", "none"]), 2))
    documents = [name.replace(".", "/") for name in SCHEMAS]
    if scheme == "jwe":
        documents = [name for name in documents if name.startswith(GARDEN)]
    elif scheme == "pioneer":
        documents = list(PIONEER_DOCUMENTS)
    document = draw(mostly(None, st.just(f"{GARDEN}/visit/7"), 20))
    document = document or draw(st.sampled_from(documents))
    number = document_id(draw(st.integers(0, 9)))
    ping_id = draw(st.sampled_from([number, number, ID, ID.upper()]))
    path = f"/submit/{document}/{ping_id}"
    clear = to_json(draw(clear_payloads(document)))
    clear = draw(st.sampled_from([clear, gzip.compress(clear)]))
    if scheme == "tink":
        body = seal_tink(document.partition("/")[0], path, clear)
    elif scheme == "none":
        body = clear
    else:
        jwe = seal_jwe(jwe_key, clear)
        envelope: object = {"payload": jwe}
        if scheme == "pioneer":
            path = f"/submit/telemetry/{ping_id}/pioneer-study/Firefox/1/release/2"
            identifier = draw(st.sampled_from([*FORMS_OF_ID, None, 7]))
            envelope = draw(mutated(st.just(_pioneer(jwe, document, identifier))))
        body = to_json(envelope)
    uri = draw(mostly(path, st.sampled_from([f"{path}?v={ID}", f"{path}\n", ID])))
    always = {"uri": uri, "submission_timestamp": draw(times)}
    return Message(draw(damaged(body)), always | draw(attributes))


hostile_messages = st.builds(
    Message,
    st.one_of(
        st.binary(max_size=64),
        st.binary(max_size=32).map(lambda data: b"\x01" + data),
        st.binary(max_size=32).map(gzip.compress),
        json_values.map(to_json),
        json_values.map(lambda value: to_json({"payload": value})),
        st.sampled_from([*bombs.texts(20_000).values()]),
        st.sampled_from([*bombs.texts(20_000).values()]).map(gzip.compress),
    ),
    st.fixed_dictionaries(
        {
            "submission_timestamp": times,
            "uri": st.one_of(
                st.sampled_from(
                    [
                        f"/submit/{GARDEN}/visit/1/{document_id(1)}",
                        f"/submit/{HOUSE}/unenrollment/1/{document_id(1)}",
                        f"/submit/{POND}/../{GARDEN}/visit/1/{document_id(1)}",
                        f"/submit/{GARDEN}%2e/visit/1/{document_id(1)}",
                        f"/submit/{GARDEN}/visit=/1/{document_id(1)}",
                        f"/submit/rally-{BARE_ID}/visit/1/{document_id(1)}",
                        f"/submit/{GARDEN}/{ID}/1/{document_id(1)}",
                        f"/submit/telemetry/{ID}/pioneer-study/x",
                    ]
                ),
                texts,
            ),
        },
        optional={"dnt": texts, "x_telemetry_agent": texts, ID: texts, "uri\n": texts},
    ),
)
"""Messages of no client."""
