"""Formats of texts that schemas may ask for, as the shapes that a text may have.

The shape of a text is what is left of it when each of its digits is a 0. All shapes of
a format are listed beforehand, so that a text is looked at twice, whatever the format:
a regular expression takes five times as long, for each time and each id of a ping.
"""

from collections.abc import Iterable
from itertools import product
from typing import NamedTuple

_DIGITS = b"0123456789"
_HEX = _DIGITS + b"abcdefABCDEF"


class Format(NamedTuple):
    """A format of texts.

    Attributes:
        name: name of the format in schemas.
        to_shape: table of bytes.translate that makes the shape of a text.
        shapes: shapes of the texts that have the format.
    """

    name: str
    to_shape: bytes
    shapes: frozenset[bytes]

    def takes(self, data: bytes) -> bool:
        """Tells whether a text, in UTF-8, has the format."""
        return data.translate(self.to_shape) in self.shapes


def _format(name: str, shapes: Iterable[str], letters: bytes = _DIGITS) -> Format:
    to_shape = bytes(ord("0") if each in letters else each for each in range(256))
    return Format(name, to_shape, frozenset(shape.encode() for shape in shapes))


def _datetimes() -> Iterable[str]:
    """Lists the shapes of times as every version of Glean writes them.

    They end with the unit of the metric and an offset. Glean.js writes -00:00 for UTC,
    and +5.5:00 or +5.75:00 where it means half hours and quarters.
    """
    days = [f"{'0' * digits}-00-00" for digits in (4, 5, 6)]
    seconds = "T00:00:00"
    fractions = [f"{seconds}.{'0' * digits}" for digits in range(1, 10)]
    times = ["", "T00", "T00:00", seconds, *fractions]
    hours = ["0", "00", *(f"{hour}.{part}" for hour in ("0", "00") for part in _PARTS)]
    for day, time, sign, hour in product(days, times, "+-", hours):
        yield f"{day}{time}{sign}{hour}:00"


_PARTS = ("0", "00", "000", "0000")

FORMATS = {
    each.name: each
    for each in (
        _format("digits", ("0" * digits for digits in range(1, 21))),
        _format(
            "integer",
            (f"{sign}{'0' * digits}" for sign in ("", "-") for digits in range(1, 20)),
        ),
        _format("uuid", ["00000000-0000-0000-0000-000000000000"], _HEX),
        _format("glean-datetime", _datetimes()),
    )
}
"""Formats that a string or a map's key may be bound to, by name."""
