import gzip
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.decryption.inflate import LIMIT
from rally.errors import PingFailed
from rally.keys import sealing
from rally.outcomes import FailureReason

CLEAR = {"metrics": {"uuid": {"rally.id": "c286f4ba-6713-4d3d-b955-8eaeede6846d"}}}
PATH = "/submit/hpke/visit/1/65f58083-cefe-4201-832f-0505c3b73d76"
TINK = ["hpke", "ecies", "xwing"]


def zipped(data: bytes, level: int = 9) -> bytes:
    """Gzip without a time in it: the same bytes, and the same test, at each run."""
    return gzip.compress(data, level, mtime=0)


def dump(value: object) -> bytes:
    return json.dumps(value).encode()


def seal_tink(folder, namespace: str, clear: bytes, path: str = PATH) -> bytes:
    from tink import hybrid

    public = sealing.public_from_folder(folder.uri, namespace)
    return public.primitive(hybrid.HybridEncrypt).encrypt(clear, path.encode())


def glean(seal_jwe, key, clear: bytes, **header) -> bytes:
    return dump({"payload": seal_jwe(key, clear, header)})


def pioneer(seal_jwe, key, clear: bytes, name="survey", key_id="core") -> bytes:
    payload = {
        "encryptedData": seal_jwe(key, clear),
        "encryptionKeyId": key_id,
        "pioneerId": "f59c3d8c-8385-de40-be5d-c08fe0983d97",
        "schemaNamespace": "pioneer-core",
        "schemaName": name,
        "schemaVersion": 1,
    }
    return dump({"type": "pioneer-study", "version": 4, "payload": payload})


def reason(call) -> FailureReason:
    with pytest.raises(PingFailed) as caught:
        call()
    assert caught.value.args == (caught.value.reason.value,)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value.reason


