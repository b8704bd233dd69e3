"""Copies of people go when they are due, and a forged entry of a plan removes none."""

from datetime import timedelta
from hashlib import sha256

import pytest

from rally.access.records import Built, Fetched, archive_name
from rally.retention.plan_entry import PLATFORM, Phase, Reason, whole_entry
from rally.retention.reasons import ReasonCheck, ReasonGone
from tests.support.access_cases import CASE, approved_case, open_case, put_record
from tests.support.memory_deployment import day
from tests.support.purge_deployment import deleted_counts
from tests.support.world import GARDEN

DATA = b"age-encryption.org/v1\n"
DIGEST = sha256(DATA).hexdigest()
NAME, COPIES = archive_name(CASE, DIGEST), ("", "(copies of people)", "copy")
WEEK = timedelta(days=7)


def make_copy(deployment, at=25.0, **options):
    """Somebody's copy is made on a day."""
    participant = deployment.platform_pseudonym(1)
    approved_case(deployment.platform, participant, when=day(at - 1), **options)
    deployment.platform.create(NAME, DATA)
    put_record(deployment.platform, Built(CASE, day(at), DIGEST, len(DATA)))


def is_there(deployment):
    return deployment.platform.stat(NAME) is not None


def test_a_copy_stays_for_a_week_and_goes_then(deployment):
    make_copy(deployment)
    deployment.now = day(25) + WEEK - timedelta(minutes=1)
    assert deployment.purge().plan == ""
    deployment.now = day(25) + WEEK
    report = deployment.purge()
    assert deleted_counts(report) == {COPIES: (1, 0)}
    assert report.exit_status == 0
    assert not is_there(deployment)
    assert deployment.purge().plan == ""


def test_a_copy_that_was_fetched_goes(deployment):
    make_copy(deployment)
    put_record(deployment.platform, Fetched(CASE, day(26), DIGEST))
    deployment.now = day(26)
    assert deleted_counts(deployment.purge()) == {COPIES: (1, 0)}


@pytest.mark.parametrize(("leaves", "stays"), [(False, False), (True, True)])
def test_who_leaves_without_saying_so_in_the_case_has_no_copy_left(
    deployment, leaves, stays
):
    deployment.join(1, GARDEN, 2)
    make_copy(deployment, leaves=leaves)
    deployment.leave(1, GARDEN, 26)
    deployment.now = day(27)
    deployment.delete()
    deployment.purge()
    assert is_there(deployment) is stays


def test_what_nobody_approved_is_for_the_audit(deployment):
    deployment.platform.create(NAME, DATA)
    deployment.now = day(90)
    assert deployment.purge().plan == ""
    open_case(deployment.platform, deployment.platform_pseudonym(1))
    assert deployment.purge().plan == ""
    assert is_there(deployment)


@pytest.mark.parametrize("name", [NAME, "decisions/000000000001.json", "events/a"])
def test_a_forged_entry_of_a_plan_removes_nothing(deployment, name):
    make_copy(deployment)
    deployment.platform.create(name, b"x")
    info = deployment.platform.stat(name)
    labels = ("", "(copies of people)", "")
    entry = whole_entry(Phase.REST, PLATFORM, labels, info, Reason.COPY)
    deployment.now = day(26)
    context = deployment.purging()._make_plan()[0]
    with pytest.raises(ReasonGone):
        ReasonCheck(context).check(deployment.platform, entry)


def test_old_versions_of_archives_go_with_them(make_deployment):
    deployment = make_deployment(platform={"versioned": True})
    make_copy(deployment)
    info = deployment.platform.stat(NAME)
    deployment.platform.replace(NAME, DATA, info.generation)
    deployment.now = day(25) + WEEK
    deployment.purge()
    assert list(deployment.platform.old_copies("cases/")) == []
