"""Encodes the Avro types without parts: which JSON values each takes, and their bytes.

The bytes are those of the Avro 1.12 specification's binary encoding. A logical type
narrows what its base type takes, and leaves the bytes as they are.
"""

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any, NamedTuple, NoReturn

from rally.validation.formats import FORMATS, Format
from rally.validation.integer_bounds import BOUNDS

Encoder = Callable[[object], bytes]
"""Function from a JSON value, as orjson parses it, to its binary encoding in Avro."""

SMALL = 1024
"""End of the tables of integers."""

# Two bytes of seven bits each, the last two and those that more follow.
_ENDS = tuple(
    bytes((bits,)) if bits < 0x80 else bytes((bits & 0x7F | 0x80, bits >> 7))
    for bits in range(0x4000)
)
_STARTS = tuple(bytes((bits & 0x7F | 0x80, bits >> 7 | 0x80)) for bits in range(0x4000))


class Misfit(Exception):
    """A JSON value does not fit its type; the error holds nothing of the value."""


MISFITS = (Misfit, UnicodeEncodeError, OverflowError)
"""Errors of an encoding; the last two are those of code points and of floating point.
"""


class LeafForm(Enum):
    """The form in which compiled code encodes a leaf: in line, or by a call."""

    NULL = "null"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    TEXT = "text"
    LISTED = "listed"
    FORMATTED = "formatted"
    CALLED = "called"


class Encodings(dict[Any, Any]):
    """A table of encodings by what they encode; anything else is a Misfit."""

    def __missing__(self, key: object) -> NoReturn:
        """Raises Misfit."""
        raise Misfit


class TextLimit(NamedTuple):
    """The greatest length of a text; of two limits one is enough to keep.

    Clients cut texts by bytes or by UTF-16 units, as their version has it.

    Attributes:
        max_bytes: most bytes in UTF-8; None where only units count.
        max_utf16: most UTF-16 units, as JavaScript counts; None where only bytes do.
    """

    max_bytes: int | None
    max_utf16: int | None

    @property
    def words(self) -> str:
        """The limit in words."""
        limits = ((self.max_bytes, "bytes"), (self.max_utf16, "UTF-16 units"))
        return " or ".join(
            f"{most} {unit}" for most, unit in limits if most is not None
        )

    @property
    def fast_bytes(self) -> int:
        """Most bytes of a text that keeps the limit whatever is in it."""
        # No UTF-16 unit has less than a byte in UTF-8.
        return max(self.max_bytes or 0, self.max_utf16 or 0)

    def check(self, data: bytes) -> None:
        """Raises Misfit where a text, in UTF-8, is longer than both limits."""
        if self.max_bytes is not None and len(data) <= self.max_bytes:
            return
        if self.max_utf16 is None or _utf16_units(data) > self.max_utf16:
            raise Misfit


def _utf16_units(data: bytes) -> int:
    return len(data.decode().encode("utf-16-le")) // 2


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """An Avro type without parts.

    Attributes:
        name: name of the base type; of an enum or a fixed, its full name.
        json: exact types that a JSON value may have.
        encode: encoder that takes any JSON value, and raises one of MISFITS.
        form: form in which compiled code may encode it without calling `encode`.
        bounds: lowest and highest value of an integer.
        depth: depth of nested types; a leaf nests nothing.
        limit: greatest length of a text in line; None for any.
        wants: words for the values that it takes, where the name does not say it.
        variant: logical type, or size of a fixed, by which a base type is another type.
        symbols: all texts that it takes, where they are listed.
        table: encoding of each listed text.
        format: format of a formatted text.
        size: bytes of a fixed; None of any other type.
    """

    name: str
    json: tuple[type, ...]
    encode: Encoder
    form: LeafForm = LeafForm.CALLED
    bounds: tuple[int, int] = (0, 0)
    depth: int = 1
    limit: TextLimit | None = None
    wants: str = ""
    variant: str = ""
    symbols: tuple[str, ...] = ()
    table: Mapping[str, bytes] | None = None
    format: Format | None = None
    size: int | None = None


def zig_zag(number: int) -> bytes:
    """Encodes an int, a long, a length, a count or an index."""
    rest = number << 1 if number >= 0 else ~(number << 1)
    encoded = b""
    while rest >= len(_ENDS):
        encoded += _STARTS[rest & 0x3FFF]
        rest >>= 14
    return encoded + _ENDS[rest]


@cache
def small_integers(prefix: bytes = b"") -> tuple[bytes, ...]:
    """Lists the encodings of 0 to SMALL - 1, each behind a prefix."""
    return tuple(prefix + zig_zag(number) for number in range(SMALL))


@cache
def any_integer(bounds: tuple[int, int], prefix: bytes = b"") -> Callable[[int], bytes]:
    """Makes an encoder of integers within bounds, behind a prefix."""
    low, high = bounds

    def encode(number: int) -> bytes:
        if not low <= number <= high:
            raise Misfit
        return prefix + zig_zag(number)

    return encode


@cache
def long_text(limit: TextLimit, prefix: bytes = b"") -> Callable[[bytes], bytes]:
    """Makes a function that checks a long text, and encodes its length."""

    def encode(data: bytes) -> bytes:
        limit.check(data)
        return prefix + zig_zag(len(data))

    return encode


@cache
def integer(
    name: str, logical: str | None, bounds: tuple[int, int] | None = None
) -> Leaf:
    """Makes an int or a long, within bounds or those of its logical type."""
    bounds = bounds or BOUNDS[name, logical]
    encode_within = any_integer(bounds)

    def encode(value: object) -> bytes:
        if type(value) is not int:
            raise Misfit
        return encode_within(value)

    wants = logical or name
    if bounds != BOUNDS[name, logical]:
        wants += f" from {bounds[0]} to {bounds[1]}"
    variant = logical or ""
    return Leaf(
        name, (int,), encode, LeafForm.INTEGER, bounds, wants=wants, variant=variant
    )


