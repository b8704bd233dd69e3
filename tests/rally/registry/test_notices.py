"""What people read before they joined, as study.yaml lists it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.registry.notices import (
    ConsentNotice,
    NoticeName,
    find_notice,
    notices_in_force,
)
from tests.rally.registry.test_registry import STUDY

ONE, TWO = "1" * 64, "2" * 64
FIRST = {
    "version": "1",
    "from": date(2022, 3, 10),
    "where": "https://example.org/notice/1",
    "sha256": ONE,
    "lang": "en",
    "lasts_days": 365,
}
SECOND = FIRST | {"version": "2.b", "from": date(2022, 6, 1), "sha256": TWO}
GERMAN = SECOND | {"lang": "de-AT", "sha256": "3" * 64}


def notice(version="1", since=date(2022, 3, 10), sha256=ONE, language="en", days=365):
    return ConsentNotice(
        version=version,
        since=since,
        where="https://example.org/notice/1",
        sha256=sha256,
        language=language,
        lasts_days=days,
    )


def at(day, hour=0):
    return datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=hour)


def test_study_may_have_none(folder):
    assert folder.load().studies["rally-x"].notices == ()


def test_entries_become_records_sorted_by_day(folder):
    without = {name: each for name, each in FIRST.items() if name != "lasts_days"}
    folder.set("notices", [SECOND, GERMAN, without])
    assert folder.load().studies["rally-x"].notices == (
        notice(days=None),
        notice("2.b", date(2022, 6, 1), TWO),
        notice("2.b", date(2022, 6, 1), "3" * 64, "de-AT"),
    )


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ("1", ": must be a list"),
        ([FIRST | {"version": 1}], ".0.version: must be text"),
        ([FIRST | {"version": "a b"}], ".0.version: must be up to 30 letters"),
        ([FIRST | {"version": "1" * 31}], ".0.version: must be up to 30 letters"),
        ([FIRST | {"from": "2022-03-10"}], ".0.from: must be a date"),
        ([FIRST | {"where": "http://example.org"}], ".0.where: must be an address"),
        ([FIRST | {"sha256": "1"}], ".0.sha256: must be lower-case hexadecimal"),
        ([FIRST | {"lang": "English"}], ".0.lang: must be a language such as en"),
        ([FIRST | {"lasts_days": 0}], ".0.lasts_days: must be a whole number"),
        ([FIRST | {"lasts_days": 40_000}], ".0.lasts_days: must be at most 36,500"),
        ([FIRST | {"by": "ann"}], ".0.by: is not known"),
        ([FIRST, FIRST], ".1: version 1 is there in en already; give a changed text"),
        ([FIRST, GERMAN | {"version": "1"}], ".1: must be the same in all languages"),
        ([SECOND, GERMAN | {"lasts_days": 9}], ".1: must be the same in all languages"),
        ([FIRST, SECOND | {"from": FIRST["from"]}], ".1.from: another version begins"),
    ],
)
def test_wrong_entry_is_one_line(folder, entries, reason):
    folder.set("notices", entries)
    assert folder.error().startswith(f"{STUDY}: notices{reason}")


def test_notice_is_in_force_from_its_day_to_the_next_one():
    english, german = (
        notice("2", date(2022, 6, 1), TWO),
        notice("2", date(2022, 6, 1), "3" * 64, "de"),
    )
    known = (notice(), english, german)
    assert notices_in_force(known, at(date(2022, 3, 9), 23)) == ()
    assert notices_in_force(known, at(date(2022, 3, 10))) == (notice(),)
    assert notices_in_force(known, at(date(2022, 5, 31), 23)) == (notice(),)
    assert notices_in_force(known, at(date(2022, 6, 1))) == (english, german)


@given(st.sets(st.integers(0, 200), max_size=6), st.integers(-10, 300))
def test_newest_that_has_begun_is_in_force(days, asked):
    first = date(2022, 3, 10)
    known = [notice(str(day), first + timedelta(day)) for day in sorted(days)]
    begun = [day for day in days if day <= asked]
    found = notices_in_force(known, at(first + timedelta(asked)))
    assert [each.version for each in found] == ([str(max(begun))] if begun else [])


def test_client_names_a_notice_by_version_and_hash():
    known = (notice(), notice("2", date(2022, 6, 1), TWO))
    june = at(date(2022, 6, 1))
    assert find_notice(known, NoticeName("2", TWO), june) == known[1]
    assert find_notice(known, NoticeName("1", ONE), june) == known[0]
    for named in (None, NoticeName("2"), NoticeName("2", ONE), NoticeName("3", TWO)):
        assert find_notice(known, named, june) is None
    assert find_notice(known, NoticeName("2", TWO), at(date(2022, 5, 31), 23)) is None
