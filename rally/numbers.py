"""Reads the numbers of options: plain digits, finite, and bounded.

Python reads `nan`, `inf`, `1_000` and the digits of every script; an option takes none
of these. The readers are what argparse calls `type`.
"""

import argparse
import math
import re
from collections.abc import Callable

DAYS = 36_500
"""The most days that an option takes: 100 years (see `rally.times`)."""

SECONDS = 86_400
"""The most seconds that an option takes which is about a moment: a day."""

_WHOLE = re.compile("[+-]?[0-9]{1,18}")
_REAL = re.compile(
    r"[+-]?(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})(?:[eE][+-]?[0-9]{1,3})?"
)


def whole(low: int, high: int) -> Callable[[str], int]:
    """Makes the reader of whole numbers from `low` to `high`.

    Raises:
        ArgumentTypeError: the reader meets any other text.
    """

    def read(text: str) -> int:
        if _WHOLE.fullmatch(text) and low <= (number := int(text)) <= high:
            return number
        raise argparse.ArgumentTypeError(
            f"must be a whole number from {low:,} to {high:,}"
        )

    return read


def real(low: float, high: float, *, above: bool = False) -> Callable[[str], float]:
    """Makes the reader of numbers from `low` to `high`.

    Args:
        low: least number.
        high: greatest number.
        above: whether the least number is left out.

    Raises:
        ArgumentTypeError: the reader meets any other text.
    """

    def read(text: str) -> float:
        number = float(text) if _REAL.fullmatch(text) else math.nan
        if low <= number <= high and not (above and number == low):
            return number
        bounds = f"above {low:,} and at most" if above else f"from {low:,} to"
        raise argparse.ArgumentTypeError(f"must be a number {bounds} {high:,}")

    return read
