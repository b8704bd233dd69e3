"""Finds where an encoded value ends, by code that is made for its schema.

Avro binary has no lengths of records: to know where a row ends its fields have to be
walked (Apache Avro 1.11 specification, "Binary Encoding"). Nothing is decoded on the
way, which is several times as fast as a decoder.
"""

from collections.abc import Callable, Iterator
from typing import Any

Skipper = Callable[[bytes, int], int]
"""The position behind the value that begins at a position.

Raises IndexError or ValueError where the bytes are no such value; what runs over the
end may be told by a position behind it.
"""

_FIXED = {"null": 0, "boolean": 1, "float": 4, "double": 8}
_HELPERS = """
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


def compile_skipper(schema: Any) -> Skipper:
    """Makes the function for a schema.

    Args:
        schema: parsed JSON; each type by its own name or a full one.

    Raises:
        ValueError, KeyError, TypeError: it is no Avro schema.
    """
    source = _Source()
    body = "".join(f"    {line}\n" for line in source.value(schema, ""))
    code = "".join(
        [_HELPERS, *source.functions, f"def skip(d, p):\n{body}    return p\n"]
    )
    names: dict[str, Any] = {}
    exec(code, names)  # of the schema nothing but numbers gets into it
    skip: Skipper = names["skip"]
    return skip


class _Source:
    """Writes the code; each named type is a function, so that it may recur."""

    def __init__(self) -> None:
        self.functions: list[str] = []
        self._named: dict[str, int] = {}
        self._variables = 0

    def value(self, schema: Any, namespace: str) -> Iterator[str]:
        """Lines that move `p` behind a value."""
        if isinstance(schema, list):
            yield from self._union(schema, namespace)
        elif isinstance(schema, str):
            yield from self._by_name(schema, namespace)
        elif schema["type"] in ("record", "error", "enum", "fixed"):
            yield f"p = t{self._define(schema, namespace)}(d, p)"
        elif schema["type"] in ("array", "map"):
            yield from self._blocks(schema, namespace)
        else:
            yield from self.value(schema["type"], namespace)

    def _by_name(self, name: str, namespace: str) -> Iterator[str]:
        if name in _FIXED:
            yield f"p += {_FIXED[name]}"
        elif name in ("int", "long"):
            yield "while d[p] > 0x7f: p += 1"
            yield "p += 1"
        elif name in ("bytes", "string"):
            yield "n = d[p]"
            yield "if n < 0x80 and not n & 1:"
            yield "    p += (n >> 1) + 1"
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

    def _define(self, schema: dict[str, Any], outer: str) -> int:
        name, namespace = schema["name"], schema.get("namespace", outer)
        if "." in name:
            namespace = name.rpartition(".")[0]
        number = len(self._named)
        self._named[name if "." in name or not namespace else f"{namespace}.{name}"] = (
            number
        )
        lines = list(self._named_value(schema, namespace))
        body = "".join(f"    {line}\n" for line in lines)
        self.functions.append(f"def t{number}(d, p):\n{body}    return p\n")
        return number

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
        yield "n, p = _long(d, p)"
        for place, branch in enumerate(branches):
            yield f"{'el' if place else ''}if n == {place}:"
            lines = list(self.value(branch, namespace))
            yield from (f"    {line}" for line in lines or ["pass"])
        yield "else: raise ValueError"

    def _blocks(self, schema: dict[str, Any], namespace: str) -> Iterator[str]:
        self._variables += 1
        count, item = f"c{self._variables}", schema.get("items", schema.get("values"))
        yield "while True:"
        yield f"    {count}, p = _long(d, p)"
        yield f"    if not {count}: break"
        yield f"    if {count} < 0:"
        yield "        n, p = _long(d, p)"
        yield "        if n < 0: raise ValueError"
        yield "        p += n"
        yield "        continue"
        yield f"    if {count} > len(d): raise ValueError"
        yield f"    for _ in range({count}):"
        if schema["type"] == "map":
            yield from (
                f"        {line}" for line in self._by_name("string", namespace)
            )
        yield from (f"        {line}" for line in self.value(item, namespace))
