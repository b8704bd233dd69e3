import contextlib
import gc
import json
import sys

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.bounded_json import (
    MOST_CONTAINERS,
    CrowdedJson,
    InvalidJson,
    parse_json,
    parse_loose_json,
)
from tests.support.bombs import texts

SURROGATES = st.sampled_from(
    ["\ud83c", "\udf08", "\udbff", "\ud800", "\udc00", "\udfff"]
)
TEXTS = st.lists(
    st.text(max_size=3) | SURROGATES | st.sampled_from(["\\", "u", "ud83c", '"'])
).map("".join)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4)
    ),
    max_leaves=8,
)


def as_text_encoder_writes_it(value):
    """A value after TextEncoder and TextDecoder (Encoding Standard)."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [as_text_encoder_writes_it(inner) for inner in value]
    if isinstance(value, dict):
        return {
            as_text_encoder_writes_it(key): as_text_encoder_writes_it(inner)
            for key, inner in value.items()
        }
    return value


@given(VALUES)
def test_any_value_of_any_client_is_read_as_its_text_encoder_writes_it(value):
    assert parse_json(json.dumps(value).encode()) == as_text_encoder_writes_it(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'"\ud83c"', "\ufffd"),
        (r'"\uD83C"', "\ufffd"),
        (r'"\uDf08 rainbow"', "\ufffd rainbow"),
        (r'"\ud83c\udf08"', "\U0001f308"),
        (r'"\uD83C\uDF08"', "\U0001f308"),
        (r'"\ud83c\ud83c\udf08"', "\ufffd\U0001f308"),
        (r'"\ud83c\udf08\udf08"', "\U0001f308\ufffd"),
        (r'"\udf08\ud83c"', "\ufffd\ufffd"),
        (r'"\ud83cx\udf08"', "\ufffdx\ufffd"),
        (r'"\ud83c\\udf08"', "\ufffd\\udf08"),
        (r'"\\ud83c"', r"\ud83c"),
        (r'"\\ud83c\ud83c"', "\\ud83c\ufffd"),
        (r'"\\\ud83c"', "\\\ufffd"),
        (r'"\\\\ud83c\\\\\ud83c"', "\\\\ud83c\\\\\ufffd"),
        (r'"\\\ud83c\udf08\udf08"', "\\\U0001f308\ufffd"),
        (r'"\u005cud83c\ud83c"', "\\ud83c\ufffd"),
        (r'{"\ud83c": {"a\udf08": "\ud83c"}}', {"\ufffd": {"a\ufffd": "\ufffd"}}),
        (r'"\ud83c\n\u00e9\"\/"', '\ufffd\n\u00e9"/'),
        ('"\U0001f308\\ud83c"', "\U0001f308\ufffd"),
    ],
)
def test_lone_surrogates_alone_are_replaced(text, expected):
    assert parse_json(text.encode()) == expected


@pytest.mark.parametrize(
    "text",
    [
        rb'"\ud83',
        rb'"\ud83c',
        rb'{"a": "\ud83c"} x',
        rb"\ud83c",
        rb'"\ud83c" "\udf08"',
        rb'{"a": NaN, "b": "\ud83c"}',
        b'"\xed\xa0\xbc"',
        b'"\xff\\ud83c"',
        rb'"\ud83c\x"',
        rb'"\ud83g"',
        b'"\0\0\\ud83c"',
        b'"\0\0ud83c\\ud83c"',
        b"",
    ],
)
def test_what_is_no_json_stays_none(text):
    with pytest.raises(InvalidJson) as caught:
        parse_json(text)
    assert caught.value.args == ()
    assert caught.value.__suppress_context__


@given(st.binary())
def test_any_bytes_are_what_the_parser_says_or_no_json(data):
    try:
        found = parse_json(data)
    except InvalidJson:
        with pytest.raises(orjson.JSONDecodeError):
            orjson.loads(data)
    else:
        assert found == orjson.loads(data)


def lists(number):
    return b"[%b]" % b",".join([b"[]"] * (number - 1))


@pytest.mark.parametrize("pair", [b"[]", b"{}", b'"[]"', b'{"a": [{}]}'])
def test_containers_are_bounded_before_the_parse(pair):
    each = pair.count(b"[") + pair.count(b"{")
    most = (MOST_CONTAINERS - 1) // each
    text = b"[%b]" % b",".join([pair] * most)
    assert len(parse_json(text)) == most
    for more in (text[:-1] + b"," + pair + b"]", text + pair, b"[" * 10**6):
        with pytest.raises(CrowdedJson):
            parse_json(more)


@pytest.fixture
def collections():
    """The cyclic collector's runs, from now on."""
    found = []

    def note(phase, info):
        found.append((phase, info["generation"]))

    gc.callbacks.append(note)
    yield found
    gc.callbacks.remove(note)


