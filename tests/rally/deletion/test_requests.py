"""How requests go on from run to run: late rows, studies that end, decisions."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest

from rally.deletion.plan import Outcome
from rally.events import RALLY
from rally.receipts import receipt
from rally.receipts.receipt import Stage
from rally.registry.registry import Registry
from rally.registry.transitions import Action
from rally.withdrawal.rules import Rules
from rally.withdrawal.withdrawal_list import State
from tests.pipelines.world import GARDEN, HOUSE, POND
from tests.rally.deletion.place import Row, day, document_id, header_in
from tests.support.decided import decide_study
from tests.support.rulings import confirm, reject

DONE = ["requested", "suppressed", "rewritten", "purged", "verified"]


def states(place):
    return {
        each.document_id: str(each.state) for each in place.withdrawals().withdrawals
    }


def times(place, document):
    return {
        each.document_id: dict(each.stages) for each in place.withdrawals().withdrawals
    }[document]


def test_request_closes_after_a_sweep_past_the_longest_delay(place):
    place.put(place.ours([Row(1, 1), Row(2, 2)]))
    place.leave(1, document="left")
    place.delete()
    assert place.stages() == {"left": DONE}

    place.now = day(68) - timedelta(microseconds=1)
    place.delete()
    assert place.stages() == {"left": DONE}

    place.now = day(68)
    place.delete()
    assert place.stages() == {"left": [*DONE, "closed"]}
    assert states(place) == {"left": "closed"}
    assert place.told() == {"left": [("deletion", 1)]}


def test_closing_looks_once_more_and_takes_late_rows_out(place):
    place.put(place.ours([Row(1, 1), Row(2, 2)]))
    place.leave(1, document="left")
    place.delete()
    place.put(place.ours([Row(1, 3, 20), Row(2, 4)]), "late")
    place.now = day(70)

    report = place.delete()

    assert place.numbers() == [2, 4]
    assert place.told() == {"left": [("deletion", 1), ("late", 1)]}
    assert states(place) == {"left": "closed"}
    assert report.receipts == [2]
    assert place.delete().verified == []
    place.check()


def test_late_file_is_taken_out_and_told_once(place):
    place.put(place.ours([Row(1, 1), Row(2, 2)]))
    place.leave(1, document="left")
    place.delete()
    before = times(place, "left")
    place.now = day(31)
    place.put(place.ours([Row(1, 3), Row(1, 4, 25), Row(2, 5)]), "late")

    assert place.delete().receipts == [2]

    assert place.numbers() == [2, 5]
    assert place.told() == {"left": [("deletion", 1), ("late", 2)]}
    assert times(place, "left") == before
    assert place.delete().receipts == []
    place.check()


def test_late_rows_are_not_told_while_another_file_is_damaged(place):
    place.put(place.ours([Row(1, 1), Row(2, 2)]))
    place.leave(1, document="left")
    place.delete()
    place.put(place.ours([Row(1, 3), Row(2, 5)]), "late")
    bad = place.put(b"no file", "bad")

    report = place.delete()

    assert [each.outcome for each in report.faults] == [Outcome.DAMAGED]
    assert place.told() == {"left": [("deletion", 1)]}
    place.data.delete(bad, place.data.stat(bad).generation)
    assert place.delete().faults == []
    assert place.told() == {"left": [("deletion", 1), ("late", 1)]}
    place.check()


def end(place, when, action=Action.END, namespace=GARDEN):
    decide_study(place.platform, namespace, action, day(when))


def conclude(place):
    end(place, 40, Action.CONCLUDE)


def reopen(place):
    garden = place.registry.studies[GARDEN]
    later = replace(garden, collect_through=date(2026, 12, 31))
    place.registry = Registry(place.registry.studies | {GARDEN: later})


@pytest.fixture(params=["concluded", "reopened"])
def ended(request, place):
    """A study that has ended and defers, and what makes it go on."""
    if request.param == "concluded":
        end(place, 15)
        return conclude
    garden = place.registry.studies[GARDEN]
    over = replace(garden, collect_through=date(2026, 5, 15))
    place.registry = Registry(place.registry.studies | {GARDEN: over})
    return reopen


@pytest.mark.parametrize("scope", [GARDEN, RALLY])
def test_deferred_rows_stay_until_the_study_goes_on(place, ended, scope):
    place.join(1, document=document_id(70))
    place.join(1, RALLY, document=document_id(71))
    place.put(place.ours([Row(1, 1), Row(1, 2, 19), Row(1, 3, 25), Row(2, 4)]))
    place.put(place.ours([Row(1, 5), Row(2, 6)], POND), study=POND)
    place.put(place.ours([Row(1, 70, 1), Row(1, 71, 1)], HOUSE), study=HOUSE)
    place.leave(1, scope, document="left")

    assert place.delete().faults == []

    left_rally = scope == RALLY
    assert place.numbers() == [1, 2, 4]
    assert place.numbers(POND) == ([6] if left_rally else [5, 6])
    assert place.numbers(HOUSE) == ([] if left_rally else [71])
    assert states(place) == {"left": str(State.DEFERRED)}
    (first,) = place.receipts()
    (garden,) = [each for each in first.sections if each.namespace == GARDEN]
    assert (garden.outcome, garden.until, garden.files, garden.verified) == (
        receipt.Outcome.DEFERRED,
        date(2027, 12, 31),
        (),
        None,
    )
    told = sum(section.rows for section in first.sections)
    place.now = day(39)
    before = place.everything()
    place.delete()
    assert place.everything() == before

    ended(place)
    place.now = day(41)
    assert place.delete().faults == []

    assert place.numbers() == [4]
    assert states(place) == {"left": str(State.ACTIVE)}
    assert place.told() == {"left": [("deletion", told), ("settled", 2)]}
    assert place.delete().receipts == []
    place.check()
    place.now = day(80)
    place.delete()
    assert states(place) == {"left": str(State.CLOSED)}


def test_deferred_request_never_closes_by_its_age(place):
    end(place, 15)
    place.put(place.ours([Row(1, 1)]))
    place.leave(1, document="left")
    place.now = day(300)
    place.delete()
    assert states(place) == {"left": "deferred"}
    assert place.numbers() == [1]


def test_held_requests_are_untouched_until_somebody_decides(place):
    rules = Rules(hold_above_people=2, hold_above_share=0.1)
    place.put(place.ours([Row(person, person) for person in range(6)]))
    for person in range(3):
        place.join(person)
        place.leave(person, document=f"left {person}")

    before = place.data.stat(place.put(place.ours([Row(0, 10)]), "more"))
    report = place.delete(rules=rules)

    assert states(place) == {f"left {person}": "held" for person in range(3)}
    assert (report.planned, report.receipts, report.verified) == ([], [], [])
    assert place.numbers() == [0, 1, 2, 3, 4, 5, 10]
    assert place.data.stat(before.name) == before

    listed = place.withdrawals()
    by = {each.document_id: each for each in listed.withdrawals}
    confirm(place.platform, listed.counter, by["left 0"])
    reject(place.platform, listed.counter, by["left 1"])
    assert place.delete(rules=rules).faults == []

    assert states(place) == {"left 0": "active", "left 1": "rejected", "left 2": "held"}
    assert place.numbers() == [1, 2, 3, 4, 5]
    assert place.told() == {"left 0": [("deletion", 2)]}


def test_leaving_rally_reaches_every_study_and_the_platform(place):
    place.join(1, RALLY, document=document_id(71))
    place.put(place.ours([Row(1, 1), Row(2, 2)]))
    place.put(place.ours([Row(1, 3), Row(2, 4)], POND), study=POND)
    place.put(place.ours([Row(1, 71, 1), Row(2, 72, 1)], HOUSE), study=HOUSE)
    place.leave(1, RALLY, document="left")

    place.delete()

    assert (place.numbers(), place.numbers(POND), place.numbers(HOUSE)) == (
        [2],
        [4],
        [72],
    )
    (told,) = place.receipts()
    assert {each.namespace: each.rows for each in told.sections} == {
        GARDEN: 1,
        POND: 1,
        HOUSE: 1,
    }


def test_leaving_a_study_takes_its_enrolment_from_the_platform_and_no_more(place):
    place.join(1, document=document_id(70))
    place.join(1, RALLY, document=document_id(71))
    place.join(1, POND, document=document_id(72))
    rows = [Row(1, number, 1) for number in (70, 71, 72)]
    place.put(place.ours(rows, HOUSE), study=HOUSE)
    place.put(place.ours([Row(1, 1)], POND), study=POND)
    place.leave(1, document="left")

    place.delete()

    assert place.numbers(HOUSE) == [71, 72]
    assert place.numbers(POND) == [1]
    assert place.told() == {"left": [("deletion", 1)]}


def test_person_who_came_back_keeps_what_came_since(place):
    place.join(1)
    place.leave(1, when=15, document="left")
    place.join(1, when=16)
    days = [10, 15, 15.5, 16, 28]
    place.put(place.ours([Row(1, at + 1, day) for at, day in enumerate(days)]))

    report = place.delete()

    assert place.numbers() == [4, 5]
    assert report.faults == []
    assert place.told() == {"left": [("deletion", 3)]}


def test_two_requests_of_one_person_tell_each_row_once(place):
    place.put(place.ours([Row(1, 1, 5), Row(1, 2, 15), Row(2, 3)]))
    place.leave(1, GARDEN, 10, document="garden")
    place.leave(1, RALLY, 20, document="rally")

    place.delete()

    assert place.told() == {"garden": [("deletion", 1)], "rally": [("deletion", 1)]}
    place.check()


def test_unresolved_request_closes_and_is_carried_out_if_it_is_explained_later(place):
    unknown = {"participant": None, "deletion_id": "an extension"}
    place.put(place.ours([Row(1, 1), Row(2, 2)]))
    place.leave(1, RALLY, document="gone", **unknown)
    place.delete()
    assert (states(place), place.numbers()) == ({"gone": "unresolved"}, [1, 2])

    place.now = day(111)
    place.delete()
    assert (states(place), place.receipts()) == ({}, [])

    place.join(1, deletion_id="an extension")
    assert place.delete().faults == []
    assert place.numbers() == [2]
    assert place.told() == {"gone": [("deletion", 1)]}
    place.check()


def test_no_pseudonym_stands_in_plans_or_receipts(place):
    place.put(place.ours([Row(1, 1), Row(2, 2)]))
    place.leave(1, RALLY)
    place.delete()
    ids = {place.pseudonym(1), place.platform_pseudonym(1), place.pseudonym(1, POND)}
    for info in place.platform.list():
        if info.name.startswith(("plans/", "receipts/", "leases/")):
            data = place.platform.read(info.name).decode()
            assert not [each for each in ids if each in data]
    for info in place.data.list():
        data = place.data.read(info.name)
        assert not [each for each in ids if each.encode() in data]


def test_stages_have_the_times_of_the_runs(place):
    place.put(place.ours([Row(1, 1), Row(2, 2)]))
    place.leave(1, document="left")
    place.delete()
    place.now = day(70)
    place.delete()
    reached = {stage: time for stage, time in times(place, "left").items()}
    first = {Stage.SUPPRESSED, Stage.REWRITTEN, Stage.PURGED, Stage.VERIFIED}
    assert len({reached[stage] for stage in first}) == 1
    assert reached[Stage.REQUESTED] < reached[Stage.VERIFIED] < reached[Stage.CLOSED]


def test_request_that_is_told_late_closes_only_after_it_was_refused_for_so_long(place):
    place.put(place.ours([Row(1, 1), Row(2, 2)]))
    place.leave(1, document="left", when=1)
    place.now = day(60)
    place.delete()
    assert place.stages() == {"left": DONE}
    place.now = day(98)
    place.delete()
    assert place.stages() == {"left": [*DONE, "closed"]}


def test_files_of_two_studies_do_not_tell_that_one_person_left_both(place):
    gone = place.put(place.ours([Row(1, 1), Row(2, 2)]))
    pond = place.put(place.ours([Row(1, 5), Row(2, 6)], POND), study=POND)
    place.leave(1, RALLY, document="left")
    place.delete()
    (request,) = [each.request for each in place.withdrawals().withdrawals]
    notes = [
        json.loads(header_in(place.data, name).entries["rally.rewrote"])
        for name in (gone, pond)
    ]
    first, second = (each["requests"] for each in notes)
    assert list(first.values()) == list(second.values()) == [1]
    assert {*first}.isdisjoint({*second, request})
    plan = next(place.platform.list("plans/")).name.split("/")[1]
    assert len({each["plan"] for each in notes} | {plan}) == 3
    assert place.told() == {"left": [("deletion", 2)]}


def test_who_left_a_study_is_told_of_the_platform_only_what_went_there(place):
    place.put(place.ours([Row(1, 1), Row(2, 2)]))
    place.leave(1, document="left")
    place.delete()
    (receipt,) = place.receipts()
    assert [each.namespace for each in receipt.sections] == [GARDEN]
