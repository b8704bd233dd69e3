"""Rows of people who never enrolled go after the grace, and nobody else's."""

import io
import json
from datetime import timedelta

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.deletion.rewriting import hide_identifier
from rally.events import RALLY, Event, EventKind
from rally.retention.limits import Limits
from rally.storage.layout import Partition, new_file
from rally.withdrawal.enrolments import EnrolledPeople, Grace
from tests.support.foreign_avro import FORMS, with_empty_block, write_foreign
from tests.support.memory_deployment import Row, day, document_id, header_in
from tests.support.purge_deployment import deleted_counts
from tests.support.world import GARDEN, HOUSE, POND

DATE = "2026-05-11"
"""Ten days after the first; noon of it is day(10)."""


def test_strangers_go_and_others_stay_in_one_file(deployment):
    deployment.join(1, when=1)
    deployment.put(
        deployment.indexed_file([Row(1, 1), Row(2, 2), Row(2, 3), Row(3, 4), Row(1, 5)])
    )
    report = deployment.purge()
    assert deployment.numbers() == [1, 5]
    assert deleted_counts(report) == {(GARDEN, "visit.1", "unenrolled"): (1, 3)}
    assert list(report.problems) == []
    (name,) = deployment.names()
    entries = header_in(deployment.data, name).entries
    assert (
        hide_identifier(report.plan, GARDEN, name).encode() in entries["rally.rewrote"]
    )
    assert report.plan.encode() not in entries["rally.rewrote"]
    assert entries["rally.rows"] == b"2"


def test_files_of_other_writers_are_read_too(deployment):
    deployment.join(1, when=1)
    deployment.put(
        deployment.foreign_file([Row(2, 2), Row(1, 1), Row(3, 4)], codec="deflate")
    )
    report = deployment.purge()
    assert deployment.numbers() == [1]
    assert deleted_counts(report) == {(GARDEN, "visit.1", "unenrolled"): (1, 2)}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_strangers_go_from_every_form_of_other_writers(deployment, form):
    deployment.join(1, when=1)
    records = [deployment.record(row) for row in (Row(2, 2), Row(1, 1), Row(3, 4))]
    data = write_foreign(form, json.loads(deployment.schema()), records)
    name = deployment.put(with_empty_block(data, "front"))
    report = deployment.purge()
    left = list(fastavro.reader(io.BytesIO(deployment.data.read(name))))
    assert left == list(fastavro.reader(io.BytesIO(data)))[1:2]
    assert deleted_counts(report) == {(GARDEN, "visit.1", "unenrolled"): (1, 2)}


def test_file_without_a_row_left_goes(deployment):
    deployment.join(1, when=1)
    deployment.put(deployment.indexed_file([Row(2, 2), Row(3, 3)]), "strangers")
    deployment.put(deployment.indexed_file([Row(1, 1)]), "ours")
    report = deployment.purge()
    assert [name.rpartition("/")[2] for name in deployment.names()] == ["ours.avro"]
    assert deleted_counts(report) == {(GARDEN, "visit.1", "unenrolled"): (1, 2)}


@pytest.mark.parametrize(("now", "left"), [(17.6, [1, 2]), (18.0, [1]), (30, [1])])
def test_grace_is_over_for_a_whole_date(deployment, now, left):
    """The last row of the date is from before its midnight."""
    deployment.now = day(now - 0.5)  # days begin at midnight
    deployment.join(1, when=1)
    deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2, 10.499)]))
    deployment.purge()
    assert deployment.numbers() == left


@pytest.mark.parametrize(("joined", "left"), [(16.9, [1]), (17.0, [1]), (17.1, [])])
def test_enrolment_may_come_within_the_grace(deployment, joined, left):
    deployment.join(1, when=joined)
    deployment.put(deployment.indexed_file([Row(1, 1, 10)]))
    deployment.purge()
    assert deployment.numbers() == left


def test_grace_is_an_option(deployment):
    deployment.join(1, when=17.1)
    deployment.put(deployment.indexed_file([Row(1, 1, 10)]))
    assert deployment.purging(limits=Limits(grace_days=8)).plan().plan == ""


