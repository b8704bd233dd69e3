"""Deletion signs by the key that the decisions name, and stops where some are lost."""

from dataclasses import replace

import pytest

from rally.decisions.chain import LOSS
from rally.decisions.contents import AcceptedLoss, Kind
from rally.decisions.entry import entry_name
from rally.decisions.writing import approve, decide
from rally.errors import ConfigurationError
from rally.keys.names import Job
from rally.keys.platform_keys import PlatformKeys
from rally.withdrawal.list_object import read_list
from tests.rally.deletion.place import Row, live
from tests.support.people import job_key, signer
from tests.support.places import FOUNDED, publish, replace_key, see_list


def sign_by(place, key):
    place.keys = PlatformKeys(
        place.keys._prfs, {Job.DELETE: key}, sealer=None, opener=None
    )


def lose_decision(place):
    """One that the list names is gone."""
    see_list(place.platform, 0)
    place.put(place.ours([Row(1, 1), Row(2, 2)]))
    place.delete()
    info = live(place.platform, entry_name(2))
    place.platform.delete(info.name, info.generation)
    place.leave(1, document="left")


def test_key_that_was_rotated_signs_when_two_owners_name_it(place):
    place.put(place.ours([Row(1, 1), Row(2, 2)]))
    place.leave(1, document="left")
    place.delete()
    before = place.withdrawals()
    sign_by(place, signer("jo").key)
    with pytest.raises(ConfigurationError) as caught:
        place.job()
    assert str(caught.value).startswith(
        "signing.delete: is not the key that the platform's decisions name; "
    )

    last = before.counter, before.last_receipt
    replace_key(place.platform, Job.DELETE, signer("jo").key, *last)
    place.leave(2, document="later")
    place.delete()

    assert place.numbers() == []
    assert sorted(place.told()) == ["later", "left"]
    place.check()


def test_old_key_signs_nothing_any_more(place):
    replace_key(place.platform, Job.DELETE, signer("jo").key)
    with pytest.raises(ConfigurationError, match="is not the key that"):
        place.job()
    publish(place.platform, replace(place.withdrawals(), counter=1))
    with pytest.raises(ConfigurationError, match="is not as deletion published it"):
        read_list(place.platform)


def test_where_a_decision_is_lost_who_leaves_is_admitted_and_nothing_goes(place):
    """It may have forbidden what would go."""
    lose_decision(place)
    head = read_list(place.platform).head

    report = place.delete()

    assert report.alarms == [LOSS]
    assert place.stages() == {"left": ["requested", "suppressed"]}
    assert (place.numbers(), place.receipts()) == ([1, 2], [])
    assert read_list(place.platform).head == head  # so that the loss is seen on
    assert place.delete().alarms == [LOSS]


def test_two_owners_accept_a_loss_and_deletion_goes_on(place):
    lose_decision(place)
    place.delete()
    published = read_list(place.platform)
    lost, head = published.decisions.head, published.head
    loss = AcceptedLoss(lost.number, lost.digest, "a disk")
    by, second = signer("owner-1"), signer("owner-2")
    entry = decide(place.platform, by, Kind.ACCEPT_LOSS, loss, FOUNDED, head)
    approve(place.platform, second, entry.number, FOUNDED, head)

    assert place.delete().alarms == []

    assert place.numbers() == [2]
    published = read_list(place.platform)
    assert published.head == published.decisions.head
    place.check()


def test_list_of_a_thief_with_another_jobs_key_stops_everybody(place):
    publish(place.platform, replace(place.withdrawals(), counter=9), job_key(Job.PURGE))
    with pytest.raises(ConfigurationError, match="is not as deletion published it"):
        place.job()
