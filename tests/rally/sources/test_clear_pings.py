"""Clear pings come one a line, and what is none is named by its line alone."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.errors import ConfigurationError, faults_of
from rally.sources import clear_pings
from rally.sources.clear_pings import ClearPing, read_clear_pings


def read(data, declared=()):
    return read_clear_pings(io.BytesIO(data), declared)


def test_each_line_is_a_ping_and_empty_ones_are_none():
    found = read(b'\n{"a": 1}\r\n  \n {"b":\t"\xc3\xbc"}')
    assert found == [
        ClearPing(2, b'{"a": 1}', {"a": 1}, {}),
        ClearPing(4, '{"b":\t"ü"}'.encode(), {"b": "ü"}, {}),
    ]
    assert found[1].place == "standard input: line 4"


@pytest.mark.parametrize("text", ['{\n "a": 1\n}\n', '\ufeff{\n"a":\n1}', '{"a": 1}'])
def test_one_ping_may_stand_on_several_lines(text):
    (found,) = read(text.encode())
    assert (found.line, found.payload) == (1, {"a": 1})
    assert json.loads(found.data) == {"a": 1}


@pytest.mark.parametrize("attributes", ["attributes", "attributeMap"])
@pytest.mark.parametrize("payload", ["payload", "data"])
def test_line_may_say_the_attributes_of_its_message(attributes, payload):
    text = json.dumps({payload: {"a": 1.5}, attributes: {"dnt": "1"}}).encode()
    assert read(text) == [ClearPing(1, b'{"a":1.5}', {"a": 1.5}, {"dnt": "1"})]


@pytest.mark.parametrize(
    ("value", "declared"),
    [
        ({"attributes": {}, "data": {}}, ["attributes", "data", "id"]),
        ({"attributes": {}, "data": {}, "id": 1}, []),
        ({"attributes": {}, "data": "e30="}, []),
        ({"attributes": [], "data": {}}, []),
        ({"attributes": {}}, []),
        ({"payload": {}, "data": {}}, []),
    ],
)
def test_payload_that_has_such_names_itself_is_one(value, declared):
    (found,) = read(json.dumps(value).encode(), declared)
    assert (found.payload, found.attributes) == (value, {})


def test_all_lines_that_are_no_pings_are_named_without_their_words():
    data = b'{"a": 1}\nsecret\n[]\n{"secret": NaN}\n{}\n"secret"'
    with pytest.raises(ConfigurationError) as caught:
        read(data)
    what = "is no JSON object; write each ping on one line"
    assert faults_of(caught.value) == tuple(
        f"standard input: line {number}: {what}" for number in (2, 3, 4, 6)
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b" \n\n", "standard input: is empty; write pings, one a line"),
        (
            b" " * (clear_pings.MOST_BYTES + 1),
            "standard input: has more than 16 MiB; give fewer pings at once",
        ),
        (
            b"{}\n" * (clear_pings.MOST_PINGS + 1),
            "standard input: has more than 100,000 pings; give fewer at once",
        ),
        (
            b'{"a": "%b"}' % (b"x" * (8 * 1024 * 1024)),
            "standard input: line 1: is longer than a ping's 8 MiB; shorten it",
        ),
        (
            b"[" * 60_000,
            "standard input: line 1: is no JSON object; write each ping on one line",
        ),
    ],
    ids=["empty", "bytes", "pings", "line", "crowded"],
)
def test_too_much_and_nothing_are_one_line(data, message):
    with pytest.raises(ConfigurationError) as caught:
        read(data)
    assert faults_of(caught.value) == (message,)


@given(st.binary(max_size=60) | st.lists(st.just(b'{"a":1}') | st.binary(max_size=5)))
def test_any_input_is_pings_or_refused(data):
    data = data if isinstance(data, bytes) else b"\n".join(data)
    try:
        found = read(data)
    except ConfigurationError:
        return
    assert found
    assert all(type(each.payload) is dict for each in found)
