import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from rally.decryption.jwe import open_jwe
from rally.errors import PingFailed
from rally.keys import jwk
from rally.outcomes import FailureReason

CLEAR = b'{"metrics": {"text": "canary"}}'
PARTS = ("header", "key", "iv", "ciphertext", "tag")
# RFC 7515 appendix A.3 and RFC 7517 appendix A.1 have points of P-256; this is none.
OFF_CURVE = {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 42 + "E"}


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unbase64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def jwk_of(curve: ec.EllipticCurve, name: str) -> dict[str, str]:
    numbers = ec.derive_private_key(2022, curve).public_key().public_numbers()
    size = (curve.key_size + 7) // 8
    x, y = (base64url(n.to_bytes(size, "big")) for n in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": name, "x": x, "y": y}


def fails(compact: str, keys) -> None:
    """Every failure looks the same."""
    with pytest.raises(PingFailed) as caught:
        open_jwe(compact, keys)
    assert caught.value.reason is FailureReason.DECRYPTION_FAILED
    assert caught.value.args == ("decryption_failed",)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@given(st.binary(max_size=300))
def test_jwe_opens_what_was_sealed(seal_jwe, key, clear):
    assert open_jwe(seal_jwe(key, clear), [key]) == clear


@pytest.mark.parametrize(
    ("header", "omit"),
    [
        ({}, ()),
        ({}, ("kid",)),
        ({}, ("kid", "typ")),
        ({"kid": "another"}, ()),
        ({"kid": ["not", "text"]}, ()),
        ({"apu": base64url(b"Alice"), "apv": base64url(b"Bob")}, ()),
        ({"apu": base64url(b"Alice")}, ()),
        ({"apv": base64url(b"Bob")}, ()),
        ({"apu": "", "apv": ""}, ()),
        ({"cty": "json", "unknown": {"a": [1]}}, ()),
    ],
    ids=lambda value: json.dumps(value),
)
def test_jwe_opens_whatever_else_the_header_says(seal_jwe, key, header, omit):
    assert open_jwe(seal_jwe(key, CLEAR, header, omit), [key]) == CLEAR


def test_jwe_opens_with_an_extra_member_in_the_ephemeral_key(vectors, key):
    """As Firefox's own samples have it; they were sealed to nobody's key here."""
    sample = (
        vectors / "gcp-ingestion/pioneer/telemetry.pioneer-study.4.sample.pass.json"
    )
    fails(json.loads(sample.read_text())["payload"]["encryptedData"], [key])


@pytest.mark.parametrize("kid", ["old", "new", "neither"])
def test_jwe_opens_with_whichever_key_it_is_for(seal_jwe, kid):
    new, middle, old = jwk.generate(), jwk.generate(), jwk.generate()
    names = {"old": old.thumbprint, "new": new.thumbprint, "neither": "x"}
    for key in (new, middle, old):
        compact = seal_jwe(key, CLEAR, {"kid": names[kid]})
        assert open_jwe(compact, [new, middle, old]) == CLEAR


def test_jwe_for_another_key_fails(seal_jwe, key, other_key):
    fails(seal_jwe(other_key, CLEAR), [key])
    fails(seal_jwe(other_key, CLEAR, {"kid": key.thumbprint}), [key])
    fails(seal_jwe(key, CLEAR), [])


@pytest.mark.parametrize(
    ("header", "omit"),
    [
        ({"alg": "none"}, ()),
        ({"alg": "dir"}, ()),
        ({"alg": "ECDH-ES+A256KW"}, ()),
        ({"alg": "RSA-OAEP"}, ()),
        ({"alg": "ecdh-es"}, ()),
        ({"alg": None}, ()),
        ({"alg": ["ECDH-ES"]}, ()),
        ({}, ("alg",)),
        ({"enc": "A128GCM"}, ()),
        ({"enc": "A256CBC-HS512"}, ()),
        ({"enc": "none"}, ()),
        ({}, ("enc",)),
        ({"zip": "DEF"}, ()),
        ({"zip": None}, ()),
        ({"crit": ["exp"]}, ()),
        ({"crit": []}, ()),
        ({"b64": False}, ()),
        ({"b64": True}, ()),
        ({"apu": 5}, ()),
        ({"apu": "not base64url!"}, ()),
        ({"apv": "QQ=="}, ()),
        ({}, ("epk",)),
        ({"epk": None}, ()),
        ({"epk": "key"}, ()),
        ({"epk": {}}, ()),
        ({"epk": jwk_of(ec.SECP384R1(), "P-384")}, ()),
        ({"epk": jwk_of(ec.SECP384R1(), "P-256")}, ()),
        ({"epk": jwk_of(ec.SECP256K1(), "P-256")}, ()),
        ({"epk": jwk_of(ec.SECP256R1(), "secp256k1")}, ()),
        ({"epk": {"kty": "OKP", "crv": "X25519", "x": "A" * 43}}, ()),
        ({"epk": {**jwk_of(ec.SECP256R1(), "P-256"), "kty": "OKP"}}, ()),
        ({"epk": {**jwk_of(ec.SECP256R1(), "P-256"), "x": 5}}, ()),
        ({"epk": {**jwk_of(ec.SECP256R1(), "P-256"), "y": ""}}, ()),
        ({"epk": {**jwk_of(ec.SECP256R1(), "P-256"), "y": "A" * 42}}, ()),
        ({"epk": {**jwk_of(ec.SECP256R1(), "P-256"), "x": "ä" * 43}}, ()),
        ({"epk": OFF_CURVE}, ()),
        ({"epk": {**OFF_CURVE, "y": "A" * 43}}, ()),
        ({"epk": {**OFF_CURVE, "x": "_" * 42 + "8", "y": "_" * 42 + "8"}}, ()),
    ],
    ids=lambda value: json.dumps(value)[:60],
)
def test_jwe_of_any_other_profile_fails(seal_jwe, key, header, omit):
    fails(seal_jwe(key, CLEAR, header, omit), [key])


@pytest.mark.parametrize("part", range(5), ids=PARTS)
@pytest.mark.parametrize("how", ["bit", "shorter", "longer", "empty", "padded", "text"])
def test_jwe_that_was_tampered_with_fails(seal_jwe, key, part, how):
    parts = seal_jwe(key, CLEAR).split(".")
    data = bytearray(unbase64url(parts[part]))
    changed = {
        "bit": lambda: base64url(bytes([data[0] ^ 1, *data[1:]]) if data else b"\0"),
        "shorter": lambda: base64url(bytes(data[:-1])) if data else "A",
        "longer": lambda: base64url(bytes(data) + b"\0"),
        "empty": lambda: "" if data else base64url(b"wrapped key"),
        "padded": lambda: parts[part] + "=",
        "text": lambda: "!" + parts[part][1:],
    }
    parts[part] = changed[how]()
    fails(".".join(parts), [key])


def test_jwe_with_two_parts_exchanged_fails(seal_jwe, key):
    one, two = (seal_jwe(key, CLEAR).split(".") for _ in range(2))
    fails(".".join([*one[:3], *two[3:]]), [key])
    fails(".".join([two[0], *one[1:]]), [key])


@pytest.mark.parametrize(
    "compact",
    [
        "",
        ".",
        "....",
        "a.b.c.d.e",
        "a.b.c",
        "a.b.c.d.e.f",
        "ä....",
        "\ud800....",
        base64url(b"[]") + "....",
        base64url(b"5") + "....",
        base64url(b"null") + "....",
        base64url(b"{") + "....",
        base64url(b"{}") + "....",
        base64url(b"\xff\xfe") + "....",
        base64url(b'{"alg": NaN}') + "....",
        base64url(b"[" * 10_000 + b"]" * 10_000) + "....",
        base64url(b'{"a":' * 10_000 + b"1" + b"}" * 10_000) + "....",
        "A." * 100_000,
        "x" * 1_000_000,
    ],
    ids=range(19),
)
def test_jwe_that_is_none_fails(key, compact):
    fails(compact, [key])


def test_jwe_header_with_a_member_twice_counts_the_last(seal_jwe, key):
    """Of two algorithms the parser sees one; the tag covers the text of both."""
    parts = seal_jwe(key, CLEAR).split(".")
    header = unbase64url(parts[0]).replace(b'"ECDH-ES"', b'"ECDH-ES", "alg": "none"')
    fails(".".join([base64url(header), *parts[1:]]), [key])


@pytest.mark.parametrize("part", [0, 3, 4], ids=["header", "ciphertext", "tag"])
def test_jwe_in_base64url_with_loose_bits_fails(seal_jwe, key, part):
    """The last character may have bits that mean nothing; they are zero."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for clear in (b"1", b"12"):
        parts = seal_jwe(key, clear).split(".")
        loose = alphabet[alphabet.index(parts[part][-1]) + 1]
        parts[part] = parts[part][:-1] + loose
        fails(".".join(parts), [key])


@given(st.data())
def test_jwe_with_any_bit_changed_fails(seal_jwe, key, data):
    compact = bytearray(seal_jwe(key, CLEAR).encode())
    at = data.draw(st.integers(0, len(compact) - 1))
    compact[at] ^= 1 << data.draw(st.integers(0, 7))
    fails(compact.decode("latin-1"), [key])


@given(
    st.text()
    | st.lists(st.binary(), max_size=6).map(
        lambda parts: ".".join(map(base64url, parts))
    )
)
def test_jwe_of_any_text_fails(key, compact):
    fails(compact, [key])


EPK = st.dictionaries(
    st.sampled_from(["kty", "crv", "x", "y"]),
    st.sampled_from(["EC", "P-256", "A" * 43, 5, None, [], "", "é"]),
)


@given(
    st.fixed_dictionaries(
        {"alg": st.just("ECDH-ES"), "enc": st.just("A256GCM"), "epk": EPK}
    )
)
def test_jwe_of_any_ephemeral_key_fails(key, header):
    iv, tag = base64url(bytes(12)), base64url(bytes(16))
    fails(f"{base64url(json.dumps(header).encode())}..{iv}..{tag}", [key])
