"""Withdrawals of ids that nobody enrolled leave the list in time; nobody else's do."""

import pytest

from rally.deletion.request_expiry import closing_events
from rally.event_log.event_log import EventLog
from rally.events import MAIL, RALLY, EventKind
from rally.registry.registry import Registry
from rally.registry.transitions import States, StudyAction
from rally.withdrawal.rules import Rules
from rally.withdrawal.unavailable_studies import find_carriers
from tests.support.memory_deployment import MemoryDeployment, Row, day
from tests.support.request_decisions import reject
from tests.support.study_decisions import decide_study
from tests.support.world import GARDEN, HOUSE, POND, write_studies


def listed(deployment):
    return sorted(each.document_id for each in deployment.withdrawals().withdrawals)


def hold_unmatched(folder):
    """Lets a study wait where nobody is known to have joined."""
    path = folder / "study.yaml"
    text = path.read_text()
    assert text.count("enrolment: ") == 1
    more = "unmatched_withdrawals: hold, enrolment: "
    path.write_text(text.replace("enrolment: ", more))


def run(deployment, *days, **settings):
    for each in days:
        deployment.now = day(each)
        assert deployment.delete(**settings).faults == []


def closed(deployment):
    return sorted(each.document_id for each in EventLog(deployment.platform)
                  if each.kind is EventKind.CLOSED)  # fmt: skip


def test_forged_requests_leave_the_list_and_others_stay(deployment):
    deployment.join(1)
    deployment.join(2, RALLY)
    for person, scope in ((1, GARDEN), (2, RALLY), (3, GARDEN), (4, RALLY)):
        deployment.leave(person, scope, document=f"{person}")
    run(deployment, 30, 70, 110)
    assert listed(deployment) == ["1", "2", "3", "4"]
    run(deployment, 111)
    assert (listed(deployment), closed(deployment)) == (["1", "2"], ["3", "4"])
    deployment.check()
    before = deployment.all_objects()
    run(deployment, 112)
    assert deployment.all_objects() == before


def test_days_are_an_option(deployment):
    deployment.leave(3, document="3")
    run(deployment, 30, 70)
    run(deployment, 71, rules=Rules(unmatched_days=52))
    assert listed(deployment) == ["3"]
    run(deployment, 72, rules=Rules(unmatched_days=50))
    assert listed(deployment) == []


def test_request_stays_until_it_is_carried_out(deployment):
    """An old one that arrives late is carried out, and swept for, as any other."""
    deployment.put(deployment.indexed_file([Row(3, 1), Row(1, 2)]))
    deployment.leave(3, document="3", when=-200)
    run(deployment, 30)
    assert listed(deployment) == ["3"]
    run(deployment, 67)
    assert listed(deployment) == ["3"]
    run(deployment, 69, 70)
    assert listed(deployment) == []


def test_each_request_has_its_own_time(deployment):
    """Who asks twice said so long ago; what comes last may yet be explained."""
    deployment.leave(3, document="3")
    deployment.leave(3, document="again", when=40)
    run(deployment, 50, 100, 111)
    assert listed(deployment) == ["again"]
    run(deployment, 131)
    assert listed(deployment) == []


def test_enrolment_that_arrives_late_lets_it_count(deployment):
    deployment.leave(3, document="3")
    run(deployment, 30, 70, 111)
    assert listed(deployment) == []
    deployment.join(3, when=10)
    deployment.put(deployment.indexed_file([Row(3, 1), Row(1, 2)]))
    run(deployment, 112)
    assert (listed(deployment), deployment.numbers()) == (["3"], [2])
    deployment.check()


def test_list_that_is_rebuilt_is_no_longer_for_it(deployment):
    deployment.leave(3, document="3")
    run(deployment, 30, 70, 111)
    info = deployment.platform.stat("withdrawals/root.json")
    deployment.platform.delete(info.name, info.generation)
    deployment.delete(rebuild_list=True)
    assert listed(deployment) == []


