"""Deletion signs by the key that the decisions name, and stops where some are lost."""

from dataclasses import replace

import pytest

from rally.decisions.chain import LOSS
from rally.decisions.contents import DecisionKind
from rally.decisions.entry import entry_name
from rally.decisions.platform_contents import AcceptedLoss
from rally.decisions.writing import approve, decide
from rally.errors import ConfigurationError
from rally.keys.names import Job
from rally.keys.platform_keys import PlatformKeys
from rally.withdrawal.list_object import read_list
from tests.support.memory_deployment import Row, live
from tests.support.people import job_key, signer
from tests.support.stores import FOUNDED, publish, replace_key, see_list


def sign_by(deployment, key):
    deployment.keys = PlatformKeys(
        deployment.keys._prfs, {Job.DELETE: key}, sealer=None, opener=None
    )


def lose_decision(deployment):
    """One that the list names is gone."""
    see_list(deployment.platform, 0)
    deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)]))
    deployment.delete()
    info = live(deployment.platform, entry_name(2))
    deployment.platform.delete(info.name, info.generation)
    deployment.leave(1, document="left")


def test_key_that_was_rotated_signs_when_two_owners_name_it(deployment):
    deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)]))
    deployment.leave(1, document="left")
    deployment.delete()
    before = deployment.withdrawals()
    sign_by(deployment, signer("jo").key)
    with pytest.raises(ConfigurationError) as caught:
        deployment.job()
    assert str(caught.value).startswith(
        "signing.delete: is not the key that the platform's decisions name; "
    )

    last = before.counter, before.last_receipt
    replace_key(deployment.platform, Job.DELETE, signer("jo").key, *last)
    deployment.leave(2, document="later")
    deployment.delete()

    assert deployment.numbers() == []
    assert sorted(deployment.told()) == ["later", "left"]
    deployment.check()


def test_old_key_signs_nothing_any_more(deployment):
    replace_key(deployment.platform, Job.DELETE, signer("jo").key)
    with pytest.raises(ConfigurationError, match="is not the key that"):
        deployment.job()
    publish(deployment.platform, replace(deployment.withdrawals(), counter=1))
    with pytest.raises(ConfigurationError, match="is not as deletion published it"):
        read_list(deployment.platform)


def test_where_a_decision_is_lost_who_leaves_is_admitted_and_nothing_goes(deployment):
    """It may have forbidden what would go."""
    lose_decision(deployment)
    head = read_list(deployment.platform).head

    report = deployment.delete()

    assert report.alarms == [LOSS]
    assert deployment.stages() == {"left": ["requested", "suppressed"]}
    assert (deployment.numbers(), deployment.receipts()) == ([1, 2], [])
    assert read_list(deployment.platform).head == head  # so that the loss is seen on
    assert deployment.delete().alarms == [LOSS]


def test_two_owners_accept_a_loss_and_deletion_goes_on(deployment):
    lose_decision(deployment)
    deployment.delete()
    published = read_list(deployment.platform)
    lost, head = published.decisions.head, published.head
    loss = AcceptedLoss(lost.number, lost.digest, "a disk")
    by, second = signer("owner-1"), signer("owner-2")
    entry = decide(
        deployment.platform, by, DecisionKind.ACCEPT_LOSS, loss, FOUNDED, head
    )
    approve(deployment.platform, second, entry.number, FOUNDED, head)

    assert deployment.delete().alarms == []

    assert deployment.numbers() == [2]
    published = read_list(deployment.platform)
    assert published.head == published.decisions.head
    deployment.check()


def test_list_of_a_thief_with_another_jobs_key_stops_everybody(deployment):
    publish(
        deployment.platform,
        replace(deployment.withdrawals(), counter=9),
        job_key(Job.PURGE),
    )
    with pytest.raises(ConfigurationError, match="is not as deletion published it"):
        deployment.job()
