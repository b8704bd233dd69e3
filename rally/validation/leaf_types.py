"""Reads the types of an Avro schema that have no parts: primitives, enums and fixed.

Functions take `where`, the place in the schema in words, for their refusal.
"""

from typing import Any, NoReturn, TypeGuard

from rally.validation.bounds import check_no_bounds, read_integer, read_text, refuse
from rally.validation.integer_bounds import BOUNDS
from rally.validation.leaves import PRIMITIVES, UUID, Leaf, binary, enumeration

_BASES = {
    "uuid": ("string", "fixed"),
    "decimal": ("bytes", "fixed"),
    "duration": ("fixed",),
    **{logical: (base,) for base, logical in BOUNDS if logical},
}
# Powers of these are computed: what is larger is a mistake, and would take for ever.
_MAX_SIZE, _MAX_PRECISION = 2**16, 1000
_FIXED_SIZES = {"uuid": 16, "duration": 12}


def read_logical_type(schema: dict[str, Any], base: str, where: str) -> str | None:
    """Reads the logical type; None for an unknown one, as the specification asks."""
    logical = schema["logicalType"]
    if not isinstance(logical, str):
        refuse(where, 'the "logicalType" is a name; correct or remove it')
    if logical not in _BASES:
        return None
    if base not in _BASES[logical]:
        bases = " or ".join(_BASES[logical])
        refuse(where, f"the logical type {logical} stands on {bases}, not on {base}")
    return logical


def read_primitive(
    schema: dict[str, Any], base: str, logical: str | None, where: str
) -> Leaf:
    """Reads a definition of a primitive type, with its logical type and bounds."""
    if logical == "uuid":
        check_no_bounds(schema, "a uuid", where)
        return UUID
    if logical == "decimal":
        return binary(base, None, *_precision(schema, where))
    if base == "string":
        return read_text(schema, where)
    if base in ("int", "long"):
        return read_integer(schema, base, logical, where)
    return PRIMITIVES[base]


def read_enum(schema: dict[str, Any], full: str, where: str) -> Leaf:
    """Reads the definition of the enum of that name."""
    symbols = schema.get("symbols")
    if not isinstance(symbols, list) or not symbols:
        refuse(where, 'an enum has a list of "symbols"')
    names = [read_name(symbol, where) for symbol in symbols]
    if len(set(names)) < len(names):
        refuse(where, "a symbol stands twice in the enum; remove one")
    if schema.get("default", names[0]) not in names:
        refuse(where, "the enum's default is none of its symbols; correct or remove it")
    return enumeration(full, names)


def read_fixed(
    schema: dict[str, Any], full: str, logical: str | None, where: str
) -> Leaf:
    """Reads the definition of the fixed of that name, with its logical type."""
    size = schema.get("size")
    if type(size) is not int or not 1 <= size <= _MAX_SIZE:
        refuse(where, f'a fixed has a "size" of 1 to {_MAX_SIZE} bytes')
    if logical in _FIXED_SIZES and size != _FIXED_SIZES[logical]:
        refuse(where, f"a {logical} on a fixed has the size {_FIXED_SIZES[logical]}")
    if logical != "decimal":
        return binary(full, size)
    digits, scale = _precision(schema, where)
    if 10**digits > 2 ** (8 * size - 1):
        refuse(where, f"a precision of {digits} does not fit the size {size}")
    return binary(full, size, digits, scale)


def _precision(schema: dict[str, Any], where: str) -> tuple[int, int]:
    """Reads the precision and the scale of a decimal, in digits."""
    precision, scale = schema.get("precision"), schema.get("scale", 0)
    if type(precision) is not int or not 1 <= precision <= _MAX_PRECISION:
        refuse(where, f'a decimal has a "precision" of 1 to {_MAX_PRECISION} digits')
    if type(scale) is not int or not 0 <= scale <= precision:
        refuse(where, 'a decimal has a "scale" from 0 to its precision')
    return precision, scale


def is_name(name: object) -> TypeGuard[str]:
    """Tells whether a name is one of Avro's, without a namespace."""
    return isinstance(name, str) and name.isidentifier() and name.isascii()


def refuse_name(name: object, where: str) -> NoReturn:
    """Raises the ConfigurationError of what is no name in Avro."""
    refuse(
        where,
        f"{name!r} is no name in Avro; use letters, digits and _, no digit first",
    )


def read_name(name: object, where: str) -> str:
    """Checks that a name is one of Avro's, without a namespace."""
    if not is_name(name):
        refuse_name(name, where)
    return name
