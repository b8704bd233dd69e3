"""Rows of people who never enrolled go after the grace, and nobody else's."""

import io
import json
from datetime import timedelta

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.deletion.rewriting import label
from rally.events import RALLY, Event, EventKind
from rally.retention.limits import Limits
from rally.storage.layout import Partition, new_file
from rally.withdrawal.enrolments import EnrolledPeople, Grace
from tests.pipelines.world import GARDEN, HOUSE, POND
from tests.rally.deletion.place import Row, day, document_id, header_in
from tests.rally.retention.place import gone
from tests.support.foreign_avro import FORMS, with_empty_block, write_foreign

DATE = "2026-05-11"
"""Ten days after the first; noon of it is day(10)."""


def test_strangers_go_and_others_stay_in_one_file(place):
    place.join(1, when=1)
    place.put(place.ours([Row(1, 1), Row(2, 2), Row(2, 3), Row(3, 4), Row(1, 5)]))
    report = place.purge()
    assert place.numbers() == [1, 5]
    assert gone(report) == {(GARDEN, "visit.1", "unenrolled"): (1, 3)}
    assert list(report.problems) == []
    (name,) = place.names()
    entries = header_in(place.data, name).entries
    assert label(report.plan, GARDEN, name).encode() in entries["rally.rewrote"]
    assert report.plan.encode() not in entries["rally.rewrote"]
    assert entries["rally.rows"] == b"2"


def test_files_of_other_writers_are_read_too(place):
    place.join(1, when=1)
    place.put(place.foreign([Row(2, 2), Row(1, 1), Row(3, 4)], codec="deflate"))
    report = place.purge()
    assert place.numbers() == [1]
    assert gone(report) == {(GARDEN, "visit.1", "unenrolled"): (1, 2)}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_strangers_go_from_every_form_of_other_writers(place, form):
    place.join(1, when=1)
    records = [place.record(row) for row in (Row(2, 2), Row(1, 1), Row(3, 4))]
    data = write_foreign(form, json.loads(place.schema()), records)
    name = place.put(with_empty_block(data, "front"))
    report = place.purge()
    left = list(fastavro.reader(io.BytesIO(place.data.read(name))))
    assert left == list(fastavro.reader(io.BytesIO(data)))[1:2]
    assert gone(report) == {(GARDEN, "visit.1", "unenrolled"): (1, 2)}


def test_file_without_a_row_left_goes(place):
    place.join(1, when=1)
    place.put(place.ours([Row(2, 2), Row(3, 3)]), "strangers")
    place.put(place.ours([Row(1, 1)]), "ours")
    report = place.purge()
    assert [name.rpartition("/")[2] for name in place.names()] == ["ours.avro"]
    assert gone(report) == {(GARDEN, "visit.1", "unenrolled"): (1, 2)}


@pytest.mark.parametrize(("now", "left"), [(17.6, [1, 2]), (18.0, [1]), (30, [1])])
def test_grace_is_over_for_a_whole_date(place, now, left):
    """The last row of the date is from before its midnight."""
    place.now = day(now - 0.5)  # days begin at midnight
    place.join(1, when=1)
    place.put(place.ours([Row(1, 1), Row(2, 2, 10.499)]))
    place.purge()
    assert place.numbers() == left


@pytest.mark.parametrize(("joined", "left"), [(16.9, [1]), (17.0, [1]), (17.1, [])])
def test_enrolment_may_come_within_the_grace(place, joined, left):
    place.join(1, when=joined)
    place.put(place.ours([Row(1, 1, 10)]))
    place.purge()
    assert place.numbers() == left


def test_grace_is_an_option(place):
    place.join(1, when=17.1)
    place.put(place.ours([Row(1, 1, 10)]))
    assert place.purging(limits=Limits(grace_days=8)).plan().plan == ""


def test_who_left_and_came_back_is_the_fold_s(place):
    """Rows between are for deletion to take; the earliest enrolment covers them."""
    place.join(1, when=1)
    place.leave(1, when=5)
    place.join(1, when=15)
    place.put(place.ours([Row(1, 1, 10)]))
    assert place.purge().plan == ""
    place.delete()
    assert place.numbers() == []


