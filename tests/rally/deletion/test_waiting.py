"""One rewrite for many requests: files wait until the oldest of them is old enough."""

from dataclasses import replace

import pytest

from rally.deletion.plan import FileOutcome
from rally.deletion.waiting import find_waiting
from rally.events import RALLY
from rally.registry.transitions import StudyAction
from rally.withdrawal.rulings import Rulings
from rally.withdrawal.withdrawal_list import Withdrawal
from tests.rally.deletion.test_killed import count, rest
from tests.support.memory_deployment import Killed, Row, day, live, micros
from tests.support.request_decisions import expedite
from tests.support.study_decisions import decide_study
from tests.support.world import GARDEN, POND

DAYS = 5
SUPPRESSED = ["requested", "suppressed"]
DONE = [*SUPPRESSED, "rewritten", "purged", "verified"]


def run(deployment, at, **settings):
    deployment.now = day(at)
    report = deployment.delete(**{"rewrite_after_days": DAYS, **settings})
    assert report.faults == []
    return report


def put(deployment, people, name="a", study=GARDEN):
    rows = [Row(person, person) for person in people]
    return deployment.put_compacted(deployment.indexed_file(rows, study), name, study)


def test_ten_leavers_of_a_week_cost_a_file_once(deployment):
    name = put(deployment, range(1, 12))
    before = live(deployment.data, name)
    for number in range(10):
        at = 20 + number / 2
        deployment.leave(number + 1, when=at, document=f"left {number}")
        report = run(deployment, at + 0.25)
        assert (report.rewritten, report.receipts) == ([], [])
        assert [each.outcome for each in report.verified] == [FileOutcome.WAITING]
        assert live(deployment.data, name) == before
    assert set(map(tuple, deployment.stages().values())) == {tuple(SUPPRESSED)}

    report = run(deployment, 25.1)

    assert deployment.numbers() == [11]
    assert [each.rows_removed for each in report.rewritten] == [10]
    assert report.receipts == [*range(1, 11)]
    assert set(map(tuple, deployment.stages().values())) == {tuple(DONE)}
    for receipt in deployment.receipts():
        (change,) = deployment.changes(receipt)
        assert (change.rows_removed, len(change.requests)) == (10, 10)
    deployment.check()


def test_plan_says_what_waits_and_until_when(deployment):
    name = put(deployment, [1, 2, 3])
    deployment.leave(1, when=20)
    deployment.leave(2, when=21)
    deployment.now = day(22)
    report = deployment.job(rewrite_after_days=DAYS).plan()
    assert (report.planned, report.faults) == ([], [])
    (postponed,) = report.postponed
    assert (postponed.name, postponed.planned.removes) == (name, 2)
    assert sorted(report.waits.values()) == [day(25), day(26)]


def test_request_that_nothing_waits_for_goes_on(deployment):
    put(deployment, [1, 2])
    put(deployment, [3], "pond", POND)
    deployment.leave(1, when=20, document="waits")
    deployment.leave(3, when=20, document="nowhere")  # left Garden, is in Pond
    run(deployment, 20.5)
    assert deployment.stages() == {"waits": SUPPRESSED, "nowhere": DONE}
    assert deployment.told() == {"nowhere": [("deletion", 0)]}


def test_request_with_some_files_that_wait_stays_until_all_are_done(deployment):
    """The file that the older request is about goes first, and tells of it later."""
    both = put(deployment, [1, 2, 3], "both")
    put(deployment, [2, 4], "younger")
    deployment.leave(1, when=20, document="older")
    deployment.leave(2, when=23, document="younger")
    run(deployment, 23.5)
    report = run(deployment, 25.5)
    assert [each.name for each in report.rewritten] == [both]
    assert deployment.stages() == {"older": DONE, "younger": SUPPRESSED}
    run(deployment, 28.5)
    assert deployment.numbers() == [3, 4]
    assert deployment.told() == {
        "older": [("deletion", 1)],
        "younger": [("deletion", 2)],
    }
    deployment.check()


def test_expedited_request_takes_all_others_of_its_files_with_it(deployment):
    put(deployment, [1, 2, 3])
    deployment.leave(1, when=20, document="one")
    deployment.leave(2, when=20, document="two")
    run(deployment, 20.5)
    listed = deployment.withdrawals()
    (two,) = (each for each in listed.withdrawals if each.document_id == "two")
    expedite(deployment.platform, listed.counter, two)
    run(deployment, 21)
    assert deployment.numbers() == [3]
    assert deployment.stages() == {"one": DONE, "two": DONE}