def test_who_left_and_came_back_is_the_fold_s(deployment):
    """Rows between are for deletion to take; the earliest enrolment covers them."""
    deployment.join(1, when=1)
    deployment.leave(1, when=5)
    deployment.join(1, when=15)
    deployment.put(deployment.indexed_file([Row(1, 1, 10)]))
    assert deployment.purge().plan == ""
    deployment.delete()
    assert deployment.numbers() == []


def test_enrolment_in_one_study_is_none_in_another(deployment):
    deployment.join(1, POND, when=1)
    deployment.put(deployment.indexed_file([Row(1, 1)]))
    deployment.put(deployment.indexed_file([Row(1, 2)], POND), study=POND)
    deployment.purge()
    assert (deployment.numbers(), deployment.numbers(POND)) == ([], [2])


def test_platform_rows_need_rally_and_enrolments_need_none(deployment):
    deployment.join(1, RALLY, when=1)
    deployment.join(2, GARDEN, when=1, document=document_id(4))
    deployment.join(3, GARDEN, when=1)
    rows = deployment.indexed_file([Row(1, 1), Row(2, 2), Row(3, 3)], HOUSE)
    name = new_file(Partition(HOUSE, "unenrollment.1", DATE), "a")
    deployment.data.create(name, rows)
    deployment.put(deployment.indexed_file([Row(2, 4)], HOUSE), study=HOUSE)
    report = deployment.purge()
    assert deployment.numbers(HOUSE) == [1, 4]
    assert deleted_counts(report) == {(HOUSE, "unenrollment.1", "unenrolled"): (1, 2)}


def test_studies_own_enrolments_are_spared(deployment):
    name = new_file(Partition(GARDEN, "study-enrollment.1", DATE), "a")
    deployment.data.create(name, deployment.indexed_file([Row(2, 2)]))
    assert deployment.purge().plan == ""


def test_events_outlive_the_enrolment_s_own_row(deployment):
    """The row that says who joined is long gone; its event covers rows all the same."""
    deployment.join(1, when=-400)
    deployment.put(deployment.indexed_file([Row(1, 1)]))
    assert deployment.purge().plan == ""


def test_legal_hold_keeps_strangers(deployment):
    deployment.put(deployment.indexed_file([Row(2, 2)]))
    deployment.legal_hold(GARDEN, DATE, DATE)
    report = deployment.purge()
    assert deployment.numbers() == [2]
    assert (report.plan, len(report.blocked), report.exit_status) == ("", 1, 0)


def test_nobody_enrolled_at_all_is_refused(deployment):
    deployment.put(
        deployment.indexed_file([Row(person, person) for person in range(101)])
    )
    report = deployment.purge()
    assert len(deployment.numbers()) == 101
    [line] = report.withheld
    assert "--max_share" in line
    assert "or is its event log, or its pseudonym key, lost?" in line
    assert report.exit_status == 1
    deployment.purge(confirm=report.plan)
    assert deployment.numbers() == []


def test_damaged_file_is_named_and_the_others_go_on(deployment):
    deployment.join(1, when=1)
    whole = deployment.indexed_file([Row(1, 1), Row(2, 2)])
    deployment.put(whole[:-20], "damaged")
    deployment.put(whole, "whole")
    report = deployment.purge()
    assert deployment.numbers_in(deployment.names()[1]) == [1]
    assert [name.rpartition("/")[2] for name, _ in report.faults] == ["damaged.avro"]
    assert report.exit_status == 1


def test_retry_recognises_what_a_lost_answer_had_done(deployment):
    deployment.join(1, when=1)
    deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)]))

    def lose(operation, name):
        if operation == "replace" and name.startswith("data/"):
            deployment.data.after = lambda *_: None
            raise OSError("no answer")

    deployment.data.after = lose
    report = deployment.purge()
    assert deployment.numbers() == [1]
    assert deleted_counts(report) == {(GARDEN, "visit.1", "unenrolled"): (1, 1)}
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
