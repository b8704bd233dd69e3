import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.validation.pointers import look_up, parse_pointer, put

# The example of RFC 6901, section 5, as far as objects go.
DOCUMENT = {
    "foo": ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "e^f": 3,
    "g|h": 4,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
    "metrics": {"uuid": {"rally.id": "x"}, "none": None},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("/foo", ["bar", "baz"]),
        ("/", 0),
        ("/a~1b", 1),
        ("/c%d", 2),
        ("/e^f", 3),
        ("/g|h", 4),
        ("/i\\j", 5),
        ('/k"l', 6),
        ("/ ", 7),
        ("/m~0n", 8),
        ("/metrics/uuid/rally.id", "x"),
    ],
)
def test_pointer_finds_what_rfc_6901_says(text, value):
    assert look_up(DOCUMENT, parse_pointer(text)) == value


@pytest.mark.parametrize(
    "text",
    [
        "/absent",
        "/absent/deeper",
        "/metrics/none",
        "/metrics/none/deeper",
        "/metrics/uuid/rally.id/deeper",
        "/foo/0",
        "/a/b",
        "//metrics",
    ],
)
def test_pointer_to_what_is_absent_or_null_finds_none(text):
    assert look_up(DOCUMENT, parse_pointer(text)) is None


@pytest.mark.parametrize("text", ["", "metrics", "#/metrics", " /metrics"])
def test_pointer_begins_with_a_slash(text):
    with pytest.raises(ValueError, match='a JSON pointer begins with "/"'):
        parse_pointer(text)


@pytest.mark.parametrize("value", [None, 5, "text", [], [{"a": 1}], True])
def test_pointer_into_no_object_finds_none(value):
    assert look_up(value, ("a",)) is None


@pytest.mark.parametrize(
    ("text", "parts"), [("/~01", ("~1",)), ("/~10", ("/0",)), ("/~1~0", ("/~",))]
)
def test_pointer_unescapes_in_the_order_of_the_rfc(text, parts):
    assert parse_pointer(text) == parts


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_pointer_round_trips_and_puts_where_it_looks(parts):
    text = "".join("/" + p.replace("~", "~0").replace("/", "~1") for p in parts)
    pointer = parse_pointer(text)
    assert pointer == tuple(parts)
    value = "old"
    for part in reversed(parts):
        value = {part: value, part + "x": "other"}
    assert look_up(value, pointer) == "old"
    put(value, pointer, "new")
    assert look_up(value, pointer) == "new"
    assert "old" not in str(value)
