"""A purge of a concluded platform that is killed anywhere ends as a plain one does."""

from datetime import timedelta

import pytest

from rally.decisions.chain import PlatformConcluded
from rally.keys.folder import KeyFolder
from rally.retention.platform_records import RECEIPT_DAYS
from rally.withdrawal.bootstrap import open_list
from tests.rally.deletion.test_killed import count
from tests.rally.retention.test_platform_end import furnish, last_receipt, left
from tests.support.memory_deployment import Killed

pytestmark = pytest.mark.slow("kills")

BUCKETS = {"versioned": True, "platform": {"versioned": True}}


def make_old(make_deployment):
    """A concluded platform whose receipts are past their time."""
    deployment = make_deployment(**BUCKETS)
    furnish(deployment)
    deployment.now += timedelta(days=RECEIPT_DAYS + 1)
    return deployment


def rest(deployment):
    """How it ends; what killed runs left is counted among what went."""
    last = last_receipt(deployment)
    gone = [each for each in last.gone if each.what not in ("plans", "leases")]
    old = [
        each.name.partition("-")[0]  # changes of files are called by ids of requests
        for store in (deployment.data, deployment.platform)
        for each in store.old_copies("")
        if not each.name.startswith(("leases/", "conclusion.json"))
    ]
    return left(deployment), deployment.names(), old, gone, last.finished


def nothing_begins(deployment):
    with pytest.raises(PlatformConcluded):
        open_list(deployment.platform)


def test_killed_before_any_change_and_run_again_ends_the_same(make_deployment):
    deployment = make_old(make_deployment)
    names = count(deployment)
    assert [*deployment.purge().problems] == []
    expected = rest(deployment)
    assert expected[-1] is not None
    assert len(names) > 40
    for number, name in enumerate(names, 1):
        if " leases/" in name and number > 1:
            continue  # what runs do to their leases is tested with other runs
        deployment = make_old(make_deployment)
        count(deployment, number)
        with pytest.raises(Killed):
            deployment.purge()
        deployment.mark_runs_dead()
        nothing_begins(deployment)
        report = deployment.purge(run="2" * 32)
        assert [*report.problems] == [], name
        assert rest(deployment) == expected, name
        nothing_begins(deployment)


def test_key_files_may_go_one_by_one(make_deployment, monkeypatch):
    deployment = make_old(make_deployment)
    deployment.purge()
    expected = rest(deployment)
    forget = KeyFolder.forget
    for number in range(12):
        deployment, spared = make_old(make_deployment), [number]

        def die(folder, name, spared=spared):
            if not spared[0]:
                raise Killed
            spared[0] -= 1
            return forget(folder, name)

        monkeypatch.setattr(KeyFolder, "forget", die)
        with pytest.raises(Killed):
            deployment.purge()
        monkeypatch.setattr(KeyFolder, "forget", forget)
        deployment.mark_runs_dead()
        assert [*deployment.purge(run="2" * 32).problems] == []
        assert rest(deployment) == expected