def test_the_collector_does_not_run_inside_a_parse(collections):
    text = lists(MOST_CONTAINERS)
    gc.collect()
    collections.clear()
    parsed = orjson.loads(text)
    # By itself it does, again and again; newer Pythons wait for the next bytecode.
    assert len(collections) > 20 or sys.version_info >= (3, 12)
    del parsed
    gc.collect()
    collections.clear()

    parsed = parse_json(text)
    during = collections.copy()

    assert len(parsed) == MOST_CONTAINERS - 1
    # What comes due meanwhile runs once behind it, over what is new.
    assert during in ([], [("start", 0), ("stop", 0)])


@pytest.mark.parametrize("text", [lists(5000), lists(5000)[:-1], lists(5)])
@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_is_left_as_it_was(text, enabled):
    (gc.enable if enabled else gc.disable)()
    try:
        try:
            parse_json(text)
        except InvalidJson:
            assert text[-2:] == b"[]"
        assert gc.isenabled() is enabled
    finally:
        gc.enable()


@pytest.mark.parametrize("text", texts(200_000).values(), ids=texts(1))
def test_bombs_are_read_or_refused(text):
    try:
        expected = orjson.loads(text)
    except orjson.JSONDecodeError:
        expected = None
    try:
        found = parse_json(text)
    except CrowdedJson:
        assert text.count(b"[") + text.count(b"{") > MOST_CONTAINERS
    except InvalidJson:
        assert expected is None
    else:
        assert expected is None or found == expected


@given(VALUES)
def test_loose_reading_differs_in_numbers_alone(value):
    found = parse_loose_json(json.dumps(value).encode())
    assert found == digits(as_text_encoder_writes_it(value))


def digits(value):
    """A value with its whole numbers as their digits."""
    if isinstance(value, list):
        return [digits(inner) for inner in value]
    if isinstance(value, dict):
        return {key: digits(inner) for key, inner in value.items()}
    return str(value) if type(value) is int else value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'"caf\xe9"', "caf\ufffd"),
        (b'"\t\x1b"', "\t\x1b"),
        (b"[NaN, -Infinity, 1e400, 1.5]", [0.0] * 4),
        (b"9" * 5000, "9" * 5000),
        (rb'"\ud83c \\ud83c"', "\ufffd \\ud83c"),
    ],
)
def test_loose_reading_takes_what_other_tools_write(text, expected):
    assert parse_loose_json(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[1,]",
        b'"a"\0',
        b'"\\\0"',
        b"1 2",
        b"[" * 40_000,
        b'{"a":' * 40_000,
        b"[" * 10**6,
    ],
    ids=lambda text: str(text[:8]),
)
def test_loose_reading_refuses_what_is_no_json(text):
    with pytest.raises(InvalidJson):
        parse_loose_json(text)


@given(st.binary())
def test_any_bytes_are_read_loosely_or_refused(data):
    with contextlib.suppress(InvalidJson):
        parse_loose_json(data)


@pytest.mark.parametrize("text", texts(60_000).values(), ids=texts(1))
def test_bombs_are_read_loosely_or_refused(text):
    with contextlib.suppress(InvalidJson):
        parse_loose_json(text)
