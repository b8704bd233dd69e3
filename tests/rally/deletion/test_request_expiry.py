"""Withdrawals of ids that nobody enrolled leave the list in time; nobody else's do."""

import pytest

from rally.deletion.request_expiry import closings
from rally.events import MAIL, RALLY, EventKind, read_events
from rally.registry.registry import Registry
from rally.registry.transitions import Action, States
from rally.withdrawal.rules import Rules
from rally.withdrawal.unavailable_studies import find_carriers
from tests.pipelines.world import GARDEN, HOUSE, POND, write_studies
from tests.rally.deletion.place import Place, Row, day
from tests.support.decided import decide_study
from tests.support.rulings import reject


def listed(place):
    return sorted(each.document_id for each in place.withdrawals().withdrawals)


def hold_unmatched(folder):
    """Lets a study wait where nobody is known to have joined."""
    path = folder / "study.yaml"
    text = path.read_text()
    assert text.count("enrolment: ") == 1
    more = "unmatched_withdrawals: hold, enrolment: "
    path.write_text(text.replace("enrolment: ", more))


def run(place, *days, **settings):
    for each in days:
        place.now = day(each)
        assert place.delete(**settings).faults == []


def closed(place):
    return sorted(each.document_id for each in read_events(place.platform)
                  if each.kind is EventKind.CLOSED)  # fmt: skip


def test_forged_requests_leave_the_list_and_others_stay(place):
    place.join(1)
    place.join(2, RALLY)
    for person, scope in ((1, GARDEN), (2, RALLY), (3, GARDEN), (4, RALLY)):
        place.leave(person, scope, document=f"{person}")
    run(place, 30, 70, 110)
    assert listed(place) == ["1", "2", "3", "4"]
    run(place, 111)
    assert (listed(place), closed(place)) == (["1", "2"], ["3", "4"])
    place.check()
    before = place.everything()
    run(place, 112)
    assert place.everything() == before


def test_days_are_an_option(place):
    place.leave(3, document="3")
    run(place, 30, 70)
    run(place, 71, rules=Rules(unmatched_days=52))
    assert listed(place) == ["3"]
    run(place, 72, rules=Rules(unmatched_days=50))
    assert listed(place) == []


def test_request_stays_until_it_is_carried_out(place):
    """An old one that arrives late is carried out, and swept for, as any other."""
    place.put(place.ours([Row(3, 1), Row(1, 2)]))
    place.leave(3, document="3", when=-200)
    run(place, 30)
    assert listed(place) == ["3"]
    run(place, 67)
    assert listed(place) == ["3"]
    run(place, 69, 70)
    assert listed(place) == []


def test_each_request_has_its_own_time(place):
    """Who asks twice said so long ago; what comes last may yet be explained."""
    place.leave(3, document="3")
    place.leave(3, document="again", when=40)
    run(place, 50, 100, 111)
    assert listed(place) == ["again"]
    run(place, 131)
    assert listed(place) == []


def test_enrolment_that_arrives_late_lets_it_count(place):
    place.leave(3, document="3")
    run(place, 30, 70, 111)
    assert listed(place) == []
    place.join(3, when=10)
    place.put(place.ours([Row(3, 1), Row(1, 2)]))
    run(place, 112)
    assert (listed(place), place.numbers()) == (["3"], [2])
    place.check()


def test_list_that_is_rebuilt_is_no_longer_for_it(place):
    place.leave(3, document="3")
    run(place, 30, 70, 111)
    info = place.platform.stat("withdrawals/list.json")
    place.platform.delete(info.name, info.generation)
    place.delete(rebuild_list=True)
    assert listed(place) == []


def test_receipts_of_those_that_left_are_still_missed(place):
    place.leave(3, document="3")
    run(place, 30, 70, 111)
    assert listed(place) == []
    assert [each.number for each in place.receipts()] == [1]
    assert place.withdrawals().last_receipt == 1


def test_letter_is_no_stranger_s(place):
    place.leave(3, document="3", signal=MAIL)
    run(place, 30, 70, 111)
    assert listed(place) == ["3"]


def test_held_and_rejected_ones_leave_as_well(tmp_path):
    write_studies(tmp_path)
    hold_unmatched(tmp_path / GARDEN)
    place = Place(Registry.load(str(tmp_path)))
    for person in (3, 4, 5):
        place.leave(person, document=f"{person}")
    run(place, 30)
    held = place.withdrawals()
    [fourth] = (each for each in held.withdrawals if each.document_id == "4")
    reject(place.platform, held.counter, fourth)
    run(place, 110)
    assert listed(place) == ["3", "4", "5"]
    run(place, 111)
    assert listed(place) == []


def test_concluded_study_gets_no_event_any_more(place):
    """Its events go with it; nothing is written that would have to go again."""
    place.leave(3, document="3")
    place.leave(4, POND, document="4")
    run(place, 30, 70)
    for step, when in ((Action.END, 71), (Action.CONCLUDE, 72)):
        decide_study(place.platform, GARDEN, step, day(when))
    run(place, 111, 112)
    assert (listed(place), closed(place)) == (["3"], ["4"])


@pytest.fixture
def open_place(tmp_path):
    """A platform whose pond asks for no enrolment."""
    write_studies(tmp_path)
    path = tmp_path / HOUSE / "study.yaml"
    text = path.read_text().replace("enrolment: required", "enrolment: none")
    path.write_text(text)
    registry = Registry.load(str(tmp_path))
    assert registry.unavailable == {}
    return Place(registry)


def test_whose_rows_were_found_where_nobody_enrols_is_no_stranger(open_place):
    place = open_place
    place.put(place.ours([Row(3, 1)], HOUSE), study=HOUSE)
    place.put(place.ours([Row(4, 2)], POND), study=POND)
    for person in (3, 4, 5):
        place.leave(person, RALLY, document=f"{person}")
    run(place, 30, 70, 111)
    found = {each.document_id: each.found for each in place.withdrawals().withdrawals}
    assert found == {"3": 1}


def test_held_one_waits_for_a_person_where_nobody_enrols(open_place, tmp_path):
    for namespace in (HOUSE, POND):
        hold_unmatched(tmp_path / namespace)
    place = Place(Registry.load(str(tmp_path)))
    for person in (3, 4):
        place.leave(person, RALLY, document=f"{person}")
        place.leave(person, POND, document=f"{person} pond")
    place.delete()
    place.now = day(111)
    place.delete()
    assert listed(place) == ["3", "4"]
    assert closed(place) == ["3 pond", "4 pond"]


@pytest.mark.parametrize(
    ("faulty", "closed"),
    [
        (None, "3456"),
        (GARDEN, "46"),
        (POND, "36"),
        (HOUSE, ""),
    ],
    ids=str,
)
def test_nothing_is_closed_whose_enrolment_may_be_missing(place, faulty, closed):
    """A study's is among its own dead letters, or the platform's."""
    unknown = {"participant": None, "deletion_id": "an extension"}
    place.leave(3, GARDEN, document="3")
    place.leave(4, POND, document="4")
    place.leave(5, RALLY, document="5")
    place.leave(6, RALLY, document="6", **unknown)
    run(place, 30, 70)
    registry = place.registry
    if faulty:
        kind = registry.studies[faulty].kind
        registry = registry.closing({faulty: "study.yaml: a fault"})
        assert registry.unavailable[faulty].kind is kind
    carriers = find_carriers(registry, read_events(place.platform))
    states = States.read(registry, place.platform)
    args = place.withdrawals(), registry, carriers, states, day(200), Rules()
    assert "".join(sorted(each.document_id for each in closings(*args))) == closed
