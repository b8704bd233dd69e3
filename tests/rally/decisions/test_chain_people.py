"""Who may sign: people, whom two owners add and remove, and the keys of jobs."""

import pytest

from rally.decisions.chain import EntryStatus
from rally.decisions.contents import (
    Approval,
    DecisionKind,
    JobKey,
    Person,
    Revocation,
    Role,
)
from rally.decisions.signers import Signer
from rally.decisions.verifying import read_chain
from rally.decisions.writing import approve, decide
from rally.errors import ConfigurationError
from rally.keys.names import Job
from tests.rally.decisions.chain_entries import (
    NOW,
    PAUSE,
    fresh,
    pause,
    two_owners,
    worth,
)
from tests.support.people import signer


def test_person_is_added_by_two_owners(platform):
    key = fresh()
    jo = Person("jo", (Role.DECIDE,), key.public)

    entry = decide(platform, signer("owner-1"), DecisionKind.ADD_PERSON, jo, NOW)
    assert "jo" not in read_chain(platform).people
    with pytest.raises(ConfigurationError, match="takes a second person"):
        approve(platform, signer("owner-1"), entry.number, NOW)
    approve(platform, signer("owner-2"), entry.number, NOW)

    assert read_chain(platform).people["jo"] == jo
    decide(platform, Signer("jo", key), DecisionKind.PAUSE, PAUSE, NOW)
    assert [each[0] for each in worth(platform)] == [EntryStatus.COUNTS] * 3


def test_person_is_added_by_no_one_else(platform):
    jo = Person("jo", (Role.OWNER,), fresh().public)

    for name in ("decide", "steward"):
        with pytest.raises(ConfigurationError, match="takes the role owner"):
            decide(platform, signer(name), DecisionKind.ADD_PERSON, jo, NOW)


def test_two_people_have_two_keys(platform):
    twin = Person("jo", (Role.OWNER,), signer("owner-1").key.public)

    with pytest.raises(ConfigurationError, match="somebody else has that key"):
        decide(platform, signer("owner-1"), DecisionKind.ADD_PERSON, twin, NOW)


def test_old_signatures_of_a_revoked_person_stay_and_new_ones_are_void(platform):
    before = pause(platform)
    two_owners(platform, DecisionKind.REVOKE_PERSON, Revocation("decide", "left"))

    with pytest.raises(ConfigurationError, match="may not sign"):
        pause(platform)

    assert list(read_chain(platform).of(DecisionKind.PAUSE)) == [before]


def test_two_owners_are_always_left(platform):
    with pytest.raises(ConfigurationError, match="fewer than two owners"):
        decide(
            platform,
            signer("owner-1"),
            DecisionKind.REVOKE_PERSON,
            Revocation("owner-2", ""),
            NOW,
        )


def test_a_stolen_key_that_was_replaced_adds_nobody(platform):
    third = Person("owner-3", (Role.OWNER,), fresh().public)
    two_owners(platform, DecisionKind.ADD_PERSON, third)
    thief = Person("thief", (Role.OWNER,), fresh().public)
    waiting = decide(platform, signer("owner-1"), DecisionKind.ADD_PERSON, thief, NOW)
    new = Person("owner-1", (Role.OWNER,), fresh().public)
    two_owners(platform, DecisionKind.ADD_PERSON, new)

    with pytest.raises(ConfigurationError, match="has another key since"):
        approve(platform, signer("owner-2"), waiting.number, NOW)


def test_approval_is_of_the_bytes_that_the_second_owner_saw(platform):
    jo = Person("jo", (Role.DECIDE,), fresh().public)
    entry = decide(platform, signer("owner-1"), DecisionKind.ADD_PERSON, jo, NOW)
    approval = Approval(entry.number, "0" * 64)

    with pytest.raises(ConfigurationError, match="is another than was approved"):
        decide(platform, signer("owner-2"), DecisionKind.APPROVE, approval, NOW)


def test_job_has_another_key_by_two_owners(platform):
    key = JobKey(Job.DELETE, fresh().public, receipts=5)
    entry = decide(
        platform, signer("owner-1"), DecisionKind.REPLACE_KEY, key, NOW, counter=12
    )
    approve(platform, signer("owner-2"), entry.number, NOW)

    old, new = read_chain(platform).keys[Job.DELETE]

    assert (old.lists, old.receipts) == (12, 5)
    assert (new.key, new.lists, new.receipts) == (key, None, None)
