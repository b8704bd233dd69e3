"""Finds where an encoded value ends, by code that is made for its schema.

Avro binary has no lengths of records: to know where a row ends its fields have to be
walked (Apache Avro 1.11 specification, "Binary Encoding"). Nothing is decoded on the
way, which is several times as fast as a decoder.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

Walker = Callable[[bytes, int], list[int]]
"""The positions behind each of so many values that stand one after the other.

Raises IndexError or ValueError where the bytes are no such values; what runs over the
end may be told by a last position behind it.
"""

Columns = Callable[[bytes, int], tuple[int, ...]]
"""Start and end of each named field of the record that begins at a position, and the
record's end. Raises as a Walker does."""

_FIXED = {"null": 0, "boolean": 1, "float": 4, "double": 8}
_NESTED = 6  # types within types whose code stands where it is used, without a call
_LAST = "    last = len(d) - 7\n"
_HELPERS = """
from struct import Struct
_eight = Struct("<Q").unpack_from
_short = [(n >> 1) + 1 if n < 0x80 and not n & 1 else 0 for n in range(256)]

def _long(d, p):
    n = d[p]
    p += 1
    if n < 0x80:
        return n >> 1 ^ -(n & 1), p
    n &= 0x7f
    for s in range(7, 70, 7):
        b = d[p]
        p += 1
        n |= (b & 0x7f) << s
        if b < 0x80:
            return n >> 1 ^ -(n & 1), p
    raise ValueError
"""


def compile_walker(schema: Any) -> Walker:
    """Makes the function for many values of a schema.

    Args:
        schema: Parsed JSON; each type by its own name or a full one.

    Raises:
        ValueError, KeyError, TypeError: it is no Avro schema.
    """
    source = _Source()
    body = _indented([*source.value(schema, ""), "add(p)"], 2)
    begin = "    p, ends = 0, []\n    add = ends.append\n    for _ in range(count):\n"
    walk: Walker = source.compile(
        f"def made(d, count):\n{_LAST}{begin}{body}    return ends\n"
    )
    return walk


def compile_columns(schema: Any, names: Sequence[str]) -> Columns:
    """Makes the function for one record; as compile_walker.

    Args:
        schema: Schema of a record that has these fields, and does not contain itself.
        names: Names of the fields.
    """
    source, lines = _Source(), list[str]()
    namespace = schema["name"].rpartition(".")[0] or schema.get("namespace", "")
    for field in schema["fields"]:
        value = source.value(field["type"], namespace)
        if field["name"] in names:
            place = names.index(field["name"])
            lines += [f"s{place} = p", *value, f"e{place} = p"]
        else:
            lines += value
    found = "".join(f"s{place}, e{place}, " for place in range(len(names)))
    body = _indented([*lines, f"return ({found}p,)"], 1)
    columns: Columns = source.compile(f"def made(d, p):\n{_LAST}{body}")
    return columns


