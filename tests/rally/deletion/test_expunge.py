"""What people order to be expunged goes out of the store: rows, or one field."""

from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.receipts.receipt import Expunged, FileChange, ReceiptReason, Stage
from rally.registry.registry import Registry
from rally.storage.row_keys import PARTICIPANT
from rally.times import to_micros
from tests.rally.deletion.expunge_rows import fill, put, stored
from tests.rally.deletion.test_killed import count
from tests.support.memory_deployment import (
    Killed,
    Row,
    frames,
    header_in,
    live,
)
from tests.support.world import GARDEN, POND

SECONDS = "/seconds"


FILES = ("indexed_file", "foreign_file")


@pytest.mark.parametrize("how", FILES)
def test_rows_of_the_ordered_days_go_and_no_others(deployment, how):
    fill(deployment, how)
    put(deployment, 11, [Row(1, 7, 11)], study=POND)
    order = deployment.expunge(11, 12)
    report = deployment.delete()
    assert report.faults == []
    assert stored(deployment) == [(101, 10.0), (102, 10.0)]
    assert stored(deployment, POND) == [(7, None)]
    assert [each.requests for each in report.rewritten] == [{order.id: 2}] * 2
    deployment.check()


@pytest.mark.parametrize("how", FILES)
def test_field_of_the_ordered_days_goes_and_the_rows_stay(deployment, how):
    fill(deployment, how)
    order = deployment.expunge(10, 11, SECONDS)
    report = deployment.delete()
    assert report.faults == []
    assert stored(deployment) == [
        *((101, None), (102, None), (111, None), (112, None)),
        *((121, 12.0), (122, 12.0)),
    ]
    told = [(each.rows_removed, each.rows_changed, each.requests)
            for each in report.rewritten]  # fmt: skip
    assert told == [(0, 2, {order.id: 2})] * 2
    deployment.check()


def test_order_that_nobody_approved_takes_nothing(deployment):
    fill(deployment)
    before = deployment.data.read(next(iter(deployment.data.list())).name)
    deployment.expunge(10, 12, approved_by=None)
    report = deployment.delete()
    assert (report.planned, report.receipts) == ([], [])
    assert len(stored(deployment)) == 6
    assert deployment.data.read(next(iter(deployment.data.list())).name) == before


def test_blocks_without_the_field_stay_byte_by_byte(deployment):
    rows = [Row(person, person, 10, "x" * 9000) for person in range(1, 30)]
    encoded = sorted(deployment.encode(row) for row in rows)
    people = [row[PARTICIPANT].decode() for row in encoded]
    last = next(row for row in rows if deployment.pseudonym(row.person) == people[-1])
    with_field = [row._replace(seconds=1.5) if row is last else row for row in rows]
    name = put(deployment, 10, with_field)
    header, before = header_in(deployment.data, name), deployment.data.read(name)
    deployment.expunge(10, 10, SECONDS)
    assert deployment.delete().faults == []
    after = deployment.data.read(name)
    assert frames(after)[:-1] == frames(before)[:-1]
    assert frames(after)[-1] != frames(before)[-1]
    assert len(frames(before)) > 3
    found = header_in(deployment.data, name)
    assert (found.schema, found.sync, found.rows) == (header.schema, header.sync, 29)
    whole = deployment.indexed_file(rows)
    deployment.data.create("whole", whole)
    assert frames(after) == frames(whole)


