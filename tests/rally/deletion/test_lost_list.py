"""A withdrawal list that is lost is made anew from the log, and nobody is forgotten."""

import pytest

from rally.errors import ConfigurationError
from rally.withdrawal.list_object import LIST
from tests.rally.deletion.place import GARDEN, Row, day, live


def lose_list(place):
    info = live(place.platform, LIST)
    place.platform.delete(LIST, info.generation)


def test_lost_list_stops_the_job_and_is_made_anew_where_that_is_asked(place):
    place.put(place.ours([Row(1, 1), Row(2, 2)], **{"rally.list": "7"}))
    place.leave(1, document="left")
    lose_list(place)
    with pytest.raises(ConfigurationError, match="the withdrawal list is missing"):
        place.job()

    place.delete(rebuild_list=True)

    assert place.numbers() == [2]
    assert place.withdrawals().counter == 9  # above the newest that a file names
    assert place.told() == {"left": [("deletion", 1)]}
    place.check()


def test_what_was_carried_out_is_asked_for_again_and_closes_later(place):
    place.put(place.ours([Row(1, 1), Row(2, 2)]))
    place.leave(1, document="left")
    place.delete()
    lose_list(place)
    place.now = day(200)

    place.delete(rebuild_list=True)

    assert place.stages()["left"][-1] == "verified"  # not closed: it was not refused
    place.now = day(238)
    place.delete()
    assert place.stages()["left"][-1] == "closed"


def test_list_that_is_there_is_not_made_anew(place):
    before = place.everything()
    with pytest.raises(ConfigurationError, match="only a list that is lost"):
        place.job(rebuild_list=True)
    assert place.everything() == before


def test_mass_of_old_requests_is_not_held_when_the_list_is_made_anew(place):
    rows = [Row(person, person) for person in range(1, 8)]
    place.put(place.ours(rows))
    for person in range(1, 7):
        place.join(person)
        place.leave(person, GARDEN)
    lose_list(place)
    rules = type(place.settings.rules)(hold_above_people=2, hold_above_share=0.1)

    place.delete(rebuild_list=True, rules=rules)

    assert place.numbers() == [7]
