"""How requests go on from run to run: late rows, studies that end, decisions."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest

from rally.deletion.plan import FileOutcome
from rally.events import RALLY
from rally.receipts import receipt
from rally.receipts.receipt import Stage
from rally.registry.registry import Registry
from rally.registry.transitions import StudyAction
from rally.withdrawal.rules import Rules
from rally.withdrawal.withdrawal_list import RequestState
from tests.support.memory_deployment import Row, day, document_id, header_in
from tests.support.request_decisions import confirm, reject
from tests.support.study_decisions import decide_study
from tests.support.world import GARDEN, HOUSE, POND

DONE = ["requested", "suppressed", "rewritten", "purged", "verified"]


def states(deployment):
    return {
        each.document_id: str(each.state)
        for each in deployment.withdrawals().withdrawals
    }


def times(deployment, document):
    return {
        each.document_id: dict(each.stages)
        for each in deployment.withdrawals().withdrawals
    }[document]


def test_request_closes_after_a_sweep_past_the_longest_delay(deployment):
    deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)]))
    deployment.leave(1, document="left")
    deployment.delete()
    assert deployment.stages() == {"left": DONE}

    deployment.now = day(68) - timedelta(microseconds=1)
    deployment.delete()
    assert deployment.stages() == {"left": DONE}

    deployment.now = day(68)
    deployment.delete()
    assert deployment.stages() == {"left": [*DONE, "closed"]}
    assert states(deployment) == {"left": "closed"}
    assert deployment.told() == {"left": [("deletion", 1)]}


def test_closing_looks_once_more_and_takes_late_rows_out(deployment):
    deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)]))
    deployment.leave(1, document="left")
    deployment.delete()
    deployment.put(deployment.indexed_file([Row(1, 3, 20), Row(2, 4)]), "late")
    deployment.now = day(70)

    report = deployment.delete()

    assert deployment.numbers() == [2, 4]
    assert deployment.told() == {"left": [("deletion", 1), ("late", 1)]}
    assert states(deployment) == {"left": "closed"}
    assert report.receipts == [2]
    assert deployment.delete().verified == []
    deployment.check()


def test_late_file_is_taken_out_and_told_once(deployment):
    deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)]))
    deployment.leave(1, document="left")
    deployment.delete()
    before = times(deployment, "left")
    deployment.now = day(31)
    deployment.put(
        deployment.indexed_file([Row(1, 3), Row(1, 4, 25), Row(2, 5)]), "late"
    )

    assert deployment.delete().receipts == [2]

    assert deployment.numbers() == [2, 5]
    assert deployment.told() == {"left": [("deletion", 1), ("late", 2)]}
    assert times(deployment, "left") == before
    assert deployment.delete().receipts == []
    deployment.check()


def test_late_rows_are_not_told_while_another_file_is_damaged(deployment):
    deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)]))
    deployment.leave(1, document="left")
    deployment.delete()
    deployment.put(deployment.indexed_file([Row(1, 3), Row(2, 5)]), "late")
    bad = deployment.put(b"no file", "bad")

    report = deployment.delete()

    assert [each.outcome for each in report.faults] == [FileOutcome.DAMAGED]
    assert deployment.told() == {"left": [("deletion", 1)]}
    deployment.data.delete(bad, deployment.data.stat(bad).generation)
    assert deployment.delete().faults == []
    assert deployment.told() == {"left": [("deletion", 1), ("late", 1)]}
    deployment.check()


def end(deployment, when, action=StudyAction.END, namespace=GARDEN):
    decide_study(deployment.platform, namespace, action, day(when))


def conclude(deployment):
    end(deployment, 40, StudyAction.CONCLUDE)


def reopen(deployment):
    garden = deployment.registry.studies[GARDEN]
    later = replace(garden, collect_through=date(2026, 12, 31))
    deployment.registry = Registry(deployment.registry.studies | {GARDEN: later})


@pytest.fixture(params=["concluded", "reopened"])
def ended(request, deployment):
    """A study that has ended and defers, and what makes it go on."""
    if request.param == "concluded":
        end(deployment, 15)
        return conclude
    garden = deployment.registry.studies[GARDEN]
    over = replace(garden, collect_through=date(2026, 5, 15))
    deployment.registry = Registry(deployment.registry.studies | {GARDEN: over})
    return reopen


@pytest.mark.parametrize("scope", [GARDEN, RALLY])
def test_deferred_rows_stay_until_the_study_goes_on(deployment, ended, scope):
    deployment.join(1, document=document_id(70))
    deployment.join(1, RALLY, document=document_id(71))
    deployment.put(
        deployment.indexed_file([Row(1, 1), Row(1, 2, 19), Row(1, 3, 25), Row(2, 4)])
    )
    deployment.put(deployment.indexed_file([Row(1, 5), Row(2, 6)], POND), study=POND)
    deployment.put(
        deployment.indexed_file([Row(1, 70, 1), Row(1, 71, 1)], HOUSE), study=HOUSE
    )
    deployment.leave(1, scope, document="left")

    assert deployment.delete().faults == []

    left_rally = scope == RALLY
    assert deployment.numbers() == [1, 2, 4]
    assert deployment.numbers(POND) == ([6] if left_rally else [5, 6])
    assert deployment.numbers(HOUSE) == ([] if left_rally else [71])
    assert states(deployment) == {"left": str(RequestState.DEFERRED)}
    (first,) = deployment.receipts()
    (garden,) = [each for each in first.sections if each.namespace == GARDEN]
    assert (garden.outcome, garden.until, garden.files, garden.verified) == (
        receipt.SectionOutcome.DEFERRED,
        date(2027, 12, 31),
        1,  # the row of after the withdrawal
        None,
    )
    told = sum(section.rows for section in first.sections)
    deployment.now = day(39)
    before = deployment.all_objects()
    deployment.delete()
    assert deployment.all_objects() == before

    ended(deployment)
    deployment.now = day(41)
    assert deployment.delete().faults == []

    assert deployment.numbers() == [4]
    assert states(deployment) == {"left": str(RequestState.ACTIVE)}
    assert deployment.told() == {"left": [("deletion", told), ("settled", 2)]}
    assert deployment.delete().receipts == []
    deployment.check()
    deployment.now = day(80)
    deployment.delete()
    assert states(deployment) == {"left": str(RequestState.CLOSED)}


def test_deferred_request_never_closes_by_its_age(deployment):
    end(deployment, 15)
    deployment.put(deployment.indexed_file([Row(1, 1)]))
    deployment.leave(1, document="left")
    deployment.now = day(300)
    deployment.delete()
    assert states(deployment) == {"left": "deferred"}
    assert deployment.numbers() == [1]


def test_held_requests_are_untouched_until_somebody_decides(deployment):
    rules = Rules(hold_above_people=2, hold_above_share=0.1)
    deployment.put(
        deployment.indexed_file([Row(person, person) for person in range(6)])
    )
    for person in range(3):
        deployment.join(person)
        deployment.leave(person, document=f"left {person}")

    before = deployment.data.stat(
        deployment.put(deployment.indexed_file([Row(0, 10)]), "more")
    )
    report = deployment.delete(rules=rules)

    assert states(deployment) == {f"left {person}": "held" for person in range(3)}
    assert (report.planned, report.receipts, report.verified) == ([], [], [])
    assert deployment.numbers() == [0, 1, 2, 3, 4, 5, 10]
    assert deployment.data.stat(before.name) == before

    listed = deployment.withdrawals()
    by = {each.document_id: each for each in listed.withdrawals}
    confirm(deployment.platform, listed.counter, by["left 0"])
    reject(deployment.platform, listed.counter, by["left 1"])
    assert deployment.delete(rules=rules).faults == []

    assert states(deployment) == {
        "left 0": "active",
        "left 1": "rejected",
        "left 2": "held",
    }
    assert deployment.numbers() == [1, 2, 3, 4, 5]
    assert deployment.told() == {"left 0": [("deletion", 2)]}


def test_leaving_rally_reaches_every_study_and_the_platform(deployment):
    deployment.join(1, RALLY, document=document_id(71))
    deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)]))
    deployment.put(deployment.indexed_file([Row(1, 3), Row(2, 4)], POND), study=POND)
    deployment.put(
        deployment.indexed_file([Row(1, 71, 1), Row(2, 72, 1)], HOUSE), study=HOUSE
    )
    deployment.leave(1, RALLY, document="left")

    deployment.delete()

    assert (
        deployment.numbers(),
        deployment.numbers(POND),
        deployment.numbers(HOUSE),
    ) == (
        [2],
        [4],
        [72],
    )
    (told,) = deployment.receipts()
    assert {each.namespace: each.rows for each in told.sections} == {
        GARDEN: 1,
        POND: 1,
        HOUSE: 1,
    }


def test_leaving_a_study_takes_its_enrolment_from_the_platform_and_no_more(deployment):
    deployment.join(1, document=document_id(70))
    deployment.join(1, RALLY, document=document_id(71))
    deployment.join(1, POND, document=document_id(72))
    rows = [Row(1, number, 1) for number in (70, 71, 72)]
    deployment.put(deployment.indexed_file(rows, HOUSE), study=HOUSE)
    deployment.put(deployment.indexed_file([Row(1, 1)], POND), study=POND)
    deployment.leave(1, document="left")

    deployment.delete()

    assert deployment.numbers(HOUSE) == [71, 72]
    assert deployment.numbers(POND) == [1]
    assert deployment.told() == {"left": [("deletion", 1)]}


def test_person_who_came_back_keeps_what_came_since(deployment):
    deployment.join(1)
    deployment.leave(1, when=15, document="left")
    deployment.join(1, when=16)
    days = [10, 15, 15.5, 16, 28]
    deployment.put(
        deployment.indexed_file([Row(1, at + 1, day) for at, day in enumerate(days)])
    )

    report = deployment.delete()

    assert deployment.numbers() == [4, 5]
    assert report.faults == []
    assert deployment.told() == {"left": [("deletion", 3)]}


def test_two_requests_of_one_person_tell_each_row_once(deployment):
    deployment.put(deployment.indexed_file([Row(1, 1, 5), Row(1, 2, 15), Row(2, 3)]))
    deployment.leave(1, GARDEN, 10, document="garden")
    deployment.leave(1, RALLY, 20, document="rally")

    deployment.delete()

    assert deployment.told() == {
        "garden": [("deletion", 1)],
        "rally": [("deletion", 1)],
    }
    deployment.check()


def test_unresolved_request_closes_and_is_carried_out_if_it_is_explained_later(
    deployment,
):
    unknown = {"participant": None, "deletion_id": "an extension"}
    deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)]))
    deployment.leave(1, RALLY, document="gone", **unknown)
    deployment.delete()
    assert (states(deployment), deployment.numbers()) == (
        {"gone": "unresolved"},
        [1, 2],
    )

    deployment.now = day(111)
    deployment.delete()
    assert (states(deployment), deployment.receipts()) == ({}, [])

    deployment.join(1, deletion_id="an extension")
    assert deployment.delete().faults == []
    assert deployment.numbers() == [2]
    assert deployment.told() == {"gone": [("deletion", 1)]}
    deployment.check()


def test_no_pseudonym_stands_in_plans_or_receipts(deployment):
    deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)]))
    deployment.leave(1, RALLY)
    deployment.delete()
    ids = {
        deployment.pseudonym(1),
        deployment.platform_pseudonym(1),
        deployment.pseudonym(1, POND),
    }
    for info in deployment.platform.list():
        if info.name.startswith(("plans/", "receipts/", "leases/")):
            data = deployment.platform.read(info.name).decode()
            assert not [each for each in ids if each in data]
    for info in deployment.data.list("data/"):
        data = deployment.data.read(info.name)
        assert not [each for each in ids if each.encode() in data]


def test_stages_have_the_times_of_the_runs(deployment):
    deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)]))
    deployment.leave(1, document="left")
    deployment.delete()
    deployment.now = day(70)
    deployment.delete()
    reached = {stage: time for stage, time in times(deployment, "left").items()}
    first = {Stage.SUPPRESSED, Stage.REWRITTEN, Stage.PURGED, Stage.VERIFIED}
    assert len({reached[stage] for stage in first}) == 1
    assert reached[Stage.REQUESTED] < reached[Stage.VERIFIED] < reached[Stage.CLOSED]


def test_request_that_is_told_late_closes_only_after_it_was_refused_for_so_long(
    deployment,
):
    deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)]))
    deployment.leave(1, document="left", when=1)
    deployment.now = day(60)
    deployment.delete()
    assert deployment.stages() == {"left": DONE}
    deployment.now = day(98)
    deployment.delete()
    assert deployment.stages() == {"left": [*DONE, "closed"]}


def test_files_of_two_studies_do_not_tell_that_one_person_left_both(deployment):
    gone = deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)]))
    pond = deployment.put(
        deployment.indexed_file([Row(1, 5), Row(2, 6)], POND), study=POND
    )
    deployment.leave(1, RALLY, document="left")
    deployment.delete()
    (request,) = [each.request for each in deployment.withdrawals().withdrawals]
    notes = [
        json.loads(header_in(deployment.data, name).entries["rally.rewrote"])
        for name in (gone, pond)
    ]
    first, second = (each["requests"] for each in notes)
    assert list(first.values()) == list(second.values()) == [1]
    assert {*first}.isdisjoint({*second, request})
    plan = next(deployment.platform.list("plans/")).name.split("/")[1]
    assert len({each["plan"] for each in notes} | {plan}) == 3
    assert deployment.told() == {"left": [("deletion", 2)]}


def test_who_left_a_study_is_told_of_the_platform_only_what_went_there(deployment):
    deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)]))
    deployment.leave(1, document="left")
    deployment.delete()
    (receipt,) = deployment.receipts()
    assert [each.namespace for each in receipt.sections] == [GARDEN]