def test_receipt_says_what_went_and_no_id(deployment):
    fill(deployment)
    name = put(deployment, 13, [Row(3, 133, 13)])
    before = live(deployment.data, name)
    order = deployment.expunge(13, 14)
    assert deployment.delete().receipts == [1]
    (receipt,) = deployment.receipts()
    now = to_micros(deployment.now)
    assert (receipt.request, receipt.scope) == (order.id, GARDEN)
    assert receipt.reason is ReceiptReason.EXPUNGE
    assert receipt.expunged == Expunged(
        order.number, "visit.1", None, date(2026, 5, 14), date(2026, 5, 15)
    )
    assert receipt.stages == {Stage.REQUESTED: now, Stage.VERIFIED: now}
    (section,) = receipt.sections
    assert (section.files, section.rows) == (1, 1)
    (change,) = deployment.changes(receipt)
    assert change == FileChange(
        plan=receipt.plan,
        namespace=GARDEN,
        name=name,
        generation_before=before.generation,
        generation_after=None,
        rows_before=1,
        rows_removed=1,
        rows_after=0,
        checksum_before=change.checksum_before,
        checksum_after=None,
        rows_changed=0,
        requests={order.id: 1},
    )
    assert (section.verified.files, section.verified.rows) == (3, 6)


def test_receipt_of_a_field_counts_the_rows_that_lost_it(deployment):
    fill(deployment)
    order = deployment.expunge(10, 10, SECONDS)
    deployment.delete()
    (receipt,) = deployment.receipts()
    day_ = date(2026, 5, 11)
    assert receipt.expunged == Expunged(order.number, "visit.1", SECONDS, day_, day_)
    (change,) = deployment.changes(receipt)
    assert (change.rows_removed, change.rows_changed) == (0, 2)
    assert change.requests == {order.id: 2}
    assert (change.rows_before, change.rows_after) == (2, 2)
    deployment.check()


def test_order_without_any_row_has_a_receipt_of_nothing(deployment):
    deployment.expunge(20, 21)
    deployment.delete()
    (receipt,) = deployment.receipts()
    assert [each.outcome for each in receipt.sections] == ["nothing found"]
    assert deployment.delete().receipts == []


def test_second_run_changes_nothing(deployment):
    fill(deployment)
    deployment.expunge(10, 10, SECONDS)
    deployment.expunge(11, 12)
    assert deployment.delete().receipts == [1, 2]
    before = deployment.all_objects()
    assert deployment.delete().receipts == []
    assert deployment.all_objects() == before


def test_person_who_left_and_an_order_each_have_their_rows(deployment):
    fill(deployment)
    deployment.join(1)
    deployment.leave(1, document="left")
    order = deployment.expunge(11, 11)
    field = deployment.expunge(12, 12, SECONDS)
    assert deployment.delete().faults == []
    assert stored(deployment) == [(102, 10.0), (122, None)]
    assert deployment.told() == {"left": [("deletion", 3)]}
    rows = {each.request: each.sections[0].rows for each in deployment.receipts()}
    assert (rows[order.id], rows[field.id]) == (1, 1)
    deployment.check()


@pytest.mark.parametrize("field", [None, SECONDS])
def test_what_comes_later_goes_with_a_late_receipt(deployment, field):
    fill(deployment)
    deployment.expunge(10, 10, field)
    deployment.delete()
    deployment.now += timedelta(days=1)
    put(deployment, 10, [Row(person, person, 10, seconds=1.0) for person in (7, 8, 9)])
    assert deployment.delete().receipts == [2]
    assert [each.reason for each in deployment.receipts()] == ["expunge", "late"]
    assert deployment.receipts()[1].sections[0].rows == 3
    left = [number for number, seconds in stored(deployment) if seconds == 1.0]
    assert left == []


def test_closed_order_of_a_field_is_not_searched_any_more(deployment):
    deployment.expunge(10, 10, SECONDS)
    deployment.delete(longest_delay_days=5)
    put(deployment, 10, [Row(1, 1, 10, seconds=1.0)])
    deployment.now += timedelta(days=4)
    assert len(deployment.job(longest_delay_days=5).plan().planned) == 1
    deployment.now += timedelta(days=2)
    assert deployment.job(longest_delay_days=5).plan().planned == []


