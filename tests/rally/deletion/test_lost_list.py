"""A withdrawal list that is lost is made anew from the log, and nobody is forgotten."""

import pytest

from rally.errors import ConfigurationError
from rally.storage.objectstore.interface import upsert
from rally.withdrawal.root import ROOT, read_root
from tests.support.memory_deployment import GARDEN, Row, day, live


def lose(platform, name):
    platform.delete(name, live(platform, name).generation)


def lose_list(deployment):
    lose(deployment.platform, ROOT)


def lose_people(deployment):
    lose(deployment.platform, read_root(deployment.platform).root.list.name)


def lose_requests(deployment):
    lose(deployment.platform, read_root(deployment.platform).root.requests.name)


def lose_folder(deployment):
    for info in list(deployment.platform.list("withdrawals/")):
        lose(deployment.platform, info.name)


@pytest.mark.parametrize(
    "lose_list", [lose_list, lose_people, lose_requests, lose_folder]
)
def test_lost_list_stops_the_job_and_is_made_anew_where_that_is_asked(
    deployment, lose_list
):
    deployment.put(
        deployment.indexed_file([Row(1, 1), Row(2, 2)], **{"rally.list": "7"})
    )
    deployment.leave(1, document="left")
    lose_list(deployment)
    with pytest.raises(ConfigurationError, match="the withdrawal list is missing"):
        deployment.job()

    deployment.delete(rebuild_list=True)

    assert deployment.numbers() == [2]
    assert deployment.withdrawals().counter == 9  # above the newest that a file names
    assert deployment.told() == {"left": [("deletion", 1)]}
    deployment.check()


def test_list_that_nobody_was_on_is_made_anew(deployment):
    lose_people(deployment)
    deployment.delete(rebuild_list=True)
    assert deployment.delete().faults == []


def test_root_that_was_put_back_without_its_list_is_made_good(deployment):
    """Somebody restored a file, and the next run makes the next from the log."""
    deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)]))
    older = deployment.platform.read(ROOT)
    deployment.leave(1, document="left")
    deployment.delete()
    newest = deployment.withdrawals().counter
    upsert(deployment.platform, ROOT, older)
    with pytest.raises(ConfigurationError, match="the withdrawal list is missing"):
        deployment.job()

    deployment.delete(rebuild_list=True)

    assert deployment.withdrawals().counter > newest
    assert deployment.numbers() == [2]
    deployment.check()


def test_run_leaves_nothing_of_lists_but_what_the_root_names(deployment):
    deployment.leave(1, document="left")
    deployment.delete()
    root = read_root(deployment.platform).root
    assert {each.name for each in deployment.platform.list("withdrawals/")} == {
        ROOT, root.list.name, root.requests.name,
    }  # fmt: skip


def test_what_was_carried_out_is_asked_for_again_and_closes_later(deployment):
    deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)]))
    deployment.leave(1, document="left")
    deployment.delete()
    lose_list(deployment)
    deployment.now = day(200)

    deployment.delete(rebuild_list=True)

    assert (
        deployment.stages()["left"][-1] == "verified"
    )  # not closed: it was not refused
    deployment.now = day(238)
    deployment.delete()
    assert deployment.stages()["left"][-1] == "closed"


def test_list_that_is_there_is_not_made_anew(deployment):
    before = deployment.all_objects()
    with pytest.raises(ConfigurationError, match="only a list that is lost"):
        deployment.job(rebuild_list=True)
    assert deployment.all_objects() == before


def test_mass_of_old_requests_is_not_held_when_the_list_is_made_anew(deployment):
    rows = [Row(person, person) for person in range(1, 8)]
    deployment.put(deployment.indexed_file(rows))
    for person in range(1, 7):
        deployment.join(person)
        deployment.leave(person, GARDEN)
    lose_list(deployment)
    rules = type(deployment.settings.rules)(hold_above_people=2, hold_above_share=0.1)

    deployment.delete(rebuild_list=True, rules=rules)

    assert deployment.numbers() == [7]
