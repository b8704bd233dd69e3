"""Receipts and the anchor of a key that was replaced: it signed those of its day."""

from datetime import date

import pytest

from rally.decisions.verifying import read_chain
from rally.errors import ConfigurationError
from rally.keys.names import Job
from rally.receipts.anchor import read_anchor
from rally.receipts.chain import append, find
from rally.receipts.purge import purge_receipts
from rally.receipts.verify import verify_chain
from tests.fakes.memory_store import MemoryStore
from tests.rally.receipts.examples import KEY, PURGE, made, request, write_chain
from tests.support.people import job_key, signer
from tests.support.stores import found_platform, replace_key

NEW = signer("jo").key


@pytest.fixture
def platform():
    """Three receipts, of which the old key has signed the first two in its day."""
    store = MemoryStore()
    found_platform(store)
    write_chain(store, read_chain(store), 2)
    replace_key(store, Job.DELETE, NEW, receipts=2)
    return store


def add(platform, key):
    return append(platform, read_chain(platform), key, made(request=request(3)), 2)


def test_old_key_counts_for_what_it_signed_and_the_new_one_goes_on(platform):
    written = add(platform, NEW)
    decisions = read_chain(platform)
    assert list(find(platform, decisions, since=2)) == [written]
    assert list(verify_chain(platform, decisions, known=3)) == []


@pytest.mark.parametrize("key", [KEY, PURGE, signer("owner-1").key])
def test_receipt_of_any_other_key_is_a_finding(platform, key):
    add(platform, key)
    decisions = read_chain(platform)
    assert [str(each) for each in verify_chain(platform, decisions)] == [
        "receipts/000000000003.json: bad signature: is not as deletion signed it"
    ]
    with pytest.raises(ConfigurationError, match="is not as it was written"):
        list(find(platform, decisions, since=2))


def test_anchor_of_another_job_is_none(platform):
    decisions = read_chain(platform)
    assert purge_receipts(platform, decisions, job_key(Job.DELETE), date(2022, 1, 1))
    with pytest.raises(ConfigurationError, match="is not as the purge wrote it"):
        read_anchor(platform, decisions)


def test_anchor_of_the_purges_old_key_counts_as_far_as_it_came(platform):
    purge_receipts(platform, read_chain(platform), PURGE, date(2022, 1, 1))
    replace_key(platform, Job.PURGE, signer("stop").key, receipts=2)
    assert read_anchor(platform, read_chain(platform)).through == 2
    replace_key(platform, Job.PURGE, NEW, receipts=1)
    assert read_anchor(platform, read_chain(platform)).through == 2