def test_closed_order_takes_out_what_the_verification_for_somebody_else_finds(
    deployment,
):
    deployment.expunge(10, 10, SECONDS)
    deployment.delete(longest_delay_days=5)
    deployment.now += timedelta(days=9)
    put(deployment, 10, [Row(1, 1, 10, seconds=1.0), Row(2, 2, 10, seconds=2.0)])
    deployment.join(5)
    deployment.leave(5, when=25)
    report = deployment.delete(longest_delay_days=5)
    assert report.faults == []
    assert stored(deployment) == [(1, None), (2, None)]
    assert [each.reason for each in deployment.receipts()] == [
        *("expunge", "deletion", "late")
    ]
    deployment.check()


def test_plan_only_shows_the_order_and_changes_no_file(deployment):
    fill(deployment)
    deployment.expunge(10, 10)
    deployment.expunge(11, 11, SECONDS)
    planned = deployment.job().plan().planned
    assert [(each.removes, each.changes) for each in planned] == [(2, 0), (0, 2)]
    assert len(stored(deployment)) == 6


def test_researchers_tables_are_named_where_rows_were_expunged(make_deployment):
    deployment = make_deployment()
    studies = dict(deployment.registry.studies)
    tables = ("bq://tables.garden",)
    studies[GARDEN] = replace(studies[GARDEN], derived=tables)
    deployment.registry = Registry(studies)
    fill(deployment)
    deployment.expunge(10, 10, SECONDS)
    assert deployment.delete().derived == [*tables]


rows = st.lists(
    st.builds(
        Row,
        person=st.integers(1, 4),
        number=st.integers(1, 10**6),
        day=st.integers(8, 14),
        seconds=st.none() | st.just(1.5),
    ),
    unique_by=lambda row: row.number,
    max_size=12,
)


ranges = st.tuples(
    st.integers(8, 14), st.integers(0, 3), st.sampled_from([None, SECONDS])
)


@pytest.mark.slow("models")
@given(
    rows,
    st.lists(ranges, max_size=3),
    st.sets(st.integers(1, 4)),
    st.sampled_from(FILES),
)
def test_what_is_left_is_what_the_model_leaves(
    make_deployment, found, orders, left, how
):
    deployment = make_deployment()
    for number in range(8, 15):
        if of_day := [row for row in found if row.day == number]:
            put(deployment, number, of_day, how)
    for person in left:
        deployment.join(person)
        deployment.leave(person)
    for first, more, field in orders:
        deployment.expunge(first, first + more, field)
    assert deployment.delete().faults == []
    assert stored(deployment) == sorted(model(found, orders, left))
    deployment.check()


def model(found, orders, left):
    for row in found:
        over = [
            field for first, more, field in orders if first <= row.day <= first + more
        ]
        if row.person not in left and None not in over:
            yield row.number, None if SECONDS in over else row.seconds


@pytest.mark.slow("kills")
def test_killed_before_any_change_and_run_again_ends_the_same(make_deployment):
    names = count(whole := furnish(make_deployment))
    assert whole.delete().faults == []
    expected = state(whole)
    for number in range(1, len(names) + 1):
        deployment = furnish(make_deployment)
        count(deployment, number)
        with suppress(Killed):
            deployment.delete()
        deployment.mark_runs_dead()
        assert deployment.delete().faults == [], names[number - 1]
        assert state(deployment) == expected, names[number - 1]


def furnish(make_deployment):
    deployment = make_deployment(versioned=True)
    fill(deployment)
    deployment.join(1)
    deployment.leave(1, document="left")
    deployment.expunge(11, 11)
    deployment.expunge(12, 12, SECONDS)
    return deployment


def state(deployment):
    deployment.check()
    told = {}
    for each in deployment.receipts():
        what = each.expunged and each.expunged.field
        files = sorted(
            (
                file.name,
                file.requests[each.request],
                file.rows_removed,
                file.rows_changed,
            )
            for file in deployment.changes(each)
        )
        told.setdefault((str(each.reason), what), []).append(files)
    return stored(deployment), told, list(deployment.data.old_copies(""))