@pytest.mark.parametrize("inside", [dump, lambda v: zipped(dump(v))])
@pytest.mark.parametrize("outside", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("namespace", TINK)
def test_opener_opens_tink(opener, folder, namespace, inside, outside):
    body = outside(seal_tink(folder, namespace, inside(CLEAR)))
    assert opener.open(body, namespace, PATH) == (CLEAR, None)


@pytest.mark.parametrize("inside", [dump, lambda v: zipped(dump(v))])
@pytest.mark.parametrize("outside", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_opener_opens_glean(opener, key, seal_jwe, inside, outside):
    body = outside(glean(seal_jwe, key, inside(CLEAR)))
    opened = opener.open(body, "glean", "any path: a JWE is not bound to it")
    assert opened.clear == CLEAR


def test_opener_opens_pioneer_plain_and_zipped(opener, pioneer_key, seal_jwe):
    for clear in (dump(CLEAR), zipped(dump(CLEAR))):
        for body in (
            pioneer(seal_jwe, pioneer_key, clear),
            zipped(pioneer(seal_jwe, pioneer_key, clear)),
        ):
            envelope = opener.read_pioneer(body)
            assert opener.open_pioneer(envelope, "pioneer-core") == CLEAR


def test_opener_reads_a_pioneer_envelope_with_a_cut_text(opener, pioneer_key, seal_jwe):
    body = pioneer(seal_jwe, pioneer_key, dump({"a": "\ud83c"}))
    body = body.replace(b'"version"', rb'"application": {"name": "\udf08"}, "version"')
    envelope = opener.read_pioneer(body)
    assert opener.open_pioneer(envelope, "pioneer-core") == {"a": "\ufffd"}


@given(value=st.dictionaries(st.text(), st.integers(-5, 5) | st.text(), max_size=4))
@pytest.mark.parametrize("namespace", ["hpke", "ecies"])
def test_opener_returns_what_was_sealed(opener, folder, namespace, value):
    body = seal_tink(folder, namespace, dump(value))
    assert opener.open(body, namespace, PATH).clear == value


@pytest.mark.parametrize(
    "path",
    [
        PATH.replace("hpke", "hpke-two"),
        PATH.replace("visit", "other"),
        PATH.replace("/1/", "/2/"),
        PATH[:-1] + "7",
        PATH.upper(),
        PATH + "?",
        "",
    ],
)
@pytest.mark.parametrize("namespace", TINK)
def test_opener_refuses_tink_that_was_moved(opener, folder, namespace, path):
    body = seal_tink(folder, namespace, dump(CLEAR))
    moved = reason(lambda: opener.open(body, namespace, path))
    assert moved is FailureReason.DECRYPTION_FAILED


def test_opener_refuses_tink_of_another_namespace(opener, folder):
    body = seal_tink(folder, "hpke", dump(CLEAR))
    for namespace, expected in [
        ("hpke-two", FailureReason.DECRYPTION_FAILED),
        ("ecies", FailureReason.DECRYPTION_FAILED),
        ("glean", FailureReason.NO_KEY),
        ("nobody", FailureReason.NO_KEY),
    ]:
        found = reason(lambda name=namespace: opener.open(body, name, PATH))
        assert found is expected


@given(data=st.data())
@pytest.mark.parametrize("namespace", ["hpke", "ecies"])
def test_opener_refuses_tink_with_any_bit_changed(opener, folder, namespace, data):
    body = bytearray(seal_tink(folder, namespace, dump(CLEAR)))
    at = data.draw(st.integers(0, len(body) - 1))
    body[at] ^= 1 << data.draw(st.integers(0, 7))
    found = reason(lambda: opener.open(bytes(body), namespace, PATH))
    # The first byte says that it is Tink's: changed, the body is none of anything.
    expected = FailureReason.DECRYPTION_FAILED if at else FailureReason.INVALID_BODY
    assert found is expected


@pytest.mark.parametrize("body", [b"\x01", b"\x01" * 4, b"\x01" * 5, b"\x01" * 500])
@pytest.mark.parametrize("namespace", TINK)
def test_opener_refuses_short_tink(opener, namespace, body):
    failed = reason(lambda: opener.open(body, namespace, PATH))
    assert failed is FailureReason.DECRYPTION_FAILED


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", FailureReason.INVALID_BODY),
        (b"text", FailureReason.INVALID_BODY),
        (b"\x00\xff", FailureReason.INVALID_BODY),
        (b"[]", FailureReason.INVALID_BODY),
        (b"null", FailureReason.INVALID_BODY),
        (b'"text"', FailureReason.INVALID_BODY),
        (b"5", FailureReason.INVALID_BODY),
        (b'{"payload": ', FailureReason.INVALID_BODY),
        (b'{"payload": NaN}', FailureReason.INVALID_BODY),
        (b'{"payload": "\xff"}', FailureReason.INVALID_BODY),
        (b"[" * 10_000 + b"]" * 10_000, FailureReason.INVALID_BODY),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, FailureReason.INVALID_BODY),
        (zipped(b"text"), FailureReason.INVALID_BODY),
        (zipped(b'{"payload": ""}')[:-3], FailureReason.INVALID_BODY),
        (zipped(zipped(b"{}")), FailureReason.INVALID_BODY),
        (b"{" + b" " * LIMIT, FailureReason.TOO_LARGE),
        (zipped(bytes(LIMIT + 1)), FailureReason.TOO_LARGE),
        (b"{}", FailureReason.NOT_ENCRYPTED),
        (b'{"payload": null}', FailureReason.NOT_ENCRYPTED),
        (b'{"payload": 5}', FailureReason.NOT_ENCRYPTED),
        (b'{"payload": {"a": 1}}', FailureReason.NOT_ENCRYPTED),
        (b'{"payload": "a.b.c.d.e", "more": 1}', FailureReason.NOT_ENCRYPTED),
        (dump(CLEAR), FailureReason.NOT_ENCRYPTED),
        (zipped(dump(CLEAR)), FailureReason.NOT_ENCRYPTED),
        (b'{"payload": ""}', FailureReason.DECRYPTION_FAILED),
        (b'{"payload": "\\ud800"}', FailureReason.DECRYPTION_FAILED),
        (b'{"payload": "text"}', FailureReason.DECRYPTION_FAILED),
        (b'{"payload": "a.b.c.d.e"}', FailureReason.DECRYPTION_FAILED),
    ],
    ids=lambda value: str(value[:24]) if isinstance(value, bytes) else None,
)
def test_opener_refuses_a_body_that_is_no_ping(opener, body, expected):
    assert reason(lambda: opener.open(body, "glean", PATH)) is expected


