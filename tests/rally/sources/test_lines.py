import base64
import contextlib
import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.envelope import Envelope, make_envelope
from rally.sources.lines import MalformedMessage, parse_line

BODY = b"\x1f\x8b\x00\xff body"
DATA = base64.b64encode(BODY).decode()
SENT = "2022-06-01T00:00:00.000000Z"
ATTRIBUTES = {
    "uri": "/submit/a",
    "submission_timestamp": SENT,
    "dnt": "0",
    "x_telemetry_agent": "Glean/1.4.0 (JS on Linux)",
    "x_source_tags": "automation",
    "x_debug_id": "d",
    "remote_addr": "203.0.113.7",
    "x_forwarded_for": "203.0.113.7",
    "geo_country": "US",
}
PUBSUB = {
    "data": DATA,
    "attributes": ATTRIBUTES,
    "messageId": "1",
    "publishTime": SENT,
    "orderingKey": "",
}
ENVELOPE = Envelope(
    BODY,
    "/submit/a",
    SENT,
    "0",
    "Glean/1.4.0 (JS on Linux)",
    "automation",
    "d",
    "US",
)


@pytest.mark.parametrize(
    "message",
    [
        {"attributeMap": ATTRIBUTES, "payload": DATA},
        {"attributes": ATTRIBUTES, "data": DATA},
        PUBSUB,
        {"ackId": "RVNEUAYWLF1GSFE", "deliveryAttempt": 1, "message": PUBSUB},
        {"message": PUBSUB, "subscription": "projects/p/subscriptions/s"},
    ],
    ids=["gcp-ingestion", "pubsub", "pubsub's own", "pulled", "pushed"],
)
def test_line_of_either_form_is_the_same_envelope(message):
    line = json.dumps(message).encode()
    assert parse_line(line, "geo_country") == ENVELOPE
    assert parse_line(b" " + line + b"\r\n", "geo_country") == ENVELOPE


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"attributeMap": {"uri": "/u"}}, Envelope(b"", "/u")),
        ({"attributeMap": {"uri": "/u"}, "payload": None}, Envelope(b"", "/u")),
        ({"attributeMap": None, "payload": DATA}, Envelope(BODY)),
        ({"payload": DATA}, Envelope(BODY)),
        ({"data": DATA}, Envelope(BODY)),
        ({"attributes": {"uri": "/u"}}, Envelope(b"", "/u")),
    ],
    ids=[
        "no-payload",
        "null-payload",
        "null-attributes",
        "no-attributeMap",
        "no-attributes",
        "no-data",
    ],
)
def test_line_with_a_part_missing_is_a_message(message, expected):
    assert parse_line(json.dumps(message).encode(), None) == expected


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"not json",
        b'{"attributeMap": {',
        b"[]",
        b'"text"',
        b"null",
        b"1",
        b"{}",
        b'{"other": 1}',
        b'{"attributeMap": [], "payload": [1]}',
        b'{"attributeMap": ["uri"], "payload": "AA=="}',
        b'{"attributeMap": "uri", "payload": "AA=="}',
        b'{"attributeMap": {}, "payload": 5}',
        b'{"attributes": {}}',
        b'{"data": ""}',
        b'{"attributeMap": {"uri": "", "dnt": "1"}, "payload": " "}',
        b'{"attributeMap": {}, "payload": {"a": 1}}',
        b'{"attributeMap": {}, "payload": NaN}',
        b'{"attributeMap": {"uri": "/u"}} {"attributeMap": {"uri": "/u"}}',
        b"\xef\xbb\xbf" + b'{"attributeMap": {"uri": "/u"}}',
        b"\x00" * 50,
        b'{"message": {}}',
        b'{"message": {"message": {"data": "AA=="}}}',
        b'{"message": "text", "ackId": "x"}',
        b"[" * 10_000 + b"]" * 10_000,
        b"[[]," * 10**6,
        b'{"payload": ' * 10_000 + b"1" + b"}" * 10_000,
    ],
)
def test_line_that_is_no_message_is_malformed_and_tells_nothing(line):
    with pytest.raises(MalformedMessage) as caught:
        parse_line(line, None)
    assert str(caught.value) == ""
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("-_8=", b"\xfb\xff"),
        ("-_8", b"\xfb\xff"),
        ("+/8", b"\xfb\xff"),
        ("-/8=", b"\xfb\xff"),
        ("QQ", b"A"),
        ("QQ===", b"A"),
        ("QUJD\nREVG\r\n", b"ABCDEF"),
        ("Q Q =", b"A"),
        ("QQ==QQ==", b"QQ==QQ=="),
        ("A", b"A"),
        ("ää", "ää".encode()),
        ('{"payload": "a.b.c.d.e"}', b'{"payload": "a.b.c.d.e"}'),
        ("\ud83c", "\ufffd".encode()),
    ],
)
def test_body_is_base64_of_either_alphabet_or_stays_the_text_that_it_is(text, body):
    line = json.dumps({"attributes": {"uri": "/u"}, "data": text}).encode()
    assert parse_line(line, None) == Envelope(body, "/u")


