"""Runs that make one copy at once, or die: one archive is left, and one record."""

import hashlib
from contextlib import suppress

import pytest

from rally.access.cases import CaseState
from rally.access.records import record_name
from rally.errors import ConfigurationError
from rally.person_copy.handing_over import read_built
from rally.storage.objectstore.interface import ObjectHeld
from tests.rally.person_copy.garden import (
    archive,
    archives,
    ask,
    build,
    build_killed,
    case,
    destroy,
    due,
    leave,
)
from tests.support.access_cases import CASE
from tests.support.memory_deployment import Killed

MOMENTS = [*(("fault", number) for number in range(5)), ("after", 0), ("after", 1)]
"""Moments in a case's folder of a run that makes a copy where a killed one left one.

It creates both objects, reads the record, lists and deletes.
"""


def on(deployment, moment, number, act):
    """Has something happen at an operation in the case's folder, once."""
    count = iter(range(100))

    def look(operation, name):
        if name.startswith(f"cases/{CASE}/") and next(count) == number:
            setattr(deployment.platform, moment, lambda *_: None)
            act()

    setattr(deployment.platform, moment, look)


def die():
    raise Killed


def is_whole(deployment):
    """Whether one archive is there, that of the record, and would be handed out."""
    (digest,) = archives(deployment)
    data = archive(deployment)
    assert read_built(deployment.platform, case(deployment)) == data
    return hashlib.sha256(data).hexdigest() == digest == case(deployment).built.archive


@pytest.mark.parametrize(("moment", "number"), MOMENTS)
def test_a_plain_next_run_after_a_kill_makes_one_archive(garden, moment, number):
    ask(garden)
    build_killed(garden)
    on(garden, moment, number, die)
    with suppress(Killed):
        build(garden)
    setattr(garden.platform, moment, lambda *_: None)
    if case(garden).state is CaseState.APPROVED:
        build(garden)
    destroy(garden)
    assert is_whole(garden)


@pytest.mark.parametrize(("moment", "number"), MOMENTS)
def test_of_two_runs_the_first_record_counts(garden, moment, number):
    """The other run does all of its work at each moment of this one's."""
    ask(garden)
    build_killed(garden)
    others, refused = [], []

    def build_another():
        try:
            others.append(build(garden).archive)
        except ConfigurationError as error:
            refused.append(str(error))

    on(garden, moment, number, build_another)
    try:
        own = [build(garden).archive]
    except ConfigurationError as error:
        own = []
        refused.append(str(error))
    assert archives(garden) == own + others
    assert is_whole(garden)
    made = f"case {CASE}: its copy is made; hand it out by `rally person fetch`"
    just = (
        f"case {CASE}: another run has just made its copy; what this run showed opens"
        " nothing"
    )
    assert refused in ([], [made], [just])


def test_what_a_run_left_that_came_second_goes_as_replaced(garden):
    ask(garden)

    def build_another():
        build(garden)
        garden.platform.fault = lambda *_: die()

    on(garden, "fault", 0, build_another)
    with pytest.raises(Killed):
        build(garden)
    garden.platform.fault = lambda *_: None
    assert len(archives(garden)) == 2
    assert [each.why for each in due(garden)] == ["replaced"]
    destroy(garden)
    assert is_whole(garden)
    assert case(garden).destroyed is None


def test_what_a_hold_keeps_of_a_killed_run_is_due(garden):
    ask(garden)
    build_killed(garden)
    (left,) = archives(garden)

    def hold(operation, name):
        if operation == "delete":
            raise ObjectHeld(name)

    garden.platform.fault = hold
    build(garden)
    garden.platform.fault = lambda *_: None
    assert [each.archive.digest for each in due(garden)] == [left]


def test_who_leaves_while_the_copy_is_made_gets_none(garden):
    ask(garden)
    on(garden, "after", 0, lambda: leave(garden))
    with pytest.raises(ConfigurationError, match="has left since it was opened"):
        build(garden)
    assert archives(garden) == []
    assert case(garden).state is CaseState.APPROVED


def test_who_leaves_before_the_record_is_written_has_nothing_left(garden):
    """The archive is destroyed before its record is there, which gets its own end."""
    ask(garden)

    def leave_and_destroy():
        leave(garden)
        destroy(garden)

    on(garden, "fault", 1, leave_and_destroy)
    built = build(garden)
    assert archives(garden) == []
    assert garden.platform.stat(record_name(built))
    destroy(garden)
    assert case(garden).destroyed.why == "left"