def test_opener_without_a_key_says_so_whatever_the_jwe(opener, key, seal_jwe):
    for body in (glean(seal_jwe, key, dump(CLEAR)), b'{"payload": "none"}'):
        for namespace in ("pioneer-core", "hpke", "nobody"):
            found = reason(lambda b=body, n=namespace: opener.open(b, n, PATH))
            assert found is FailureReason.NO_KEY


@pytest.mark.parametrize(
    "clear",
    [
        b"",
        b"text",
        b"[]",
        b"null",
        b"{",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',
        b'{"a": "\n"}',
        b'{"a": 01}',
        b'{"a": 1}{"a": 2}',
        b"{'a': 1}",
        b'\xef\xbb\xbf{"a": 1}',
        dump(CLEAR).decode().encode("utf-16"),
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b'{"a": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        zipped(b"text"),
        zipped(dump(CLEAR))[:-1],
        zipped(dump(CLEAR)) + b"\0",
        zipped(zipped(dump(CLEAR))),
    ],
    ids=lambda clear: str(clear[:24]),
)
def test_opener_refuses_clear_text_that_is_no_json_object(
    opener, folder, key, seal_jwe, clear
):
    for namespace, body in (
        ("glean", glean(seal_jwe, key, clear)),
        ("hpke", seal_tink(folder, "hpke", clear)),
    ):
        failed = reason(lambda n=namespace, b=body: opener.open(b, n, PATH))
        assert failed is FailureReason.INVALID_PAYLOAD


@pytest.mark.parametrize(
    ("clear", "expected"),
    [
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b'{"a": {"b": 1}, "a": {"c": 2}}', {"a": {"c": 2}}),
        (b'{"a": "\\u0000"}', {"a": "\0"}),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "\U0001f600"}),
        (b'{"a\\udc00": "\\ud800 \\\\ud800"}', {"a\ufffd": "\ufffd \\ud800"}),
        (b'{"a": 18446744073709551615}', {"a": 2**64 - 1}),
        (b'{"a": 18446744073709551616}', {"a": float(2**64)}),
        (b'{"a": -9223372036854775809}', {"a": float(-(2**63))}),
        (b'{"a": 1e400}', None),
        (b'{"a": ' + b"9" * 5000 + b"}", None),
        (b'{"a": ' + b"[" * 1000 + b"]" * 1000 + b"}", "deep"),
    ],
    ids=lambda value: str(value[:24]) if isinstance(value, bytes) else None,
)
def test_opener_reads_json_as_documented(opener, key, seal_jwe, clear, expected):
    body = glean(seal_jwe, key, clear)
    if expected is None:
        failed = reason(lambda: opener.open(body, "glean", PATH))
        assert failed is FailureReason.INVALID_PAYLOAD
    elif expected == "deep":
        assert set(opener.open(body, "glean", PATH).clear) == {"a"}
    else:
        assert opener.open(body, "glean", PATH).clear == expected


