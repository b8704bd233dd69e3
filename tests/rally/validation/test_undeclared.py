"""What a schema does not declare is left out of a payload, and nothing else."""

from copy import deepcopy
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.outcomes import MismatchKind
from rally.validation.avro_schema import read_schema
from rally.validation.avro_types import Array
from rally.validation.mismatches import find_mismatches
from rally.validation.undeclared import leave_out_undeclared
from tests.rally.validation.avro_strategies import (
    fitting_values,
    json_values,
    mutations,
    schemas,
)


def record(name, *fields):
    return {"type": "record", "name": name, "fields": list(fields)}


def maybe(name, type_):
    return {"name": name, "type": ["null", type_], "default": None}


PART = record("part", maybe("kind", "string"))
LABELS = {"type": "map", "values": "long", "keys": ["one", "two"]}
SCHEMA = read_schema(
    record(
        "ping",
        maybe("page", "string"),
        maybe("parts", {"type": "array", "items": PART}),
        maybe("sums", {"type": "map", "values": record("sum", maybe("count", "long"))}),
        maybe("labels", LABELS),
        {
            "name": "either",
            "type": ["null", record("a", maybe("a", "long")), record("b")],
            "default": None,
        },
    )
)


@pytest.mark.parametrize(
    ("payload", "left", "places"),
    [
        ({"page": "p"}, {"page": "p"}, []),
        ({"page": "p", "email": "e"}, {"page": "p"}, ["undeclared, below /"]),
        ({"email": {"page": {}}, "e": 1}, {}, ["undeclared, below /"]),
        ({"page": {"email": 1}}, {"page": {"email": 1}}, []),
        (
            {"parts": [{"kind": "a", "size": 1}, {"kind": "b"}, {"at": []}, 7]},
            {"parts": [{"kind": "a"}, {"kind": "b"}, {}, 7]},
            ["undeclared, below /parts/*"],
        ),
        (
            {"sums": {"any": {"count": 1, "mean": 2.0}}, "x": None},
            {"sums": {"any": {"count": 1}}},
            ["undeclared, below /sums/*", "undeclared, below /"],
        ),
        (
            {"labels": {"one": 1, "three": 3, "\ud800": 4}},
            {"labels": {"one": 1}},
            ["undeclared, below /labels"],
        ),
        ({"either": {"email": 1}}, {"either": {"email": 1}}, []),
        ({"parts": {"size": 1}}, {"parts": {"size": 1}}, []),
        ([{"email": "e"}], [{"email": "e"}], []),
        (None, None, []),
    ],
)
def test_undeclared_names_are_left_out_and_told_once_by_place(payload, left, places):
    before = deepcopy(payload)
    assert leave_out_undeclared(SCHEMA, payload) == (left, places)
    assert payload == before


def test_payload_that_declares_all_is_the_same_object():
    payload = {"page": "p", "parts": [{"kind": "a"}], "labels": {"two": 2}}
    assert leave_out_undeclared(SCHEMA, payload)[0] is payload


class CountedReads(tuple):
    """A tuple that counts how often it is gone through."""

    number = 0

    def __iter__(self):
        self.number += 1
        return super().__iter__()


def test_fields_of_a_record_are_read_once_for_all_records_of_all_pings():
    wide = record("wide", *(maybe(f"field{n}", "long") for n in range(100)))
    array = read_schema({"type": "array", "items": wide})
    assert isinstance(array, Array)
    fields = CountedReads(array.items.fields)
    array = replace(array, items=replace(array.items, fields=fields))
    ping = [{"field7": 1, "x": 2}, {"y": 3}] * 1000
    for _ in range(3):
        left, places = leave_out_undeclared(array, ping)
        assert left == [{"field7": 1}, {}] * 1000
        assert places == ["undeclared, below /*"]
    assert fields.number == 1


@given(st.data())
def test_what_is_left_out_is_what_is_undeclared(data):
    schema = data.draw(schemas())
    type_ = read_schema(schema)
    fits = data.draw(fitting_values(schema))
    for value in (fits, data.draw(mutations(fits)), data.draw(json_values)):
        left, places = leave_out_undeclared(type_, value)
        assert leave_out_undeclared(type_, left) == (left, [])
        found = [*find_mismatches(type_, value)]
        undeclared = {it.words for it in found if it.kind is MismatchKind.UNDECLARED}
        assert set(places) == undeclared
        rest = [*find_mismatches(type_, left)]
        assert MismatchKind.UNDECLARED not in {each.kind for each in rest}
        if not undeclared:
            assert left is value
