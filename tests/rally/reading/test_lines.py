import base64
import contextlib
import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.envelope import Envelope
from rally.reading.lines import MalformedMessage, from_message, parse_line

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
        {
            "data": DATA,
            "attributes": ATTRIBUTES,
            "messageId": "1",
            "publishTime": SENT,
            "orderingKey": "",
        },
    ],
    ids=["gcp-ingestion", "pubsub", "pubsub-pulled"],
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
        ({"attributes": {}}, Envelope(b"")),
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
        b'{"attributeMap": ["uri"], "payload": ""}',
        b'{"attributeMap": "uri", "payload": ""}',
        b'{"attributeMap": {}, "payload": 5}',
        b'{"attributeMap": {}, "payload": {"a": 1}}',
        b'{"attributeMap": {"uri": 5}, "payload": ""}',
        b'{"attributeMap": {"uri": null}, "payload": ""}',
        b'{"attributeMap": {"host": ["x"]}, "payload": ""}',
        b'{"attributeMap": {}, "payload": "QQ"}',
        b'{"attributeMap": {}, "payload": "QQ==="}',
        b'{"attributeMap": {}, "payload": "Q Q="}',
        b'{"attributeMap": {}, "payload": "QQ==QQ=="}',
        b'{"attributeMap": {}, "payload": "_-8="}',
        b'{"attributeMap": {}, "payload": "\xc3\xa4\xc3\xa4"}',
        b'{"attributeMap": {"uri": "\xff"}, "payload": ""}',
        b'{"attributeMap": {"uri": "\\ud800"}, "payload": ""}',
        b'{"attributeMap": {}, "payload": NaN}',
        b'{"attributeMap": {}} {"attributeMap": {}}',
        b"\xef\xbb\xbf" + b'{"attributeMap": {}}',
        b"\x00" * 50,
        b"[" * 10_000 + b"]" * 10_000,
        b'{"payload": ' * 10_000 + b"1" + b"}" * 10_000,
    ],
)
def test_line_that_is_no_message_is_malformed_and_tells_nothing(line):
    with pytest.raises(MalformedMessage) as caught:
        parse_line(line, None)
    assert str(caught.value) == ""
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


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


@given(st.binary(), st.dictionaries(st.text(), st.text()), st.booleans())
def test_line_round_trips(body, attributes, pubsub):
    names = ("attributes", "data") if pubsub else ("attributeMap", "payload")
    data = base64.b64encode(body).decode()
    line = orjson.dumps(dict(zip(names, (attributes, data), strict=True)))
    assert parse_line(line, "c") == from_message(body, dict(attributes), "c")


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