def test_opener_takes_clear_text_at_the_limit_and_none_above(opener, key, seal_jwe):
    # The JWE of 8 MiB is above the limit itself, so the clear text has to be gzip.
    for size, expected in ((LIMIT, None), (LIMIT + 1, FailureReason.TOO_LARGE)):
        filling = random.Random(7).randbytes(size // 2 + 1).hex().encode()
        clear = b'{"a": "' + filling[: size - 9] + b'"}'
        assert len(clear) == size
        body = glean(seal_jwe, key, zipped(clear, 1))
        if expected is None:
            clear = opener.open(body, "glean", PATH).clear
            assert len(clear["a"]) == size - 9
        else:
            assert reason(lambda b=body: opener.open(b, "glean", PATH)) is expected


def test_opener_refuses_a_bomb_inside_a_bomb(opener, folder, key, seal_jwe):
    bomb = zipped(bytes(64 * 1024 * 1024))
    nested = zipped(bomb)
    for namespace, body, expected in [
        ("glean", bomb, FailureReason.TOO_LARGE),
        ("glean", nested, FailureReason.INVALID_BODY),
        ("glean", glean(seal_jwe, key, bomb), FailureReason.TOO_LARGE),
        ("glean", glean(seal_jwe, key, nested), FailureReason.INVALID_PAYLOAD),
        ("hpke", seal_tink(folder, "hpke", bomb), FailureReason.TOO_LARGE),
        ("hpke", seal_tink(folder, "hpke", nested), FailureReason.INVALID_PAYLOAD),
    ]:
        failed = reason(lambda n=namespace, b=body: opener.open(b, n, PATH))
        assert failed is expected


@pytest.mark.parametrize(
    ("key_id", "namespace", "expected"),
    [
        ("core", "pioneer-core", None),
        ("core", "glean", None),
        ("core", "hpke", FailureReason.NO_KEY),
        ("core", "pioneer-debug", FailureReason.NO_KEY),
        ("discarded", "pioneer-core", FailureReason.NO_KEY),
        ("", "pioneer-core", FailureReason.INVALID_BODY),
    ],
)
def test_opener_uses_a_pioneer_key_for_its_own_namespaces_only(
    opener, pioneer_key, seal_jwe, key_id, namespace, expected
):
    body = pioneer(seal_jwe, pioneer_key, dump(CLEAR), key_id=key_id)

    def opened():
        return opener.open_pioneer(opener.read_pioneer(body), namespace)

    if expected is None:
        assert opened() == CLEAR
    else:
        assert reason(opened) is expected


def test_opener_never_opens_glean_with_a_pioneer_key(opener, pioneer_key, seal_jwe):
    body = glean(seal_jwe, pioneer_key, dump(CLEAR))
    for namespace, expected in [
        ("glean", FailureReason.DECRYPTION_FAILED),
        ("pioneer-core", FailureReason.NO_KEY),
    ]:
        found = reason(lambda name=namespace: opener.open(body, name, PATH))
        assert found is expected


@pytest.mark.parametrize("name", ["deletion-request", "pioneer-enrollment"])
def test_opener_passes_a_withdrawal_or_enrolment_that_does_not_open(
    opener, pioneer_key, other_key, seal_jwe, name
):
    good = pioneer(seal_jwe, pioneer_key, dump(CLEAR), name)
    for body, expected in [
        (good, CLEAR),
        (pioneer(seal_jwe, other_key, dump(CLEAR), name), None),
        (pioneer(seal_jwe, pioneer_key, dump(CLEAR), name, "discarded"), None),
        (pioneer(seal_jwe, pioneer_key, b"not json", name), None),
        (pioneer(seal_jwe, pioneer_key, zipped(bytes(LIMIT + 1)), name), None),
    ]:
        envelope = opener.read_pioneer(body)
        assert opener.open_pioneer(envelope, "pioneer-core") == expected


def test_opener_fails_any_other_pioneer_document_that_does_not_open(
    opener, pioneer_key, other_key, seal_jwe
):
    for body, expected in [
        (pioneer(seal_jwe, other_key, dump(CLEAR)), FailureReason.DECRYPTION_FAILED),
        (pioneer(seal_jwe, pioneer_key, b"[]"), FailureReason.INVALID_PAYLOAD),
    ]:
        envelope = opener.read_pioneer(body)
        failed = reason(lambda e=envelope: opener.open_pioneer(e, "pioneer-core"))
        assert failed is expected


@given(
    body=st.binary() | st.binary().map(gzip.compress) | st.binary().map(b"\x01".__add__)
)
def test_opener_of_any_bytes_fails_as_a_ping(opener, body):
    for call in (
        lambda: opener.open(body, "glean", PATH),
        lambda: opener.open(body, "hpke", PATH),
        lambda: opener.open(body, "ecies", PATH),
        lambda: opener.read_pioneer(body),
    ):
        reason(call)
