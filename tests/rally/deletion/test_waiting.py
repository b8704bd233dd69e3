"""One rewrite for many requests: files wait until the oldest of them is old enough."""

import pytest

from rally.deletion.plan import FileOutcome
from rally.events import RALLY
from rally.registry.transitions import StudyAction
from tests.rally.deletion.test_killed import count, rest
from tests.support.memory_deployment import Killed, Row, day, live
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
