"""Reads the parts of an Avro schema that contain no type: names, enums, the logical.

Every function takes `where`, the place in the schema in words, for its refusal: a
ConfigurationError that says the place, what is wrong and what to do.
"""

import re
from collections.abc import Sequence
from typing import Any, NoReturn

from rally.errors import ConfigurationError
from rally.validation.leaves import (
    BOUNDS,
    PRIMITIVES,
    UUID,
    Leaf,
    binary,
    enumeration,
    integer,
)

COMPLEX = ("record", "enum", "fixed", "array", "map")
"""The types that a definition may have besides the primitive ones."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BASES = {
    "uuid": ("string", "fixed"),
    "decimal": ("bytes", "fixed"),
    "duration": ("fixed",),
    **{logical: (base,) for base, logical in BOUNDS if logical},
}
# Powers of these are computed: what is larger is a mistake, and would take for ever.
_MAX_SIZE, _MAX_PRECISION = 2**16, 1000
_FIXED_SIZES = {"uuid": 16, "duration": 12}


def refuse(where: str, reason: str) -> NoReturn:
    """Raises the one-line ConfigurationError of a place in the schema."""
    raise ConfigurationError(f"{where}: {reason}")


def plain_name(name: object, where: str) -> str:
    """A name without a namespace, if it is one."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        refuse(
            where,
            f"{name!r} is no name in Avro; use letters, digits and _, no digit first",
        )
    return name


def full_name(schema: dict[str, Any], namespace: str, where: str) -> str:
    """The name of a named type with its namespace: its own, or the one around it."""
    name, space = schema.get("name"), schema.get("namespace", namespace)
    if not isinstance(name, str) or not isinstance(space, str):
        refuse(where, 'a named type has a "name", and a "namespace" that is a string')
    if namespace and not space:  # valid, and avro for Python looks in the wrong one
        refuse(
            where, 'readers differ over an empty "namespace" inside another; name it'
        )
    full = f"{space}.{name}" if space and "." not in name else name
    parts = [plain_name(part, where) for part in full.split(".")]
    if parts[-1] in (*PRIMITIVES, *COMPLEX):
        refuse(where, f"{parts[-1]!r} is a type of Avro's own; choose another name")
    check_aliases(schema, where)
    return full


def check_aliases(schema: dict[str, Any], where: str) -> None:
    """Refuses aliases that are no names."""
    aliases = schema.get("aliases", [])
    if not isinstance(aliases, list):
        refuse(where, '"aliases" is a list of names')
    for alias in aliases:
        for part in alias.split(".") if isinstance(alias, str) else [alias]:
            plain_name(part, where)


def logical_type(schema: dict[str, Any], base: str, where: str) -> str | None:
    """The logical type, or None: the specification has us ignore what is unknown."""
    logical = schema.get("logicalType", "")
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
    """Reads a definition of a primitive type, with its logical type."""
    if logical is None:
        return PRIMITIVES[base]
    if logical == "uuid":
        return UUID
    if logical == "decimal":
        return binary(base, digits=_precision(schema, where))
    return integer(base, logical)


def read_enum(schema: dict[str, Any], full: str, where: str) -> Leaf:
    """Reads the definition of the enum of that name."""
    symbols = schema.get("symbols")
    if not isinstance(symbols, list) or not symbols:
        refuse(where, 'an enum has a list of "symbols"')
    names = [plain_name(symbol, where) for symbol in symbols]
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
    digits = _precision(schema, where)
    if 10**digits > 2 ** (8 * size - 1):
        refuse(where, f"a precision of {digits} does not fit the size {size}")
    return binary(full, size, digits)


def _precision(schema: dict[str, Any], where: str) -> int:
    precision, scale = schema.get("precision"), schema.get("scale", 0)
    if type(precision) is not int or not 1 <= precision <= _MAX_PRECISION:
        refuse(where, f'a decimal has a "precision" of 1 to {_MAX_PRECISION} digits')
    if type(scale) is not int or not 0 <= scale <= precision:
        refuse(where, 'a decimal has a "scale" from 0 to its precision')
    return precision


def refuse_repeated(where: str, what: str, names: Sequence[str]) -> None:
    """Refuses a record in which two fields have one name."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            refuse(where, f"two fields have the {what} {name!r}; rename one")
        seen.add(name)
