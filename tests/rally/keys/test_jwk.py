"""Tests of JWKs: what parses, what is refused, and that refusals show nothing."""

import base64
import json
import pickle

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from rally.errors import ConfigurationError
from rally.keys import jwk

# gcp-ingestion's rally-study-foo; its thumbprint is the `kid` that Glean.js 0.15.0 put
# into rally-study-foo.deletion-request.ciphertext.json.
PRIVATE = {
    "kty": "EC",
    "crv": "P-256",
    "x": "Qqihp7EryDN2-qQ-zuDPDpy5mJD5soFBDZmzPWTmjwk",
    "y": "PiEQVUlywi2bEsA3_5D0VFrCHClCyUlLW52ajYs-5uc",
    "d": "7QL8lpGBtBQhm5U9w0dVL7q0K4Rc5l-SXnmIYLE7jHw",
    "use": "enc",
    "kid": "1",
}
THUMBPRINT = "IDhtVkS9DEhu-TEYGVj_Fq2diPGCvKwlQ0emxi1EYew"


def test_private_jwk_parses_to_its_key_and_thumbprint():
    key = jwk.parse_private(json.dumps(PRIVATE).encode(), "f", "id")
    public = {name: PRIVATE[name] for name in ("kty", "crv", "x", "y")}
    assert jwk.public_members(key) == {**public, "kid": THUMBPRINT}
    assert key.pioneer_key_id == "id"
    assert key.key.private_numbers().private_value == int.from_bytes(
        base64.urlsafe_b64decode(PRIVATE["d"] + "="), "big"
    )


@given(st.integers(1, 2**255), st.one_of(st.none(), st.text()))
def test_set_round_trips(d, key_id):
    key = ec.derive_private_key(d, ec.SECP256R1())
    members = jwk._private_members(jwk._from_key(key, key_id))
    (same,) = jwk.parse_set(json.dumps({"keys": [members]}).encode(), "f")
    assert same.key.private_numbers() == key.private_numbers()
    assert same.pioneer_key_id == key_id
    assert jwk.parse_set(jwk.serialise_set([same]), "f")[0].thumbprint == (
        same.thumbprint
    )


OTHER = jwk._private_members(jwk.generate())
BAD = {
    "not-json": (b"{", "JSON object"),
    "deep": (b"[" * 100_000, "JSON object"),
    "not-text": (b"\xff\xfe", "JSON object"),
    "array": (b"[]", "JSON object"),
    "other-curve": ({**PRIVATE, "crv": "P-384"}, "crv P-256"),
    "rsa": ({**PRIVATE, "kty": "RSA"}, "kty EC"),
    "public-only": ({**PRIVATE, "d": None}, "JWK's d"),
    "padded": ({**PRIVATE, "x": PRIVATE["x"] + "="}, "JWK's x"),
    "short": ({**PRIVATE, "d": PRIVATE["d"][:-4]}, "JWK's d"),
    "number": ({**PRIVATE, "y": 7}, "JWK's y"),
    "zero": ({**PRIVATE, "d": "A" * 43}, "no P-256 key"),
    "past-the-order": ({**PRIVATE, "d": "_" * 42 + "8"}, "no P-256 key"),
    "d-of-another": ({**PRIVATE, "d": OTHER["d"]}, "does not match"),
    "y-of-another": ({**PRIVATE, "y": OTHER["y"]}, "does not match"),
}


@pytest.mark.parametrize(("text", "why"), BAD.values(), ids=BAD)
def test_bad_jwk_is_refused_without_its_contents(text, why):
    data = text if isinstance(text, bytes) else json.dumps(text).encode()
    with pytest.raises(ConfigurationError, match=why) as caught:
        jwk.parse_private(data, "keys/x.jwk.json")
    message = str(caught.value)
    assert message.startswith("keys/x.jwk.json: ")
    assert "\n" not in message
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    for secret in (PRIVATE["d"], OTHER["d"], PRIVATE["x"]):
        assert secret not in message


@pytest.mark.parametrize("text", [b"{}", b'{"keys": 5}', b'{"keys": [5]}', b"[]"])
def test_what_is_no_set_is_refused(text):
    with pytest.raises(ConfigurationError, match=r"^f: "):
        jwk.parse_set(text, "f")


def test_key_id_that_is_no_string_is_refused():
    text = json.dumps({"keys": [{**PRIVATE, "pioneer_key_id": 5}]}).encode()
    with pytest.raises(ConfigurationError, match="pioneer_key_id"):
        jwk.parse_set(text, "f")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_private_key_is_never_pickled(protocol):
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(jwk.generate(), protocol)


def test_private_key_shows_nothing():
    key = jwk.generate()
    assert repr(key) == str(key) == "<EcPrivateKey>"
    assert key.thumbprint not in f"{key!r}"
