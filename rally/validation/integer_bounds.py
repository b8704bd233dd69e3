"""Lowest and highest integers of Avro's types and of their logical types."""

from datetime import datetime, timedelta

_EPOCH = datetime(1970, 1, 1)


def _within_years(unit: timedelta) -> tuple[int, int]:
    """Gives the bounds of years 1 to 9999 since the epoch, which every reader shows."""
    return (datetime.min - _EPOCH) // unit, (datetime.max - _EPOCH) // unit


LONG = (-(2**63), 2**63 - 1)
_MILLIS = _within_years(timedelta(milliseconds=1))
_MICROS = _within_years(timedelta(microseconds=1))

BOUNDS: dict[tuple[str, str | None], tuple[int, int]] = {
    ("int", None): (-(2**31), 2**31 - 1),
    ("int", "date"): _within_years(timedelta(days=1)),
    ("int", "time-millis"): (0, 24 * 60 * 60 * 1000 - 1),
    ("long", None): LONG,
    ("long", "time-micros"): (0, 24 * 60 * 60 * 1000 * 1000 - 1),
    ("long", "timestamp-millis"): _MILLIS,
    ("long", "timestamp-micros"): _MICROS,
    ("long", "timestamp-nanos"): LONG,  # all of it lies within years 1677 to 2262
    ("long", "local-timestamp-millis"): _MILLIS,
    ("long", "local-timestamp-micros"): _MICROS,
    ("long", "local-timestamp-nanos"): LONG,
}
"""Lowest and highest integer of each type and logical type, inclusive."""