def test_enrolment_in_one_study_is_none_in_another(place):
    place.join(1, POND, when=1)
    place.put(place.ours([Row(1, 1)]))
    place.put(place.ours([Row(1, 2)], POND), study=POND)
    place.purge()
    assert (place.numbers(), place.numbers(POND)) == ([], [2])


def test_platform_rows_need_rally_and_enrolments_need_none(place):
    place.join(1, RALLY, when=1)
    place.join(2, GARDEN, when=1, document=document_id(4))
    place.join(3, GARDEN, when=1)
    rows = place.ours([Row(1, 1), Row(2, 2), Row(3, 3)], HOUSE)
    name = new_file(Partition(HOUSE, "unenrollment.1", DATE), "a")
    place.data.create(name, rows)
    place.put(place.ours([Row(2, 4)], HOUSE), study=HOUSE)
    report = place.purge()
    assert place.numbers(HOUSE) == [1, 4]
    assert gone(report) == {(HOUSE, "unenrollment.1", "unenrolled"): (1, 2)}


def test_studies_own_enrolments_are_spared(place):
    name = new_file(Partition(GARDEN, "study-enrollment.1", DATE), "a")
    place.data.create(name, place.ours([Row(2, 2)]))
    assert place.purge().plan == ""


def test_events_outlive_the_enrolment_s_own_row(place):
    """The row that says who joined is long gone; its event covers rows all the same."""
    place.join(1, when=-400)
    place.put(place.ours([Row(1, 1)]))
    assert place.purge().plan == ""


def test_legal_hold_keeps_strangers(place):
    place.put(place.ours([Row(2, 2)]))
    place.legal_hold(GARDEN, DATE, DATE)
    report = place.purge()
    assert place.numbers() == [2]
    assert (report.plan, len(report.blocked), report.exit_status) == ("", 1, 0)


def test_nobody_enrolled_at_all_is_refused(place):
    place.put(place.ours([Row(person, person) for person in range(101)]))
    report = place.purge()
    assert len(place.numbers()) == 101
    [line] = report.withheld
    assert "--max_share" in line
    assert "or is its event log, or its pseudonym key, lost?" in line
    assert report.exit_status == 1
    place.purge(confirm=report.plan)
    assert place.numbers() == []


def test_damaged_file_is_named_and_the_others_go_on(place):
    place.join(1, when=1)
    whole = place.ours([Row(1, 1), Row(2, 2)])
    place.put(whole[:-20], "damaged")
    place.put(whole, "whole")
    report = place.purge()
    assert place.numbers_in(place.names()[1]) == [1]
    assert [name.rpartition("/")[2] for name, _ in report.faults] == ["damaged.avro"]
    assert report.exit_status == 1


def test_retry_recognises_what_a_lost_answer_had_done(place):
    place.join(1, when=1)
    place.put(place.ours([Row(1, 1), Row(2, 2)]))

    def lose(operation, name):
        if operation == "replace" and name.startswith("data/"):
            place.data.after = lambda *_: None
            raise OSError("no answer")

    place.data.after = lose
    report = place.purge()
    assert place.numbers() == [1]
    assert gone(report) == {(GARDEN, "visit.1", "unenrolled"): (1, 1)}
    assert list(report.problems) == []


people = st.integers(0, 4)
times = st.integers(0, 40)


@given(st.lists(st.tuples(people, times)), st.lists(st.tuples(people, times)))
def test_rule_is_the_plain_one(registry, joins, rows):
    """Against what anybody would write down."""
    grace = 3
    covered = {
        row
        for row in rows
        for person, at in joins
        if person == row[0] and at <= row[1] + grace
    }
    people = _enrolled(registry.studies[GARDEN], joins, grace)
    assert {row for row in rows if people.covers(_name(row[0]), row[1])} == covered


class _Named:
    """Pseudonyms that can be read."""

    def knows(self, namespace):
        return True

    def of_study(self, namespace, platform):
        return platform


def _name(person):
    return str(person).encode()


def _enrolled(study, joins, grace):
    events = [
        Event(EventKind.JOINED, GARDEN, str(person), at, None, "", "")
        for person, at in joins
    ]
    days = timedelta(microseconds=grace) / timedelta(days=1)
    return EnrolledPeople(study, _Named(), events, Grace(days))
