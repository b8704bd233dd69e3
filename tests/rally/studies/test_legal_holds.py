"""Legal holds: which rows stay, from when, and until somebody releases them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.errors import ConfigurationError
from rally.storing.local import LocalStore
from rally.studies.legal_holds import (
    NO_HOLDS,
    LegalHold,
    LegalHolds,
    Release,
    place_hold,
    release_hold,
)

X, Y = "rally-x", "rally-y"
NOW = datetime(2022, 6, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
HOLD = LegalHold(X, date(2022, 3, 10), date(2022, 3, 12), NOW, "counsel", "case 7")


@pytest.fixture
def platform(tmp_path):
    return LocalStore(str(tmp_path))


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
    releases = [Release(HOLD.key, later, "counsel", "")]

    assert LegalHolds([HOLD], [], NOW - TICK).holds == ()
    assert LegalHolds([HOLD], releases, NOW).holds == (HOLD,)
    assert LegalHolds([HOLD], releases, later - TICK).holds == (HOLD,)
    assert LegalHolds([HOLD], releases, later).holds == ()


@given(st.lists(st.tuples(st.integers(1, 20), st.integers(0, 5)), max_size=6))
def test_a_day_is_held_if_any_hold_has_it(spans):
    holds = [
        HOLD._replace(first=date(2022, 3, first), last=date(2022, 3, first + more))
        for first, more in spans
    ]
    found = LegalHolds(holds, [], NOW)
    for number in range(1, 27):
        held = any(first <= number <= first + more for first, more in spans)
        assert bool(found.over(X, f"2022-03-{number:02}")) == held


def test_log_is_read_as_it_was_written(platform):
    other = HOLD._replace(namespace=Y, note="")
    for each in (HOLD, other, HOLD):
        place_hold(platform, each)

    assert LegalHolds.read(platform, NOW).of(X) == [HOLD]
    assert LegalHolds.read(platform, NOW).namespaces == {X, Y}

    release_hold(platform, X, Release(HOLD.key, NOW, "counsel", "settled"))

    assert LegalHolds.read(platform, NOW).holds == (other,)
    assert LegalHolds.read(platform, NOW - TICK).holds == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"by": ""}, "hold: by: must be text"),
        ({"note": "two\nlines"}, "hold: note: must be one line"),
        ({"at": NOW.replace(tzinfo=None)}, "hold: at: must be a time with its zone"),
        ({"last": date(2022, 3, 9)}, "--until: is before --from"),
    ],
)
def test_hold_that_could_not_be_read_back_is_refused(platform, change, message):
    with pytest.raises(ConfigurationError, match=message):
        place_hold(platform, HOLD._replace(**change))
    assert list(platform.list()) == []


@pytest.mark.parametrize(
    ("study", "hold", "at"),
    [(X, "0" * 32, NOW), (Y, HOLD.key, NOW), (X, HOLD.key, NOW - TICK)],
    ids=["unknown", "another study's", "not yet in force"],
)
def test_only_a_hold_that_is_in_force_is_released(platform, study, hold, at):
    place_hold(platform, HOLD)
    with pytest.raises(ConfigurationError, match="no such hold is in force"):
        release_hold(platform, study, Release(hold, at, "counsel", ""))
    assert LegalHolds.read(platform, NOW).holds == (HOLD,)


def test_hold_that_was_released_is_placed_again_as_another_one(platform):
    place_hold(platform, HOLD)
    release_hold(platform, X, Release(HOLD.key, NOW, "counsel", ""))
    with pytest.raises(ConfigurationError, match="the same hold was released"):
        place_hold(platform, HOLD)
    again = HOLD._replace(note="the appeal")
    place_hold(platform, again)
    assert LegalHolds.read(platform, NOW).holds == (again,)


def test_hold_that_was_changed_is_named(platform):
    place_hold(platform, HOLD)
    (info,) = platform.list()
    data = platform.read(info.name).replace(b"2022-03-12", b"2022-03-10")
    platform.replace(info.name, data, info.generation)
    with pytest.raises(ConfigurationError, match="is not as it was written"):
        LegalHolds.read(platform, NOW)