def test_receipts_of_those_that_left_are_still_missed(deployment):
    deployment.leave(3, document="3")
    run(deployment, 30, 70, 111)
    assert listed(deployment) == []
    assert [each.number for each in deployment.receipts()] == [1]
    assert deployment.withdrawals().last_receipt == 1


def test_letter_is_no_stranger_s(deployment):
    deployment.leave(3, document="3", signal=MAIL)
    run(deployment, 30, 70, 111)
    assert listed(deployment) == ["3"]


def test_held_and_rejected_ones_leave_as_well(tmp_path):
    write_studies(tmp_path)
    hold_unmatched(tmp_path / GARDEN)
    deployment = MemoryDeployment(Registry.load(str(tmp_path)))
    for person in (3, 4, 5):
        deployment.leave(person, document=f"{person}")
    run(deployment, 30)
    held = deployment.withdrawals()
    [fourth] = (each for each in held.withdrawals if each.document_id == "4")
    reject(deployment.platform, held.counter, fourth)
    run(deployment, 110)
    assert listed(deployment) == ["3", "4", "5"]
    run(deployment, 111)
    assert listed(deployment) == []


def test_concluded_study_gets_no_event_any_more(deployment):
    """Its events go with it; nothing is written that would have to go again."""
    deployment.leave(3, document="3")
    deployment.leave(4, POND, document="4")
    run(deployment, 30, 70)
    for step, when in ((StudyAction.END, 71), (StudyAction.CONCLUDE, 72)):
        decide_study(deployment.platform, GARDEN, step, day(when))
    run(deployment, 111, 112)
    assert (listed(deployment), closed(deployment)) == (["3"], ["4"])


@pytest.fixture
def open_deployment(tmp_path):
    """A platform whose pond asks for no enrolment."""
    write_studies(tmp_path)
    path = tmp_path / HOUSE / "study.yaml"
    text = path.read_text().replace("enrolment: required", "enrolment: none")
    path.write_text(text)
    registry = Registry.load(str(tmp_path))
    assert registry.unavailable == {}
    return MemoryDeployment(registry)


def test_whose_rows_were_found_where_nobody_enrols_is_no_stranger(open_deployment):
    deployment = open_deployment
    deployment.put(deployment.indexed_file([Row(3, 1)], HOUSE), study=HOUSE)
    deployment.put(deployment.indexed_file([Row(4, 2)], POND), study=POND)
    for person in (3, 4, 5):
        deployment.leave(person, RALLY, document=f"{person}")
    run(deployment, 30, 70, 111)
    found = {
        each.document_id: each.found for each in deployment.withdrawals().withdrawals
    }
    assert found == {"3": 1}


def test_held_one_waits_for_a_person_where_nobody_enrols(open_deployment, tmp_path):
    for namespace in (HOUSE, POND):
        hold_unmatched(tmp_path / namespace)
    deployment = MemoryDeployment(Registry.load(str(tmp_path)))
    for person in (3, 4):
        deployment.leave(person, RALLY, document=f"{person}")
        deployment.leave(person, POND, document=f"{person} pond")
    deployment.delete()
    deployment.now = day(111)
    deployment.delete()
    assert listed(deployment) == ["3", "4"]
    assert closed(deployment) == ["3 pond", "4 pond"]


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
def test_nothing_is_closed_whose_enrolment_may_be_missing(deployment, faulty, closed):
    """A study's is among its own dead letters, or the platform's."""
    unknown = {"participant": None, "deletion_id": "an extension"}
    deployment.leave(3, GARDEN, document="3")
    deployment.leave(4, POND, document="4")
    deployment.leave(5, RALLY, document="5")
    deployment.leave(6, RALLY, document="6", **unknown)
    run(deployment, 30, 70)
    registry = deployment.registry
    if faulty:
        kind = registry.studies[faulty].kind
        registry = registry.closing({faulty: "study.yaml: a fault"})
        assert registry.unavailable[faulty].kind is kind
    carriers = find_carriers(registry, EventLog(deployment.platform))
    states = States.read(registry, deployment.platform)
    args = deployment.withdrawals(), registry, carriers, states, day(200), Rules()
    assert "".join(sorted(each.document_id for each in closing_events(*args))) == closed