@given(st.binary())
def test_body_is_read_from_any_base64(body):
    safe = base64.urlsafe_b64encode(body).decode()
    wrapped = base64.encodebytes(body).decode()
    for text in (safe, safe.rstrip("="), wrapped, wrapped.rstrip("=\n")):
        line = json.dumps({"attributes": {"uri": "/u"}, "data": text}).encode()
        assert parse_line(line, None) == Envelope(body, "/u")


def test_attributes_that_nobody_keeps_may_be_anything():
    others = {
        "content_length": 1467,
        "proxy_detected": None,
        "user_agent": "cut \ud83c",
        "\udf08": 1.5,
        "host": ["x", {"y": [[]]}],
        "args": {"v": "4"},
    }
    for attributes in ({**others, **ATTRIBUTES}, {**ATTRIBUTES, **others}):
        message = {"attributeMap": attributes, "payload": DATA}
        assert parse_line(json.dumps(message).encode(), "geo_country") == ENVELOPE


@pytest.mark.parametrize(
    "other",
    [
        b'"caf\xe9"',
        b'"\xed\xa0\xbc"',
        b'"\x1b[2J\t\n"',
        b'"\0\0ud83c"',
        b'"\\ud83c \xff \\\\"',
        b"NaN",
        b"-Infinity",
        b"1e400",
        b"9" * 5000,
        b'{"deep": [NaN, "\xff"]}',
    ],
    ids=lambda other: str(other[:20]),
)
def test_attribute_that_nobody_keeps_may_be_no_json_at_all(other):
    """As tools that are no browser write user agents and measurements."""
    kept = json.dumps(ATTRIBUTES).encode()[1:]
    line = b'{"attributes": {"user_agent": %b, %b, "data": "%b"}'
    found = parse_line(line % (other, kept, DATA.encode()), "geo_country")
    assert found == ENVELOPE


def test_attribute_that_is_kept_is_read_beside_such_ones():
    line = rb'{"attributes": {"x": NaN, "dnt": 1, "uri": "\ud83c", "x_debug_id": 1.5}}'
    assert parse_line(line, None) == Envelope(b"", "\ufffd", dnt="1")


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (1, "1"),
        (0, "0"),
        (True, "1"),
        (None, None),
        (1.5, None),
        (["1"], None),
        ({"a": "1"}, None),
        ("cut \ud83c", "cut \ufffd"),
    ],
)
@pytest.mark.parametrize(
    "name", ["dnt", "uri", "x_source_tags", "submission_timestamp"]
)
def test_attribute_that_is_no_text_is_its_digits_or_absent(name, value, kept):
    line = json.dumps({"attributes": {**ATTRIBUTES, name: value}, "data": DATA})
    field = {"x_source_tags": "source_tags"}.get(name, name)
    found = parse_line(line.encode(), "geo_country")
    assert found == ENVELOPE._replace(**{field: kept})


def test_line_with_a_name_twice_counts_the_last():
    line = b'{"attributeMap": {"uri": "/1", "uri": "/2"}, "payload": "QQ=="}'
    assert parse_line(line, None) == Envelope(b"A", "/2")


@given(st.binary())
def test_line_of_any_bytes_is_an_envelope_or_malformed(line):
    with contextlib.suppress(MalformedMessage):
        assert isinstance(parse_line(line, None), Envelope)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(
    st.dictionaries(
        st.sampled_from(["attributeMap", "payload", "attributes", "data"]), JSON
    )
)
def test_line_of_any_json_is_an_envelope_or_malformed(message):
    try:
        envelope = parse_line(orjson.dumps(message), None)
    except MalformedMessage:
        return
    assert isinstance(envelope.payload, bytes)
    assert all(value is None or type(value) is str for value in envelope[1:])


@given(st.binary(min_size=1), st.dictionaries(st.text(), st.text()), st.booleans())
def test_line_round_trips(body, attributes, pubsub):
    names = ("attributes", "data") if pubsub else ("attributeMap", "payload")
    data = base64.b64encode(body).decode()
    attributes = {"uri": "/u"} | attributes
    line = orjson.dumps(dict(zip(names, (attributes, data), strict=True)))
    assert parse_line(line, "c") == make_envelope(body, attributes, "c")


@pytest.mark.parametrize(
    "message",
    [
        {"attributeMap": {"uri": "/u"}, "data": "aGk="},
        {"attributes": {"uri": "/u"}, "payload": "aGk="},
    ],
    ids=["gcp-ingestion's attributes", "Pub/Sub's attributes"],
)
def test_line_that_mixes_both_forms_loses_nothing(message):
    line = json.dumps(message).encode()
    assert parse_line(line, None) == Envelope(b"hi", uri="/u")


@pytest.mark.parametrize(
    "message",
    [
        {"attributes": [], "data": ""},
        {"attributes": {}, "data": 0},
        {"attributes": None, "data": None},
    ],
    ids=["attributes", "body", "both are null"],
)
def test_line_of_other_types_is_no_message(message):
    with pytest.raises(MalformedMessage):
        parse_line(json.dumps(message).encode(), None)
