"""Copies of people that should not be there: each breaks the check of copies alone.

Each function makes one, and returns where it is and the number of units by description.
"""

from datetime import timedelta
from hashlib import sha256

from rally.access.records import Built, Fetched, archive_name
from tests.support.access_cases import (
    CASE,
    approved_case,
    put_record,
    refuse_case,
)

STAYS, LEFT = 0, 1
"""Somebody who takes part, and somebody who left and whose rows are gone."""

DATA = b"age-encryption.org/v1\n"
NAME = archive_name(CASE, sha256(DATA).hexdigest())
WEEK, DAY = timedelta(days=7), timedelta(days=1)


def make_copy(deployment, person=STAYS, age=DAY, data=DATA, opened=None, built=DATA):
    """A case that is approved, whose copy was made some time ago."""
    at = deployment.now - age
    participant = deployment.platform_pseudonym(person)
    approved_case(deployment.platform, participant, when=opened or at - DAY)
    digest = sha256(built).hexdigest()
    deployment.platform.create(archive_name(CASE, digest), data)
    put_record(deployment.platform, Built(CASE, at, digest, len(built)))


def without_case(deployment):
    name = NAME.replace(CASE, "01234567")
    deployment.platform.create(name, DATA)
    return name, {"a person's copy without a case that somebody approved": 1}


def past_its_time(deployment):
    make_copy(deployment, age=WEEK + 3 * DAY)
    return NAME, {"a person's copy past its time": 1}


def fetched_and_kept(deployment):
    make_copy(deployment, age=5 * DAY)
    at, digest = deployment.now - 3 * DAY, sha256(DATA).hexdigest()
    put_record(deployment.platform, Fetched(CASE, at, digest))
    return NAME, {"a person's copy that was fetched": 1}


def refused_and_kept(deployment):
    make_copy(deployment, age=5 * DAY)
    refuse_case(deployment.platform, when=deployment.now - 3 * DAY)
    return NAME, {"a person's copy whose case is refused": 1}


def of_who_left(deployment):
    make_copy(deployment, LEFT, opened=deployment.now - 2 * WEEK)
    return NAME, {"a copy of a person who has left": 1}


def changed(deployment):
    make_copy(deployment, data=b"another")
    return NAME, {"a person's copy that is not the one that was made": 1}


def replaced(deployment):
    make_copy(deployment, age=5 * DAY)
    name = archive_name(CASE, sha256(b"another").hexdigest())
    deployment.platform.create(name, b"another")
    return name, {"a person's copy in whose place another counts": 1}


def with_a_forged_record(deployment):
    deployment.platform.create(f"cases/{CASE}/built.json", b"{}")
    what = "a record of a person's copy that the job did not sign"
    return "cases", {what: 1}
