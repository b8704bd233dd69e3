"""Files of other writers are judged like our own, in whatever form they have rows."""

import io
import json
from uuid import UUID

import fastavro
import pytest

from rally.audit.findings import Check
from rally.events import EventKind
from rally.registry.rows import row_schema
from rally.storage.layout import new_file
from tests.model.words import moment
from tests.rally.audit.foreign import OURS, put_foreign
from tests.rally.audit.place import counts, found, partition_of
from tests.support.foreign_avro import FORMS, with_columns, with_empty_block
from tests.support.world import GARDEN, rally_id

EVERY = {"ours": OURS, **FORMS}


@pytest.mark.parametrize("form", EVERY.values(), ids=EVERY)
def test_good_rows_break_nothing_in_any_form(place, form):
    rows = [place.row(0), place.row(4, number=2)]
    put_foreign(place, rows, form=form)
    assert found(place.audit()) == {}


@pytest.mark.parametrize("form", EVERY.values(), ids=EVERY)
def test_broken_promises_are_found_in_every_form(place, form):
    """Who left on the second day, of another date, and who never enrolled."""
    rows = [
        *(place.row(1), place.row(1, number=2)),
        place.row(0, time=moment(1), number=3),
        place.row(0, number=4),
    ]
    put_foreign(place, rows, form=form)
    seen = found(place.audit())
    assert set(seen) == {Check.WITHDRAWN, Check.PLACE}
    assert sum(counts(seen[Check.WITHDRAWN]).values()) == 2
    assert sum(counts(seen[Check.PLACE]).values()) == 1


@pytest.mark.parametrize("form", EVERY.values(), ids=EVERY)
def test_raw_id_in_the_column_of_people_is_found_in_every_form(place, form):
    row = place.row(participant=rally_id(0), number=2)
    put_foreign(place, [place.row(0), row], form=form)
    seen = found(place.audit())
    assert counts(seen[Check.IDS]) == {"with a raw id, or without a pseudonym": 1}


@pytest.mark.parametrize(
    "where", ["front", "end", "bare", "alone"], ids=lambda where: f"block {where}"
)
@pytest.mark.parametrize("form", [OURS, FORMS["Spark"]], ids=["ours", "Spark"])
def test_block_of_no_rows_breaks_nothing(place, where, form):
    def change(data):
        return with_empty_block(data, where)

    put_foreign(place, [place.row(0)], form=form, change=change)
    assert found(place.audit()) == {}


def put_record(place, schema, **values):
    """Stores one row of person 0 in a schema of somebody else's, with other values."""
    text = row_schema(place.registry.studies[GARDEN].documents["visit.1"])
    record = fastavro.schemaless_reader(
        io.BytesIO(place.row(0)), fastavro.parse_schema(json.loads(text)), None
    )
    stream = io.BytesIO()
    fastavro.writer(stream, schema(json.loads(text)), [record | values])
    name = new_file(partition_of(GARDEN), "e" * 32)
    assert place.data.create(name, stream.getvalue())
    return name


def test_raw_bytes_of_an_id_are_found_in_other_columns(place):
    schema = with_columns(client_agent=["null", "bytes"])
    note = b"agent " + UUID(rally_id(0)).bytes + b"\xff"
    put_record(place, schema, client_agent=note)
    seen = found(place.audit())
    assert set(seen) == {Check.IDS}
    assert counts(seen[Check.IDS]) == {"with a raw id, or without a pseudonym": 1}


def test_row_of_nobody_has_no_pseudonym(place):
    put_record(place, with_columns(participant=["null", "string"]), participant=None)
    seen = found(place.audit())
    assert counts(seen[Check.IDS]) == {"with a raw id, or without a pseudonym": 1}


def without_tags(schema):
    return {**schema, "fields": [f for f in schema["fields"] if f["name"] != TAGS]}


TAGS = "source_tags"
ONE_MORE = {"name": "more", "type": ["null", "string"], "default": None}


@pytest.mark.parametrize(
    "change",
    [
        lambda schema: {**schema, "fields": [*schema["fields"], ONE_MORE]},
        without_tags,
        with_columns(client_agent=["null", "long"]),
        with_columns(client_agent=["null", "string", "long"]),
        with_columns(client_agent=["null", {"type": "array", "items": "string"}]),
    ],
    ids=["one more", "one less", "another type", "a type more", "a list"],
)
def test_columns_that_are_not_the_approved_ones_are_found(place, change):
    put_record(place, change)
    seen = found(place.audit())
    assert set(seen) == {Check.SCHEMA}
    assert counts(seen[Check.SCHEMA]) == {"not of the approved schema": 1}


@pytest.mark.parametrize("many", [False, True], ids=["few", "many"])
@pytest.mark.parametrize("form", EVERY.values(), ids=EVERY)
def test_derived_tables_are_searched_in_every_form(place, form, many):
    """Person 1 left long ago; of many people a set is searched in another way."""
    garden = place.derived / "garden"
    for person in range(100, 106) if many else ():
        place.event(EventKind.LEFT, person, GARDEN, 0, submission_timestamp=moment(2))
    name = put_foreign(place, [place.row(0), place.row(1, number=2)], form=form)
    data, info = place.data.read(name), place.data.stat(name)
    place.data.delete(name, info.generation)
    (garden / "table.avro").write_bytes(data)
    assert set(found(place.audit())) == {Check.DERIVED}
