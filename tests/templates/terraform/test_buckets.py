"""Buckets: never public, a key of ours, nothing kept behind the jobs' back."""

import re

import pytest

from rally.dead_letters import FOLDER as DEAD_LETTERS
from rally.decisions.entry import FOLDER as DECISIONS
from rally.receipts.receipt import FOLDER as RECEIPTS
from rally.releases.draft import FOLDER as RELEASES
from rally.storage.layout import CONSENTS, EVENTS
from rally.storage.leases import FOLDER as LEASES
from rally.storage.marker import NAME as MARKER
from rally.storage.plan_objects import FOLDER as PLANS
from rally.withdrawal.root import FOLDER as WITHDRAWALS
from tests.templates.terraform.module import load, references, resolved

BUCKETS = load().of("google_storage_bucket")
OF_PEOPLE = "study"
VERSIONED = ("platform", "keys", "backup")
EVERY = pytest.mark.parametrize("bucket", BUCKETS, ids=[each.name for each in BUCKETS])


def deletions(bucket):
    """The conditions under which the bucket itself deletes."""
    return [
        rule["condition"][0]
        for rule in bucket.get("lifecycle_rule", ())
        if rule["action"][0]["type"] == "Delete"
    ]


@EVERY
def test_bucket_is_closed(bucket):
    assert bucket.body["uniform_bucket_level_access"] is True
    assert bucket.body["public_access_prevention"] == "enforced"


@EVERY
def test_bucket_has_a_key_of_ours(bucket):
    (encryption,) = bucket.body["encryption"]
    (key,) = references(encryption["default_kms_key_name"])
    assert key.startswith("google_kms_crypto_key.")


@EVERY
def test_bucket_keeps_nothing_that_was_deleted(bucket):
    assert bucket.body["soft_delete_policy"] == [{"retention_duration_seconds": 0}]
    assert not {"retention_policy", "default_event_based_hold"} & bucket.body.keys()


@EVERY
def test_only_the_platforms_memory_has_versions(bucket):
    wanted = [{"enabled": True}] if bucket.name in VERSIONED else []
    assert bucket.body.get("versioning", []) == wanted


@EVERY
def test_bucket_of_what_cannot_be_made_again_is_not_destroyed(bucket):
    kept = bucket.name in (OF_PEOPLE, "releases", *VERSIONED)
    wanted = [{"prevent_destroy": True}] if kept else []
    assert bucket.body.get("lifecycle", []) == wanted
    assert "force_destroy" not in bucket.body


def test_keys_of_what_is_stored_are_not_destroyed(module):
    keys = module.of("google_kms_crypto_key")
    assert {each.name for each in keys} >= {"ping", "purpose", "storage", "service"}
    for each in keys:
        assert each.body["lifecycle"] == [{"prevent_destroy": True}], each.name
        assert "rotation_period" not in each.body, each.name


def test_each_study_has_its_bucket_and_its_key(module):
    bucket = module.one("google_storage_bucket", OF_PEOPLE)
    key = module.one("google_kms_crypto_key", "storage")
    assert bucket["for_each"] == key["for_each"] == "${var.studies}"
    assert bucket["encryption"] == [
        {"default_kms_key_name": "${google_kms_crypto_key.storage[each.key].id}"}
    ]
    others = [each.body for each in BUCKETS if each.name != OF_PEOPLE]
    assert "google_kms_crypto_key.storage" not in references(others)


def test_a_study_cannot_be_called_like_another_bucket(module):
    """Each of the others' names begins in another way than a study's."""
    before, after = module.locals["store"].split("{study}")
    assert (before, after) == ("gs://${var.prefix}-study-", "")
    for each in BUCKETS:
        if each.name != OF_PEOPLE:
            assert re.match(r"\$\{var\.prefix\}-(?!study-)", each.body["name"])


@pytest.mark.parametrize("name", [OF_PEOPLE, "releases"])
def test_rows_and_results_go_by_no_age(module, name):
    rules = module.one("google_storage_bucket", name)["lifecycle_rule"]
    assert rules == [
        {
            "action": [{"type": "AbortIncompleteMultipartUpload"}],
            "condition": [{"age": 1}],
        }
    ]


@pytest.mark.parametrize("name", VERSIONED)
def test_versions_go_and_live_objects_stay(module, name):
    found = deletions(module.one("google_storage_bucket", name))
    assert found[0] == {
        "days_since_noncurrent_time": "${local.undo_days}",
        "with_state": "ARCHIVED",
    }
    for each in found:
        assert each["with_state"] == "ARCHIVED"
        assert "age" not in each


def test_old_dead_letters_go_within_a_day(module):
    _, short = deletions(module.one("google_storage_bucket", "platform"))
    assert short["days_since_noncurrent_time"] == 1
    assert "local.not_remembered" in references(short)
    gone = module.locals["not_remembered"]
    assert {DEAD_LETTERS, LEASES, PLANS} <= set(gone)


def test_the_backup_remembers_what_cannot_be_made_again_and_no_ping(module):
    backups = module.locals["backups"]
    assert backups["platform"]["prefixes"] == "${local.remembered}"
    gone = module.locals["not_remembered"]
    kept = [resolved(module, each) for each in module.locals["remembered"]]
    memory = {CONSENTS, DECISIONS, EVENTS, RECEIPTS, RELEASES, WITHDRAWALS, MARKER}
    assert memory == set(kept)
    assert set(kept).isdisjoint(gone)
    assert sorted(backups) == ["keys", "platform", "platform_keys"]
    assert "google_storage_bucket.study" not in references(backups)


def test_the_backup_forgets_what_was_deleted(module):
    (spec,) = module.one("google_storage_transfer_job", "backup")["transfer_spec"]
    assert spec["transfer_options"] == [{"delete_objects_unique_in_sink": True}]


def test_what_dataflow_keeps_is_a_bucket_each_and_goes(module):
    bucket = module.one("google_storage_bucket", "temp")
    assert bucket["for_each"] == "${local.jobs}"
    (rule,) = deletions(bucket)
    assert rule["age"] == 3
    assert rule["matches_prefix"] == (
        '${each.key == "ingest" ? ["temp/"] : ["temp/", "staging/"]}'
    )
