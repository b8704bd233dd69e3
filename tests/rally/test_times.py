"""One range of times, and the readers of what comes from outside."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rally.times import (
    EARLIEST,
    LATEST,
    InvalidTime,
    check_day,
    check_micros,
    check_time,
    from_micros,
    nearest,
    nearest_seconds,
    parse_day,
    parse_time,
    to_micros,
)

DAYS_OF_AN_OPTION = timedelta(days=36_500)
within = st.datetimes(
    EARLIEST.replace(tzinfo=None), LATEST.replace(tzinfo=None), timezones=st.just(UTC)
)
like_a_time = st.from_regex(
    r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]?[0-9:.]{0,20}(Z|[+-][0-9]{2}:?[0-9]{2})?\Z"
)


def test_days_of_an_option_lead_out_of_no_calendar():
    assert datetime.min.replace(tzinfo=UTC) < EARLIEST - DAYS_OF_AN_OPTION
    assert datetime.max.replace(tzinfo=UTC) > LATEST + DAYS_OF_AN_OPTION


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-22", datetime(2026, 11, 22, tzinfo=UTC)),
        ("2026-11-22T02:19", datetime(2026, 11, 22, 2, 19, tzinfo=UTC)),
        ("2026-11-22 02:19:51Z", datetime(2026, 11, 22, 2, 19, 51, tzinfo=UTC)),
        ("2026-11-22T02:19:51.7+05:30",
         datetime(2026, 11, 21, 20, 49, 51, 700_000, UTC)),
        ("2026-11-22T02:19:51.123456789-00:00",
         datetime(2026, 11, 22, 2, 19, 51, 123_456, UTC)),
        ("2000-01-01T00:00:00+00:00", EARLIEST),
        ("2199-12-31T23:59:59.999999999Z", LATEST),
        ("2199-12-31T23:59:59.999999999-00:00", LATEST),
        ("1999-12-31T23:00:00-01:00", EARLIEST),
        ("2200-01-01T00:59:59.999999+01:00", LATEST),
    ],
)  # fmt: skip
def test_time_is_read_in_utc(text, time):
    found = parse_time(text)
    assert found == time
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-11",
        "20261122",
        "2026-W47-7",
        "2026-11-22T",
        "2026-11-22T02",
        "2026-11-22x02:19",
        "2026-11-22T02:19:51.",
        "2026-11-22T02:19:51.1234567890Z",
        "2026-11-22T02:19:60Z",
        "2026-11-22T24:00Z",
        "2026-02-29",
        "2026-11-22T02:19:51z",
        "2026-11-22T02:19:51+0100",
        "2026-11-22T02:19:51+24:00",
        "2026-11-22T02:19:51-99:99",
        "0000-01-01",
        "0001-01-01T00:00:00+01:00",
        "1969-12-31T23:59:59Z",
        "1999-12-31T23:59:59.999999Z",
        "2000-01-01T00:59:59+01:00",
        "2199-12-31T23:00:00-01:00",
        "2200-01-01",
        "9999-12-31T23:59:59-01:00",
        "+10000-01-01",
        "-0001-01-01",
        "2026-11-22\n",
        "\uff12\uff10\uff12\uff16-11-22",
        "2026-11-22\udcff",
        "2026-11-22\x00",
    ],
)
def test_what_is_no_time_of_the_range_is_refused(text):
    with pytest.raises(InvalidTime):
        parse_time(text)


@given(st.text() | like_a_time)
@example("9999-12-31T23:59:59-23:59")
@example("0001-01-01T00:00:00+23:59")
def test_any_text_is_a_time_of_the_range_or_refused(text):
    for read in (parse_time, lambda each: parse_time(each, needs_zone=True)):
        try:
            time = read(text)
        except InvalidTime:
            continue
        assert EARLIEST <= time <= LATEST
        assert from_micros(to_micros(time)) == time


@given(st.text() | like_a_time)
def test_any_text_is_a_day_of_the_range_or_refused(text):
    try:
        day = parse_day(text)
    except InvalidTime:
        return
    assert day.isoformat() == text
    assert EARLIEST.date() <= day <= LATEST.date()


@given(within, st.integers(-1439, 1439))
def test_time_is_the_same_however_it_is_written(time, minutes):
    zone = timezone(timedelta(minutes=minutes))
    assert parse_time(time.isoformat()) == time
    assert parse_time(time.astimezone(zone).isoformat()) == time
    assert parse_time(time.isoformat(), needs_zone=True) == time
    assert parse_time(time.replace(tzinfo=None).isoformat(" ")) == time
    with pytest.raises(InvalidTime):
        parse_time(time.replace(tzinfo=None).isoformat(), needs_zone=True)


@pytest.mark.parametrize("text", ["2026-W47-7", "20261122", "2026-11-22T00:00", ""])
def test_day_is_written_in_one_way(text):
    with pytest.raises(InvalidTime):
        parse_day(text)


@given(st.dates())
def test_day_is_checked(day):
    is_within = EARLIEST.date() <= day <= LATEST.date()
    for read, value in ((check_day, day), (parse_day, day.isoformat())):
        try:
            assert read(value) == day
            assert is_within
        except InvalidTime:
            assert not is_within


@given(st.datetimes(timezones=st.just(UTC)))
def test_time_is_checked_or_brought_nearest(time):
    if EARLIEST <= time <= LATEST:
        assert check_time(time) == check_time(nearest(time)) == time
        return
    with pytest.raises(InvalidTime):
        check_time(time)
    assert nearest(time) == (EARLIEST if time < EARLIEST else LATEST)


@given(st.integers())
@example(to_micros(EARLIEST) - 1)
@example(to_micros(LATEST) + 1)
@example(2**200)
def test_any_number_is_microseconds_of_the_range_or_refused(micros):
    try:
        time = from_micros(micros)
    except InvalidTime:
        with pytest.raises(InvalidTime):
            check_micros(micros)
        return
    assert EARLIEST <= time <= LATEST
    assert to_micros(time) == check_micros(micros) == micros


@given(st.floats(allow_nan=False) | st.integers().map(float))
@example(-1.0)
@example(2.0**63)
def test_file_systems_seconds_are_a_time_of_the_range(seconds):
    assert EARLIEST <= nearest_seconds(seconds) <= LATEST


def test_file_systems_seconds_are_kept_within_the_range():
    assert nearest_seconds(946_684_800.5) == EARLIEST + timedelta(seconds=0.5)
    assert nearest_seconds(946_684_799.5) == EARLIEST
    assert nearest_seconds(7_258_118_400) == LATEST
    assert check_day(date(2026, 1, 1)) == date(2026, 1, 1)
