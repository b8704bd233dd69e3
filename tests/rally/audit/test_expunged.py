"""Orders to expunge: what is on its way, what a hold keeps, and what comes back."""

import json
from datetime import timedelta

import pytest

from rally.audit.findings import Check
from rally.registry.rows import row_schema
from rally.times import from_micros
from tests.model.words import moment
from tests.rally.audit.audited_platform import (
    count_by_description,
    day_of,
    lines_by_check,
)
from tests.rally.audit.foreign_files import put_foreign
from tests.rally.audit.row_violations import (
    GARDEN_DAY,
    JOINED,
    NO_RECEIPT,
    TAKEN,
    expunge,
    with_deletion_id,
)
from tests.support.foreign_avro import Form, nullable
from tests.support.study_decisions import hold_rows
from tests.support.world import GARDEN


def test_order_is_on_its_way_until_its_deadline(deployment):
    expunge(deployment, at=6)
    report = deployment.audit()
    assert lines_by_check(report) == {}
    seen = lines_by_check(report, "apart")[Check.EXPUNGED]
    until = from_micros(moment(6)).date() + timedelta(days=30)
    assert {each.until for each in seen} == {until}
    assert {each.what for each in seen} == {TAKEN, NO_RECEIPT}


def test_order_that_is_approved_later_than_the_audit_is_none(deployment):
    expunge(deployment, at=8)
    report = deployment.audit()
    assert lines_by_check(report) == {}
    assert Check.EXPUNGED not in lines_by_check(report, "apart")


def test_order_that_is_carried_out_leaves_nothing(deployment):
    expunge(deployment)
    deployment.delete()
    report = deployment.audit()
    assert lines_by_check(report) == {}
    assert Check.EXPUNGED not in lines_by_check(report, "apart")


def test_row_that_comes_back_after_the_receipt_is_broken_at_once(deployment):
    expunge(deployment, at=6)
    deployment.delete()
    deployment.put([deployment.row(0, number=7), deployment.row(4, number=8)])
    (seen,) = lines_by_check(deployment.audit())[Check.EXPUNGED]
    assert (seen.where, seen.what, seen.number) == (GARDEN_DAY, TAKEN, 2)


def test_legal_hold_keeps_what_is_ordered(deployment):
    expunge(deployment)
    days = [from_micros(moment(0)).date()] * 2
    hold_rows(deployment.platform, GARDEN, days, from_micros(moment(-50)))
    report = deployment.audit()
    assert Check.EXPUNGED not in lines_by_check(report)
    told = count_by_description(lines_by_check(report, "apart")[Check.EXPUNGED])
    assert told.keys() == {
        f"{TAKEN}, under a legal hold",
        f"{NO_RECEIPT}, under a legal hold",
    }


@pytest.mark.parametrize("form", ["ours", "spark"])
def test_field_in_a_file_of_another_program_is_found(deployment, form):
    rows = [
        with_deletion_id(deployment, 0, 1),
        with_deletion_id(deployment, 3, 2, None),
    ]
    if form == "ours":
        name = put_foreign(deployment, rows, document=JOINED)
    else:
        writer = Form(nullable(True, "topLevelRecord"))
        name = put_foreign(deployment, rows, document=JOINED, form=writer)
    assert name
    expunge(deployment, document=JOINED, field="/deletion.id")
    broken = lines_by_check(deployment.audit())
    found = count_by_description(broken[Check.EXPUNGED])
    assert found == {TAKEN: 1, NO_RECEIPT: 1}
    assert {each.where for each in broken[Check.EXPUNGED]} >= {
        f"{GARDEN}/{JOINED}/{day_of(0)}"
    }


def test_row_that_an_order_takes_is_no_duplicate_of_one_that_stays(deployment):
    for day in (0, 1):
        rows = [deployment.row(0, time=moment(day, hour)) for hour in (0, 1)]
        deployment.put_compacted(rows[:1], day=day)
    assert Check.DUPLICATES in lines_by_check(deployment.audit())
    expunge(deployment, at=6)
    assert lines_by_check(deployment.audit()) == {}


def test_required_field_counts_in_each_row(deployment):
    deployment.put([deployment.row(0, number=7)], day=3)
    expunge(deployment, field="/mark", day=3)
    found = count_by_description(lines_by_check(deployment.audit())[Check.EXPUNGED])
    assert found[TAKEN] >= 1
    assert found[NO_RECEIPT] == 1


def test_file_whose_schema_contains_itself_is_damaged(deployment):
    schema = json.loads(
        row_schema(deployment.registry.studies[GARDEN].documents["visit.1"].schema)
    )
    schema["fields"].append({"name": "again", "type": ["null", "stored_row"]})
    deployment.put([deployment.row(0) + b"\0"], schema=json.dumps(schema))
    expunge(deployment, field="/absent")
    broken = lines_by_check(deployment.audit())
    assert Check.FILES in broken
