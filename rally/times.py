"""Defines the one range of times, and reads every time that comes from outside.

A time that is read lies between `EARLIEST` and `LATEST`. The range holds every ping
that a client of Rally or Pioneer can have sent, and leaves so much room on both sides
that no number of days which an option or a study may name leads out of the calendar.
"""

import re
from datetime import UTC, date, datetime, timedelta

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2199, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)

RANGE = f"from {EARLIEST:%Y-%m-%d} to {LATEST:%Y-%m-%d}"
"""Words for messages, after "must be"."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
_ZONE = "Z|[+-][0-9]{2}:[0-9]{2}"
_TIME = re.compile(f"{_DAY}(?:[T ]{_CLOCK}({_ZONE})?)?")


class InvalidTime(ValueError):
    """The text is no date or time, or out of range; the error quotes nothing."""


def parse_time(text: str, *, needs_zone: bool = False) -> datetime:
    """Reads a time (RFC 3339, or a date alone), and gives it in UTC.

    Digits beyond microseconds are cut off. A leap second (`:60`) is no time.

    Args:
        text: any text.
        needs_zone: whether a time without a zone is refused; otherwise it counts as
            UTC.

    Raises:
        InvalidTime: the text is no time, or one outside of the range.
    """
    match = _TIME.fullmatch(text)
    if match is None or (needs_zone and not match[1]):
        raise InvalidTime
    try:
        time = datetime.fromisoformat(text)
        in_utc = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # UTC may move a year out of the calendar
        raise InvalidTime from None
    return check_time(in_utc)


def parse_day(text: str) -> date:
    """Reads a date, YYYY-MM-DD and nothing else.

    Raises:
        InvalidTime: the text is no date, or one outside of the range.
    """
    if not re.fullmatch(_DAY, text):  # Python reads 20220310 and 2022-W10-4 as well
        raise InvalidTime
    try:
        return check_day(date.fromisoformat(text))
    except ValueError:
        raise InvalidTime from None


def check_time(time: datetime) -> datetime:
    """Returns the time, which knows its zone. Raises InvalidTime outside the range."""
    if not EARLIEST <= time <= LATEST:
        raise InvalidTime
    return time


def check_day(day: date) -> date:
    """Returns the day itself. Raises InvalidTime outside of the range."""
    if not EARLIEST.date() <= day <= LATEST.date():
        raise InvalidTime
    return day


def nearest(time: datetime) -> datetime:
    """Returns the time itself, or the end of the range that is nearer."""
    return min(max(time, EARLIEST), LATEST)


def nearest_seconds(seconds: float) -> datetime:
    """Gives the nearest time of seconds since 1970, as a file system has them."""
    low, high = EARLIEST.timestamp(), LATEST.timestamp()
    return nearest(datetime.fromtimestamp(min(max(seconds, low), high), UTC))


def midnight(day: date) -> datetime:
    """Gives the beginning of a day, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def to_micros(time: datetime) -> int:
    """Gives microseconds since 1970 in UTC, as Avro's timestamp-micros has them."""
    return (time - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Gives the time of microseconds. Raises InvalidTime outside of the range."""
    return _EPOCH + timedelta(microseconds=check_micros(micros))


def check_micros(micros: int) -> int:
    """Returns the number itself. Raises InvalidTime where its time is out of range."""
    if not _FIRST <= micros <= _LAST:
        raise InvalidTime
    return micros


_FIRST, _LAST = to_micros(EARLIEST), to_micros(LATEST)


def moment(time: datetime) -> str:
    """A time in UTC, to the second."""
    return time.isoformat(timespec="seconds").replace("+00:00", "Z")