def floating(name: str, layout: str) -> Leaf:
    """Makes a float or a double; an integer is one too, as JavaScript writes 1.0 as 1.

    It takes a number that it holds as it is: a float neither 16777217 nor 0.1, which
    would come back as 16777216 and 0.10000000149011612.
    """
    struct_ = struct.Struct(layout)

    def encode(value: object) -> bytes:
        if type(value) is int:
            number = _double_of(value)
        elif type(value) is float and math.isfinite(value):  # else JSON cannot say it
            number = value
        else:
            raise Misfit
        packed = struct_.pack(number)
        if struct_.unpack(packed) != (number,):
            raise Misfit
        return packed

    return Leaf(name, (float, int), encode)


def _double_of(integer: int) -> float:
    """Gives the double that a client wrote as an integer; Misfit where there is none.

    Beyond 2**53 JavaScript writes the fewest digits that are no other double's, and
    zeros: 2.0**60 as 1152921504606847000.
    """
    number = float(integer)
    if number != integer and Decimal(repr(number)) != integer:
        raise Misfit
    return number


def enumeration(name: str, symbols: Sequence[str]) -> Leaf:
    """Makes an enum, which is encoded as the symbol's index."""
    table = {symbol: zig_zag(index) for index, symbol in enumerate(symbols)}
    return _listed(name, table, f"enum {name}")


def _listed(name: str, table: Mapping[str, bytes], wants: str) -> Leaf:
    """Makes a leaf that takes the texts of a table."""

    def encode(value: object) -> bytes:
        if type(value) is not str or value not in table:
            raise Misfit
        return table[value]

    return Leaf(
        *(name, (str,), encode, LeafForm.LISTED),
        wants=wants,
        symbols=tuple(table),
        table=table,
    )


def binary(
    name: str, size: int | None = None, digits: int | None = None, scale: int = 0
) -> Leaf:
    """Makes bytes or a fixed: in JSON, a string of code points 0 to 255.

    Args:
        name: "bytes", or the fixed's full name.
        size: bytes of a fixed.
        digits: precision of a decimal.
        scale: digits of a decimal that stand after its point.
    """
    limit = None if digits is None else 10**digits

    def encode(value: object) -> bytes:
        if type(value) is not str:
            raise Misfit
        data = value.encode("latin-1")
        if limit is not None and not _is_decimal(data, limit):
            raise Misfit
        if size is None:
            return zig_zag(len(data)) + data
        if len(data) != size:
            raise Misfit
        return data

    bytes_ = "" if size is None else f"{size} bytes"
    decimal = "" if digits is None else f"decimal({digits}, {scale})"
    wants = (f"fixed {name} of {bytes_}" if size else name) + (
        decimal and f" as {decimal}"
    )
    return Leaf(
        *(name, (str,), encode),
        wants=wants,
        variant=f"{bytes_} {decimal}".strip(),
        size=size,
    )


def _is_decimal(data: bytes, limit: int) -> bool:
    """Tells whether a two's complement is within a limit; Java reads no empty one."""
    return data != b"" and abs(int.from_bytes(data, "big", signed=True)) < limit


def _encode_null(value: object) -> bytes:
    if value is not None:
        raise Misfit
    return b""


def _encode_boolean(value: object) -> bytes:
    if type(value) is not bool:
        raise Misfit
    return b"\1" if value else b"\0"


def _encode_text(value: object) -> bytes:
    if type(value) is not str:
        raise Misfit
    return encoded_text(value.encode())


def listed_text(texts: Sequence[str]) -> Leaf:
    """Makes a string that is one of a closed list."""
    table = {text: encoded_text(text.encode()) for text in texts}
    return _listed("string", table, f"one of {len(table)} strings")


@cache
def formatted_text(format: Format, variant: str = "") -> Leaf:
    """Makes a string that has a format."""

    def encode(value: object) -> bytes:
        if type(value) is not str:
            raise Misfit
        data = value.encode()
        if not format.takes(data):
            raise Misfit
        return encoded_text(data)

    return Leaf(
        *("string", (str,), encode, LeafForm.FORMATTED),
        wants=variant or f"string of format {format.name}",
        variant=variant,
        format=format,
    )


@cache
def limited_text(limit: TextLimit) -> Leaf:
    """Makes a string of a greatest length."""

    def encode(value: object) -> bytes:
        if type(value) is not str:
            raise Misfit
        data = value.encode()
        limit.check(data)
        return encoded_text(data)

    wants = f"string of at most {limit.words}"
    return Leaf("string", (str,), encode, LeafForm.TEXT, limit=limit, wants=wants)


def encoded_text(data: bytes) -> bytes:
    """Encodes a string, given in UTF-8."""
    return zig_zag(len(data)) + data


UUID = formatted_text(FORMATS["uuid"], "uuid")

PRIMITIVES = {
    "null": Leaf("null", (NoneType,), _encode_null, LeafForm.NULL),
    "boolean": Leaf("boolean", (bool,), _encode_boolean, LeafForm.BOOLEAN),
    "int": integer("int", None),
    "long": integer("long", None),
    "float": floating("float", "<f"),
    "double": floating("double", "<d"),
    "bytes": binary("bytes"),
    "string": Leaf("string", (str,), _encode_text, LeafForm.TEXT),
}
"""Primitive types, without a logical type."""
