"""What a schema has given up is left out of a payload, and nothing else."""

from copy import deepcopy
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.validation.avro_schema import read_schema
from rally.validation.leaving_out import (
    find_expired,
    find_given_up,
    leave_out,
)


def record(name, *fields):
    return {"type": "record", "name": name, "fields": list(fields)}


def maybe(name, type_, **more):
    return {"name": name, "type": ["null", type_], "default": None, **more}


NEWER = record(
    "ping",
    maybe("page", "string"),
    maybe("parts", {"type": "array", "items": record("part", maybe("kind", "string"))}),
    maybe("sums", {"type": "map", "values": record("sum", maybe("count", "long"))}),
)
OLDER = record(
    "ping",
    maybe("page", "string"),
    maybe("title", "string"),
    maybe("gone", record("gone", maybe("inside", "string"))),
    maybe(
        "parts",
        {
            "type": "array",
            "items": record("part", maybe("kind", "string"), maybe("size", "long")),
        },
    ),
    maybe(
        "sums",
        {
            "type": "map",
            "values": record("sum", maybe("count", "long"), maybe("mean", "double")),
        },
    ),
)
GIVEN_UP = find_given_up(read_schema(NEWER), [read_schema(OLDER)])


@pytest.mark.parametrize(
    ("payload", "left", "places"),
    [
        ({"page": "p"}, {"page": "p"}, []),
        ({"page": "p", "title": "t"}, {"page": "p"}, ["/title"]),
        ({"gone": {"inside": "x"}}, {}, ["/gone"]),
        ({"gone": 7}, {}, ["/gone"]),
        (
            {"parts": [{"kind": "a", "size": 1}, {"size": 2}, {"kind": "b"}]},
            {"parts": [{"kind": "a"}, {}, {"kind": "b"}]},
            ["/parts/*/size", "/parts/*/size"],
        ),
        (
            {"sums": {"size": {"count": 1, "mean": 2.0}}},
            {"sums": {"size": {"count": 1}}},
            ["/sums/*/mean"],
        ),
        ({"titles": "t"}, {"titles": "t"}, []),
        ({"parts": {"size": 1}}, {"parts": {"size": 1}}, []),
        ([{"title": "t"}], [{"title": "t"}], []),
        (None, None, []),
    ],
)  # fmt: skip
def test_what_older_schemas_had_is_left_out(payload, left, places):
    before = deepcopy(payload)
    assert leave_out(payload, GIVEN_UP) == (left, places)
    assert payload == before


def test_payload_of_which_nothing_is_left_out_is_the_same_object():
    payload = {"page": "p", "parts": [{"kind": "a"}]}
    assert leave_out(payload, GIVEN_UP)[0] is payload


def test_schema_that_only_grew_gives_nothing_up():
    assert not find_given_up(read_schema(OLDER), [read_schema(NEWER)])
    assert not find_given_up(read_schema(OLDER), [])


def test_all_older_schemas_count():
    oldest = read_schema(record("ping", maybe("page", "string"), maybe("word", "long")))
    given_up = find_given_up(read_schema(NEWER), [read_schema(OLDER), oldest])
    payload = {"page": "p", "title": "t", "word": 1}
    assert leave_out(payload, given_up) == ({"page": "p"}, ["/title", "/word"])


PART = record("part", maybe("at", "long", expires="2026-05-22"))
EXPIRING = record(
    "ping",
    maybe("page", "string", expires="2026-05-20"),
    maybe("parts", {"type": "array", "items": PART}),
)


@pytest.mark.parametrize(
    ("day", "places"),
    [
        ("2026-05-20", []),
        ("2026-05-21", ["/page"]),
        ("2026-05-22", ["/page"]),
        ("2026-05-23", ["/page", "/parts/*/at"]),
    ],
)
def test_field_goes_on_the_day_after_its_last(day, places):
    expired = find_expired(read_schema(EXPIRING), date.fromisoformat(day))
    payload = {"page": "p", "parts": [{"at": 1}]}
    assert leave_out(payload, expired)[1] == places


NAMES = st.sampled_from(["page", "title", "gone", "parts", "sums", "kind", "size"])
VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_leaving_out_twice_leaves_out_nothing_more(payload):
    left, _ = leave_out(payload, GIVEN_UP)
    assert leave_out(left, GIVEN_UP) == (left, [])
