"""Legal holds: which rows stay, from when, and until somebody releases them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.decisions.contents import HoldRelease
from rally.decisions.entry import entry_name
from rally.decisions.verifying import read_chain
from rally.errors import ConfigurationError
from rally.registry.legal_holds import (
    NO_HOLDS,
    LegalHold,
    LegalHolds,
    Release,
    check_release,
)
from tests.fakes.memory_store import MemoryStore
from tests.support.stores import found_platform
from tests.support.study_decisions import hold_rows, release_rows

X, Y = "rally-x", "rally-y"
NOW = datetime(2022, 6, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
DAYS = date(2022, 3, 10), date(2022, 3, 12)
HOLD = LegalHold(2, X, *DAYS, NOW, "stop", "case 7")


@pytest.fixture
def platform():
    store = MemoryStore()
    found_platform(store)
    return store


def over(holds, *days, study=X):
    return [day for day in days if holds.over(study, day)]


def test_hold_is_over_its_own_days_of_its_own_study():
    holds = LegalHolds([HOLD], [], NOW)
    days = ("2022-03-09", "2022-03-10", "2022-03-11", "2022-03-12", "2022-03-13")

    assert over(holds, *days) == list(days[1:4])
    assert over(holds, *days, study=Y) == []
    assert over(NO_HOLDS, *days) == []


def test_file_that_names_no_date_is_kept_by_any_hold_of_its_study():
    holds = LegalHolds([HOLD], [], NOW)

    assert holds.over(X, "") == HOLD
    assert holds.over(Y, "") is None


def test_hold_is_in_force_from_its_time_until_its_release():
    later = NOW + timedelta(days=9)
    releases = [Release(HOLD.number, later)]

    assert LegalHolds([HOLD], [], NOW - TICK).holds == ()
    assert LegalHolds([HOLD], releases, NOW).holds == (HOLD,)
    assert LegalHolds([HOLD], releases, later - TICK).holds == (HOLD,)
    assert LegalHolds([HOLD], releases, later).holds == ()


@given(st.lists(st.tuples(st.integers(1, 20), st.integers(0, 5)), max_size=6))
def test_a_day_is_held_if_any_hold_has_it(spans):
    holds = [
        HOLD._replace(
            number=number,
            first=date(2022, 3, first),
            last=date(2022, 3, first + more),
        )
        for number, (first, more) in enumerate(spans, start=2)
    ]
    found = LegalHolds(holds, [], NOW)
    for number in range(1, 27):
        held = any(first <= number <= first + more for first, more in spans)
        assert bool(found.over(X, f"2022-03-{number:02}")) == held


def test_holds_are_those_that_the_chain_says(platform):
    placed = hold_rows(platform, X, DAYS, NOW, "case 7")
    other = hold_rows(platform, Y, DAYS, NOW)
    again = hold_rows(platform, X, DAYS, NOW, "case 7")

    assert placed == HOLD
    assert LegalHolds.read(platform, NOW).of(X) == [HOLD, HOLD._replace(number=4)]
    assert LegalHolds.read(platform, NOW).namespaces == {X, Y}

    release_rows(platform, placed, NOW)

    assert LegalHolds.read(platform, NOW).holds == (other, again)
    assert LegalHolds.read(platform, NOW - TICK).holds == ()


@pytest.mark.parametrize(
    ("study", "hold", "at"),
    [(X, 1, NOW), (X, 3, NOW), (Y, 2, NOW), (X, 2, NOW - TICK)],
    ids=["no hold", "unknown", "another study's", "not yet in force"],
)
def test_only_a_hold_that_is_in_force_is_released(platform, study, hold, at):
    hold_rows(platform, X, DAYS, NOW)
    chain = read_chain(platform)

    check_release(chain, X, HoldRelease(2, NOW, ""))
    with pytest.raises(ConfigurationError, match="no such hold is in force"):
        check_release(chain, study, HoldRelease(hold, at, ""))


def test_release_is_of_a_hold_that_was_placed_before_it(platform):
    release_rows(platform, HOLD._replace(number=3), NOW)
    placed = hold_rows(platform, X, DAYS, NOW)

    assert placed.number == 3
    assert LegalHolds.read(platform, NOW).holds == (placed,)


def test_hold_or_release_that_somebody_changed_decides_nothing(platform):
    changed, placed = (hold_rows(platform, X, DAYS, NOW) for _ in range(2))
    release_rows(platform, placed, NOW + TICK)
    for number, old, new in (
        (changed.number, b"2022-03-12", b"2022-03-11"),
        (4, b'"hold":3', b'"hold":2'),
    ):
        info = platform.stat(entry_name(number))
        data = platform.read(info.name)
        assert old in data
        platform.replace(info.name, data.replace(old, new), info.generation)

    assert LegalHolds.read(platform, NOW + TICK).holds == (placed,)


def test_holds_of_the_folder_from_before_the_chain_are_nobodys(platform):
    platform.create(f"holds/placed/{'0' * 32}.json", b"{}")

    assert LegalHolds.read(platform, NOW).holds == ()
