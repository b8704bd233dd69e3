"""Releases that are as promised break nothing, and what is not looked at is said."""

from rally.audit.findings import Check
from tests.rally.audit.audited_platform import count_by_description, lines_by_check
from tests.rally.audit.release_violations import TABLE, release
from tests.rally.releases.outbox import Outbox, remove


def test_release_that_people_signed_breaks_nothing(deployment):
    release(deployment)
    report = deployment.audit()
    assert report.exit_status == 0
    assert Check.RELEASES not in lines_by_check(report, "apart")


def test_result_that_waits_inside_breaks_nothing(deployment):
    Outbox(deployment.birds, deployment.platform)
    assert deployment.audit().exit_status == 0  # nothing left, so no place is needed


def test_place_that_nobody_names_is_not_proven(deployment):
    release(deployment)
    deployment.releases = None
    report = deployment.audit()
    assert report.exit_status == 2
    assert count_by_description(lines_by_check(report, "unseen")[Check.RELEASES]) == {
        "results left, and where they lie was not looked at: give --releases": 1
    }
    assert lines_by_check(report) == {}


def test_file_that_is_not_there_yet_stands_apart(deployment):
    outbox = release(deployment)
    remove(outbox.releases, TABLE)
    report = deployment.audit()
    assert report.exit_status == 0
    assert count_by_description(lines_by_check(report, "apart")[Check.RELEASES]) == {
        "is not there; run `rally releases place`": 1
    }


def test_release_that_is_made_meanwhile_breaks_nothing(deployment):
    """Its files were listed after the ledger had been read."""
    outbox = release(deployment, places=False)

    def place_once(operation, name):
        if operation == "list":
            outbox.releases.fault = lambda *_: None
            outbox.place()

    outbox.releases.fault = place_once
    assert deployment.audit().exit_status == 0
    assert len(outbox.placed) == 4