class _Source:
    """Writes the code; each named type is a function, too, so that it may recur."""

    def __init__(self) -> None:
        self._functions: list[str] = []
        self._named: dict[str, int] = {}
        self._variables = 0
        self._nested = 0

    def compile(self, function: str) -> Any:
        """The function of that source, which is called `made`."""
        names: dict[str, Any] = {}
        code = "".join([_HELPERS, *self._functions, function])
        exec(code, names)  # of the schema nothing but numbers gets into it
        return names["made"]

    def value(self, schema: Any, namespace: str) -> Iterator[str]:
        """Lines that move `p` behind a value."""
        if isinstance(schema, list):
            yield from self._union(schema, namespace)
        elif isinstance(schema, str):
            yield from self._by_name(schema, namespace)
        elif schema["type"] in ("record", "error", "enum", "fixed"):
            yield from self._define(schema, namespace)
        elif schema["type"] in ("array", "map"):
            yield from self._blocks(schema, namespace)
        elif schema.get("logicalType") == "timestamp-micros":
            # Times from 1979 to 3111 have eight bytes.
            yield "n = _eight(d, p)[0] if p < last else 0"
            yield "if n & 0x8080808080808080 == 0x80808080808080: p += 8"
            yield "else:"
            yield from _deeper(self.value(schema["type"], namespace))
        else:
            yield from self.value(schema["type"], namespace)

    def _by_name(self, name: str, namespace: str) -> Iterator[str]:
        if name in _FIXED:
            if size := _FIXED[name]:
                yield f"p += {size}"
        elif name in ("int", "long"):
            yield "while d[p] > 0x7f: p += 1"
            yield "p += 1"
        elif name in ("bytes", "string"):
            yield "n = _short[d[p]]"
            yield "if n: p += n"
            yield "elif d[p + 1] < 0x80 and not d[p] & 1:"
            yield "    p += (d[p] >> 1 & 0x3f) + (d[p + 1] << 6) + 2"
            yield "else:"
            yield "    n, p = _long(d, p)"
            yield "    if n < 0: raise ValueError"
            yield "    p += n"
        else:
            full = name if "." in name or not namespace else f"{namespace}.{name}"
            number = self._named.get(full, self._named.get(name))
            if number is None:
                raise ValueError(name)
            yield f"p = t{number}(d, p)"

    def _define(self, schema: dict[str, Any], outer: str) -> list[str]:
        """Makes a type's function; its lines, or a call of it where they nest deep."""
        name, namespace = schema["name"], schema.get("namespace", outer)
        if "." in name:
            namespace = name.rpartition(".")[0]
        number = len(self._named)
        self._named[name if "." in name or not namespace else f"{namespace}.{name}"] = (
            number
        )
        before = self._nested
        is_deep = before >= _NESTED
        self._nested = 0 if is_deep else before + 1
        lines = list(self._named_value(schema, namespace))
        self._nested = before
        body = _indented(lines, 1)
        self._functions.append(f"def t{number}(d, p):\n{_LAST}{body}    return p\n")
        return [f"p = t{number}(d, p)"] if is_deep else lines

    def _named_value(self, schema: dict[str, Any], namespace: str) -> Iterator[str]:
        if schema["type"] == "fixed":
            yield f"p += {int(schema['size'])}"
        elif schema["type"] == "enum":
            yield from self._by_name("int", namespace)
        else:
            for field in schema["fields"]:
                yield from self.value(field["type"], namespace)

    def _union(self, branches: list[Any], namespace: str) -> Iterator[str]:
        if not branches:
            raise ValueError("a union without branches")
        yield "n = d[p]"
        yield "p += 1"
        yield "if n > 0x7f:"
        yield "    n, p = _long(d, p - 1)"
        yield "    n += n"
        for place, branch in enumerate(branches):
            yield f"{'el' if place else ''}if n == {2 * place}:"
            lines = list(self.value(branch, namespace))
            yield from _deeper(lines or ["pass"])
        yield "else: raise ValueError"

    def _blocks(self, schema: dict[str, Any], namespace: str) -> Iterator[str]:
        self._variables += 1
        count, item = f"c{self._variables}", schema.get("items", schema.get("values"))
        yield "while True:"
        yield f"    {count} = d[p]"
        yield f"    if {count} < 0x80 and not {count} & 1:"
        yield f"        {count} >>= 1"
        yield "        p += 1"
        yield "    else:"
        yield f"        {count}, p = _long(d, p)"
        yield f"        if {count} < 0:"
        yield "            n, p = _long(d, p)"
        yield "            if n < 0: raise ValueError"
        yield "            p += n"
        yield "            continue"
        yield f"        if {count} > len(d): raise ValueError"
        yield f"    if not {count}: break"
        yield f"    for _ in range({count}):"
        if schema["type"] == "map":
            yield from _deeper(self._by_name("string", namespace), 2)
        self._nested += 1
        yield from _deeper([*self.value(item, namespace), "pass"], 2)
        self._nested -= 1


def _deeper(lines: Iterable[str], levels: int = 1) -> Iterator[str]:
    return ("    " * levels + line for line in lines)


def _indented(lines: Iterable[str], levels: int) -> str:
    return "".join(f"{line}\n" for line in _deeper(lines, levels))
