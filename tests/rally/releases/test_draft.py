"""The draft is one object, whole and signed, and read back as it was written."""

import json

import pytest

from rally.decisions.verifying import read_chain
from rally.errors import ConfigurationError
from rally.keys.names import Job
from rally.releases.draft import create_draft, draft_name, read_draft, sign_draft
from rally.storage.records import is_record
from tests.fakes.memory_store import MemoryStore
from tests.rally.releases.drafts import RELEASE, STUDY, make_draft
from tests.support.people import job_key, signer
from tests.support.stores import found_platform, replace_key

NAME = draft_name(STUDY, RELEASE)
KEY = job_key(Job.RELEASE)


@pytest.fixture
def platform():
    store = MemoryStore()
    found_platform(store)
    return store


def signed(store, key=KEY, **changes):
    owner = read_chain(store).platform
    return sign_draft(make_draft(platform=owner)._replace(**changes), key)


def read(platform):
    return read_draft(platform, read_chain(platform), STUDY, RELEASE)


def test_draft_is_read_as_it_was_written(platform):
    draft = signed(platform)
    assert read(platform) is None
    assert create_draft(platform, draft)
    assert read(platform) == draft
    assert read(platform).sha256 == draft.sha256
    assert is_record(NAME)


def test_second_draft_does_not_replace_the_first(platform):
    first, second = signed(platform), signed(platform, title="Another")
    assert create_draft(platform, first)
    assert not create_draft(platform, second)
    assert read(platform) == first


def test_draft_that_an_older_key_signed_counts(platform):
    create_draft(platform, signed(platform))
    replace_key(platform, Job.RELEASE, signer("stop").key)
    assert read(platform) is not None


def test_draft_of_another_hand_is_refused(platform):
    create_draft(platform, signed(platform, job_key(Job.COPY)))
    with pytest.raises(ConfigurationError, match="not signed by the job"):
        read(platform)


@pytest.mark.parametrize(
    "changes", [{"platform": "0" * 32}, {"study": "rally-pond"}, {"release": "other"}]
)
def test_draft_of_another_place_is_refused(platform, changes):
    draft = signed(platform, **changes)
    platform.create(NAME, draft.data)
    with pytest.raises(ConfigurationError, match="not signed by the job"):
        read(platform)


def test_number_that_somebody_changed_is_refused(platform):
    content = json.loads(signed(platform).data)
    content["table"]["numbers"][0]["values"][0] = "9999"
    data = json.dumps(content, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    platform.create(NAME, data)
    with pytest.raises(ConfigurationError, match="not signed by the job"):
        read(platform)


@pytest.mark.parametrize(
    ("data", "why"),
    [(b"", "is not JSON"), (b"{}", "is missing"), (b"[" * 60_000, "is not JSON")],
)
def test_object_that_is_no_draft_is_refused(platform, data, why):
    platform.create(NAME, data)
    with pytest.raises(ConfigurationError, match=why):
        read(platform)


def test_draft_that_is_too_long_is_not_parsed(platform, monkeypatch):
    monkeypatch.setattr("rally.releases.draft.MOST_BYTES", 100)
    create = signed(platform).data
    platform.create(NAME, create)
    with pytest.raises(ConfigurationError, match="too long"):
        read(platform)
    assert platform.reads[-1] == (NAME, 0, 101)
