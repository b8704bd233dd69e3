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
from tests.rally.audit.audited_platform import (
    count_by_description,
    lines_by_check,
    partition_of,
)
from tests.rally.audit.foreign_files import OURS, put_foreign
from tests.support.foreign_avro import FORMS, with_columns, with_empty_block
from tests.support.world import GARDEN, rally_id

EVERY = {"ours": OURS, **FORMS}


@pytest.mark.parametrize("form", EVERY.values(), ids=EVERY)
def test_good_rows_break_nothing_in_any_form(deployment, form):
    rows = [deployment.row(0), deployment.row(4, number=2)]
    put_foreign(deployment, rows, form=form)
    assert lines_by_check(deployment.audit()) == {}


@pytest.mark.parametrize("form", EVERY.values(), ids=EVERY)
def test_broken_promises_are_found_in_every_form(deployment, form):
    """Who left on the second day, of another date, and who never enrolled."""
    rows = [
        *(deployment.row(1), deployment.row(1, number=2)),
        deployment.row(0, time=moment(1), number=3),
        deployment.row(0, number=4),
    ]
    put_foreign(deployment, rows, form=form)
    seen = lines_by_check(deployment.audit())
    assert set(seen) == {Check.WITHDRAWN, Check.PLACE}
    assert sum(count_by_description(seen[Check.WITHDRAWN]).values()) == 2
    assert sum(count_by_description(seen[Check.PLACE]).values()) == 1


@pytest.mark.parametrize("form", EVERY.values(), ids=EVERY)
def test_raw_id_in_the_column_of_people_is_found_in_every_form(deployment, form):
    row = deployment.row(participant=rally_id(0), number=2)
    put_foreign(deployment, [deployment.row(0), row], form=form)
    seen = lines_by_check(deployment.audit())
    assert count_by_description(seen[Check.IDS]) == {
        "with a raw id, or without a pseudonym": 1
    }


@pytest.mark.parametrize(
    "where", ["front", "end", "bare", "alone"], ids=lambda where: f"block {where}"
)
@pytest.mark.parametrize("form", [OURS, FORMS["Spark"]], ids=["ours", "Spark"])
def test_block_of_no_rows_breaks_nothing(deployment, where, form):
    def change(data):
        return with_empty_block(data, where)

    put_foreign(deployment, [deployment.row(0)], form=form, change=change)
    assert lines_by_check(deployment.audit()) == {}


def put_record(deployment, schema, **values):
    """Stores one row of person 0 in a schema of somebody else's, with other values."""
    text = row_schema(deployment.registry.studies[GARDEN].documents["visit.1"].schema)
    record = fastavro.schemaless_reader(
        io.BytesIO(deployment.row(0)), fastavro.parse_schema(json.loads(text)), None
    )
    stream = io.BytesIO()
    fastavro.writer(stream, schema(json.loads(text)), [record | values])
    name = new_file(partition_of(GARDEN), "e" * 32)
    assert deployment.data.create(name, stream.getvalue())
    return name


def test_raw_bytes_of_an_id_are_found_in_other_columns(deployment):
    schema = with_columns(client_agent=["null", "bytes"])
    note = b"agent " + UUID(rally_id(0)).bytes + b"\xff"
    put_record(deployment, schema, client_agent=note)
    seen = lines_by_check(deployment.audit())
    assert set(seen) == {Check.IDS}
    assert count_by_description(seen[Check.IDS]) == {
        "with a raw id, or without a pseudonym": 1
    }


def test_row_of_nobody_has_no_pseudonym(deployment):
    put_record(
        deployment, with_columns(participant=["null", "string"]), participant=None
    )
    seen = lines_by_check(deployment.audit())
    assert count_by_description(seen[Check.IDS]) == {
        "with a raw id, or without a pseudonym": 1
    }


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
def test_columns_that_are_not_the_approved_ones_are_found(deployment, change):
    put_record(deployment, change)
    seen = lines_by_check(deployment.audit())
    assert set(seen) == {Check.SCHEMA}
    assert count_by_description(seen[Check.SCHEMA]) == {"not of the approved schema": 1}


@pytest.mark.parametrize("many", [False, True], ids=["few", "many"])
@pytest.mark.parametrize("form", EVERY.values(), ids=EVERY)
def test_derived_tables_are_searched_in_every_form(deployment, form, many):
    """Person 1 left long ago; of many people a set is searched in another way."""
    garden = deployment.derived / "garden"
    for person in range(100, 106) if many else ():
        deployment.event(
            EventKind.LEFT, person, GARDEN, 0, submission_timestamp=moment(2)
        )
    name = put_foreign(
        deployment, [deployment.row(0), deployment.row(1, number=2)], form=form
    )
    data, info = deployment.data.read(name), deployment.data.stat(name)
    deployment.data.delete(name, info.generation)
    (garden / "table.avro").write_bytes(data)
    assert set(lines_by_check(deployment.audit())) == {Check.DERIVED}