def test_request_that_is_old_already_does_not_wait(deployment):
    """As one that was held, or came late: its deadline counts from its first word."""
    put(deployment, [1, 2])
    deployment.leave(1, when=20)
    run(deployment, 25)
    assert deployment.numbers() == [2]


def test_rows_of_who_was_told_that_nothing_is_left_go_at_once(deployment):
    deployment.leave(1, when=20, document="left")
    run(deployment, 20.5)
    assert deployment.stages() == {"left": DONE}
    put(deployment, [1, 2])
    run(deployment, 21)
    assert deployment.numbers() == [2]
    assert deployment.told() == {"left": [("deletion", 0), ("late", 1)]}


def test_order_to_expunge_waits_for_nobody(deployment):
    put(deployment, [1, 2])
    deployment.leave(1, when=20, document="left")
    deployment.now = day(20.5)
    deployment.expunge(8, 12)
    run(deployment, 20.5)
    assert deployment.numbers() == []
    assert deployment.stages() == {"left": DONE}


def test_partition_that_compaction_is_about_to_write_is_not_waited_in(deployment):
    """It drops rows of who left, and no receipt would count them."""
    put(deployment, [1, 2])
    deployment.put(deployment.indexed_file([Row(3, 3)]), "new")
    deployment.put_compacted(
        deployment.indexed_file([Row(1, 11), Row(2, 12)]), date="2026-05-12"
    )
    deployment.leave(1, when=20, document="left")
    run(deployment, 20.5)
    assert deployment.numbers() == [2, 3, 11, 12]
    run(deployment, 25)
    assert deployment.told() == {"left": [("deletion", 2)]}
    deployment.check()


def test_pseudonym_in_another_persons_row_waits_for_nothing(deployment):
    name = deployment.put_compacted(
        deployment.indexed_file(
            [Row(1, 1), Row(2, 2, page=deployment.pseudonym(1)), Row(3, 3)]
        )
    )
    deployment.leave(1, when=20)
    deployment.now = day(20.5)
    report = deployment.delete(rewrite_after_days=DAYS)
    assert [(each.name, each.outcome) for each in report.faults] == [
        (name, FileOutcome.LEFT_OVER)
    ]


@pytest.mark.parametrize("scope", [GARDEN, RALLY])
def test_study_that_is_concluded_is_not_waited_in(deployment, scope):
    put(deployment, [1, 2])
    put(deployment, [1, 4], "pond", POND)
    deployment.leave(1, scope, when=20, document="left")
    decide_study(deployment.platform, GARDEN, StudyAction.END, day(20.2))
    decide_study(deployment.platform, GARDEN, StudyAction.CONCLUDE, day(20.3))
    run(deployment, 20.6)
    assert deployment.numbers() == [2]
    assert deployment.stages() == {"left": DONE}
    assert deployment.numbers(POND) == ([4] if scope == RALLY else [1, 4])


def test_killed_anywhere_and_run_again_ends_the_same(make_deployment):
    def furnish():
        deployment = make_deployment(versioned=True)
        put(deployment, [1, 2, 3], "both")
        put(deployment, [2, 4], "younger")
        deployment.leave(1, when=20, document="older")
        deployment.leave(2, when=23, document="younger")
        run(deployment, 23.5)
        deployment.now = day(25.5)
        return deployment

    def finish(deployment):
        run(deployment, 25.5)
        assert deployment.stages() == {"older": DONE, "younger": SUPPRESSED}
        run(deployment, 28.5)
        return rest(deployment)

    deployment = furnish()
    names = count(deployment)
    run(deployment, 25.5)
    expected = finish(furnish())
    for number in range(1, len(names) + 1):
        deployment = furnish()
        count(deployment, number)
        with pytest.raises(Killed):
            deployment.delete(rewrite_after_days=DAYS)
        deployment.mark_runs_dead()
        assert finish(deployment) == expected


TWICE = {
    "two scopes": ((GARDEN, 20), (RALLY, 20.1)),
    "Rally first": ((RALLY, 20), (GARDEN, 20.1)),
    "one scope": ((GARDEN, 20), (GARDEN, 20.1)),
}


