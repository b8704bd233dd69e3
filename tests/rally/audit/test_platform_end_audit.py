"""After a platform's conclusion the audit finds the proof alone, and names all else."""

import json
from datetime import timedelta
from types import SimpleNamespace

import pytest

from rally.audit.audit import Audit
from rally.audit.findings import Check, Status
from rally.keys.platform_keys import PlatformKeys
from rally.receipts.conclusion import NAME
from rally.retention.platform_records import GOING, RECEIPT_DAYS
from rally.storage.layout import CONSENTS, EVENTS
from tests.rally.audit.audited_platform import InMemoryAuditSettings, lines_by_check
from tests.rally.deletion.conftest import registry
from tests.rally.retention.test_platform_end import RELEASE, furnish
from tests.support.memory_deployment import day
from tests.support.purge_deployment import PurgeDeployment

__all__ = ["registry"]


@pytest.fixture
def own(registry, tmp_path):
    """A concluded platform with receipts; nobody has purged it yet."""
    deployment = PurgeDeployment(registry, tmp_path)
    furnish(deployment)
    published = deployment.platform.stat(RELEASE)
    deployment.platform.delete(RELEASE, published.generation)  # nobody signed for it
    return deployment


def audit(deployment):
    """The report of an audit that has no keys left to open."""
    folder = deployment.folder
    has_keys = (folder / "platform" / "pseudonym.platform.keyset.json").exists()
    keys = deployment.keys if has_keys else PlatformKeys({}, {}, None, None)
    platform = SimpleNamespace(
        **{"registry": deployment.registry, "stores": deployment.stores},
        **{"now": deployment.now, "keys": keys, "releases": None},
    )
    settings = InMemoryAuditSettings(
        store="memory",
        ping_keys=str(folder / "keys"),
        platform_keys=str(folder / "platform"),
        deployment=platform,
    )
    return Audit(settings, lambda units, size: pytest.fail("no row is left")).run()


def broken(deployment):
    """What breaks a promise, by check: where, what and how many."""
    return {
        check: [(each.where, each.what, each.number) for each in lines]
        for check, lines in lines_by_check(audit(deployment)).items()
    }


def test_every_promise_is_kept_to_the_end_and_after_it(own):
    own.purge()
    report = audit(own)
    assert {each.status for each in report.checks} == {Status.KEPT}
    for days in (5, RECEIPT_DAYS):
        own.now += timedelta(days=days)
        own.purge()
        assert broken(own) == {}
    assert own.key_files() == []


def test_what_purge_has_two_days_for_is_told_apart(own):
    own.now = day(28)
    own.purge()
    seed(own, "runs/")
    report = audit(own)
    assert report.exit_status == 0
    (seen,) = lines_by_check(report, "apart")[Check.CONCLUDED]
    assert (seen.where, seen.what) == ("runs/", "last runs, being purged")


def seed(deployment, prefix):
    """Puts a record where those of a kind were; each is as its job would name it."""
    name = {
        "consents/": f"date=2026-05-02/{'0' * 32}.avro",
        "events/": f"date=2026-05-02/{'0' * 32}.avro",
        "dead-letters/": f"study=unknown/kind=ping/date=2026-05-02/{'0' * 32}.avro",
        "cases/": f"{'a' * 8}/{'0' * 64}.age",
        "plans/": f"{'0' * 32}/done.json",
        "results/": f"audit/{'0' * 32}.json",
        "leases/": "delete.json",
        "runs/": "ingest.json",
        "withdrawals/": "root.json",
    }[prefix]
    deployment.platform.create(prefix + name, b"{}")


LOGS = (CONSENTS, EVENTS)


@pytest.mark.parametrize("prefix", [each.prefix for each in GOING])
def test_record_that_is_left_or_came_back_breaks_the_promise(own, prefix):
    own.purge()
    own.now += timedelta(days=3)
    seed(own, prefix)
    found = broken(own)
    (line,) = found.pop(Check.CONCLUDED)
    assert (line[0], line[2]) == (prefix, 1)
    damaged = {Check.FILES} if prefix in LOGS else set()
    archive = {Check.COPIES} if prefix == "cases/" else set()
    assert found.keys() == damaged | archive


def test_receipt_past_its_time_breaks_it(own):
    own.purge()
    own.now += timedelta(days=RECEIPT_DAYS + 4)
    number = len([each for each in own.records("receipts/0")])
    assert broken(own) == {
        Check.CONCLUDED: [("receipts/", "receipts past their time", number)]
    }


def test_missing_or_forged_last_receipt_breaks_it(own):
    own.purge()
    own.now += timedelta(days=3)
    info = own.platform.stat(NAME)
    content = json.loads(own.platform.read(NAME))
    own.platform.delete(NAME, info.generation)
    assert broken(own) == {
        Check.CONCLUDED: [(NAME, "no last receipt says what went", 1)]
    }
    content["gone"][0]["objects"] = 1
    own.platform.create(NAME, json.dumps(content).encode())
    (found,) = broken(own)[Check.CONCLUDED]
    assert found == (NAME, "is not as the purge signed it", 1)


def test_key_that_is_left_breaks_its_own_promise(own):
    own.purge()
    own.now += timedelta(days=3)
    (own.folder / "platform" / "signing.delete.keyset.json").write_text("{}")
    assert broken(own) == {Check.KEYS: [("platform", "signing.delete.keyset.json", 1)]}


def test_key_of_pings_that_is_left_is_named_whoever_has_the_study(own):
    own.purge()
    own.now += timedelta(days=3)
    files = ["rally-garden.jwk.json", "rally-lake.jwk.json", "rally-lake.keyset.json"]
    for file in files:
        (own.folder / "keys" / file).write_text("{}")
    found = broken(own)[Check.KEYS]
    assert {("platform", file, 1) for file in files} <= {*found}
