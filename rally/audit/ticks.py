"""Which days and which numbers an axis names."""

from collections.abc import Iterator
from datetime import date
from itertools import count

_MONTHS = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
)  # fmt: skip
_MOST = 8
_DAYS_APART = (1, 2, 7, 14)
_MONTHS_APART = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400, 6000, 24_000)
_DAYS_OF_MONTH = 30.44


def name_days(first: date, last: date) -> Iterator[tuple[date, str]]:
    """Some days of these, evenly apart, and their names; both ends count."""
    days = (last - first).days + 1
    for apart in _DAYS_APART:
        if days <= apart * _MOST:
            return _every_days(first, last, apart)
    months = (each for each in _MONTHS_APART if days <= each * _DAYS_OF_MONTH * _MOST)
    return _every_months(first, last, next(months))


def round_numbers(most: int, lines: int, threshold: int) -> list[int]:
    """At most so many numbers for an axis that ends at `most`, the least first.

    They are 1, 2 or 5 times a power of ten apart, and none is below the threshold: a
    page that says "no number below ten" should have none.
    """
    sizes = (digit * 10**power for power in count() for digit in (1, 2, 5))
    apart = next(size for size in sizes if most < size * (lines + 1))
    return [each for each in range(apart, most + 1, apart) if each >= threshold]


def short_number(number: int) -> str:
    """A round number in a few letters: 500, 20k, 1.5M."""
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= size * 10 or (number >= size and not number % (size // 10)):
            return f"{number / size:g}{letter}"
    return f"{number}"


def _every_days(first: date, last: date, apart: int) -> Iterator[tuple[date, str]]:
    # day 1 of the calendar was a Monday: every 7 and 14 days are Mondays
    start = first.toordinal() + (1 - first.toordinal()) % apart
    for ordinal in range(start, last.toordinal() + 1, apart):
        day = date.fromordinal(ordinal)
        yield day, f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _every_months(first: date, last: date, apart: int) -> Iterator[tuple[date, str]]:
    start = first.year * 12 + first.month - 1 + (first.day > 1)
    end = last.year * 12 + last.month
    for month in range(start + -start % apart, end, apart):
        year, place = divmod(month, 12)
        name = f"{year}" if apart % 12 == 0 else f"{_MONTHS[place]} {year}"
        yield date(year, place + 1, 1), name