def leave_twice(deployment, asked):
    for document, (scope, when) in zip(["one", "two"], asked, strict=True):
        deployment.leave(1, scope, when=when, document=document)


@pytest.mark.parametrize("asked", TWICE.values(), ids=TWICE)
def test_second_request_about_rows_that_wait_gets_no_receipt(deployment, asked):
    """The fold reports the rows under the first; so nothing names the second."""
    put(deployment, [1, 2])
    leave_twice(deployment, asked)
    report = run(deployment, 20.5)
    assert (deployment.numbers(), report.receipts) == ([1, 2], [])
    assert deployment.stages() == {"one": SUPPRESSED, "two": SUPPRESSED}

    run(deployment, 25.05)  # the first is old enough

    assert deployment.numbers() == [2]
    assert deployment.stages() == {"one": DONE, "two": DONE}
    assert deployment.told() == {"one": [("deletion", 1)], "two": [("deletion", 0)]}
    deployment.check()


@pytest.mark.parametrize("asked", TWICE.values(), ids=TWICE)
@pytest.mark.parametrize("urgent", ["one", "two"])
def test_expedited_request_waits_for_no_other_of_its_person(deployment, asked, urgent):
    put(deployment, [1, 2])
    leave_twice(deployment, asked)
    run(deployment, 20.5)
    listed = deployment.withdrawals()
    (one,) = (each for each in listed.withdrawals if each.document_id == urgent)
    expedite(deployment.platform, listed.counter, one)
    run(deployment, 21)
    assert deployment.numbers() == [2]
    assert deployment.stages() == {"one": DONE, "two": DONE}


def test_other_study_waits_though_its_person_has_an_expedited_request(deployment):
    put(deployment, [1, 2])
    put(deployment, [1, 4], "pond", POND)
    leave_twice(deployment, [(GARDEN, 20), (POND, 20.1)])
    run(deployment, 20.5)
    listed = deployment.withdrawals()
    (pond,) = (each for each in listed.withdrawals if each.scope == POND)
    expedite(deployment.platform, listed.counter, pond)
    run(deployment, 21)
    assert (deployment.numbers(), deployment.numbers(POND)) == ([1, 2], [4])
    assert deployment.stages() == {"one": SUPPRESSED, "two": DONE}


def test_verified_request_is_not_closed_while_its_persons_rows_wait(deployment):
    """They came back with the person, who then left for good."""
    deployment.leave(1, when=-20, document="one")
    run(deployment, -19)
    assert deployment.stages() == {"one": DONE}
    deployment.join(1, when=5)
    put(deployment, [1, 2])
    deployment.leave(1, when=20, document="two")
    run(deployment, 21)
    assert deployment.numbers() == [1, 2]
    assert deployment.stages() == {"one": DONE, "two": SUPPRESSED}
    run(deployment, 25)
    assert deployment.numbers() == [2]
    assert deployment.stages() == {"one": [*DONE, "closed"], "two": DONE}


def test_rows_of_who_was_told_go_at_once_though_an_earlier_ping_comes_late(deployment):
    deployment.leave(1, when=20, document="two")
    run(deployment, 20.5)
    put(deployment, [1, 2])
    deployment.leave(1, RALLY, when=19.9, document="one")
    run(deployment, 21)
    assert deployment.numbers() == [2]
    assert deployment.stages() == {"one": DONE, "two": DONE}


def test_old_request_takes_a_younger_one_along_whose_ping_was_earlier(deployment):
    """A request begins anew, and is young again, once its study is not waited for."""
    old = make_withdrawal("old", RALLY, time=20)
    young = replace(make_withdrawal("young", GARDEN, time=19), renewed=micros(24))
    other = replace(young, request="other", participant="another person")

    def find(*withdrawals):
        registry, rulings = deployment.registry, Rulings()
        found = find_waiting(withdrawals, registry, rulings, (), day(25.5), DAYS)
        return sorted(found)

    assert find(old, young, other) == ["other"]
    assert find(young, other) == ["other", "young"]


def make_withdrawal(request, scope, time):
    at = micros(time)
    return Withdrawal(request, "a person", None, scope, at, at, request, "signal")
