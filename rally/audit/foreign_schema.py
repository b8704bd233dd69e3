"""Compares another program's schema with the approved one, by what rows may hold.

Spark and BigQuery name records as they like, make every column nullable, reorder them,
and write enums as strings, fixed as bytes and UUIDs as 16 raw bytes. What a row may
hold is the same for all that. A column that is missing, or one more, is another schema.
"""

from typing import Any

_FORMS = {
    "int": {"int", "long"},
    "float": {"float", "double"},
    "string": {"string", "bytes"},
    "enum": {"string"},
    "fixed": {"bytes"},
}
"""Types by which other programs write one of Avro's, and which hold its values."""

_UUID_BYTES = 16
_NULL = "null"
_NAMED = ("record", "enum", "fixed")


def resembles(written: Any, approved: Any) -> bool:
    """Returns whether rows of a schema hold what rows of the approved one hold.

    Args:
        written: Schema of the file, as parsed JSON.
        approved: Schema of the document's rows, likewise.
    """
    try:
        return _Comparison(_Names(written), _Names(approved)).holds(written, approved)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return False


class _Names:
    """Named types of a schema."""

    def __init__(self, schema: Any) -> None:
        self._types: dict[str, Any] = {}
        self._collect(schema, "")

    def _collect(self, schema: Any, namespace: str) -> None:
        if isinstance(schema, list):
            for branch in schema:
                self._collect(branch, namespace)
        elif isinstance(schema, dict):
            if schema["type"] in _NAMED:
                name, space = schema["name"], schema.get("namespace", namespace)
                namespace = name.rpartition(".")[0] or space
                name = name.rpartition(".")[2]
                self._types |= {name: schema, f"{namespace}.{name}": schema}
            for part in (schema.get("items"), schema.get("values")):
                self._collect(part, namespace)
            for field in schema.get("fields", ()):
                self._collect(field["type"], namespace)

    def branches(self, schema: Any) -> list[Any]:
        """Returns the types that a value may be of, but for null, without names."""
        every = schema if isinstance(schema, list) else [schema]
        return [
            self._types.get(each, each) if isinstance(each, str) else each
            for each in every
            if _kind(each) != _NULL
        ]


class _Comparison:
    """Compares two schemas, each pair of their types once."""

    def __init__(self, written: _Names, approved: _Names) -> None:
        self._written = written
        self._approved = approved
        self._known: dict[tuple[int, int], bool] = {}

    def holds(self, written: Any, approved: Any) -> bool:
        """Returns whether a type holds what another holds, null apart."""
        key = id(written), id(approved)
        if key not in self._known:
            ours = self._approved.branches(approved)
            theirs = self._written.branches(written)
            self._known[key] = len(theirs) == len(ours) and all(
                map(self._fits, theirs, ours)
            )
        return self._known[key]

    def _fits(self, written: Any, approved: Any) -> bool:
        kind, wanted = _kind(written), _kind(approved)
        if kind != wanted:
            is_uuid = kind == "fixed" and written["size"] == _UUID_BYTES
            return kind in _FORMS.get(wanted, ()) or (wanted == "string" and is_uuid)
        match kind:
            case "record":
                theirs, ours = _fields(written), _fields(approved)
                return theirs.keys() == ours.keys() and all(
                    self.holds(theirs[name], each) for name, each in ours.items()
                )
            case "array":
                return self.holds(written["items"], approved["items"])
            case "map":
                return self.holds(written["values"], approved["values"])
            case "enum":
                return bool(written["symbols"] == approved["symbols"])
            case "fixed":
                return bool(written["size"] == approved["size"])
        return True


def _kind(schema: Any) -> str:
    kind = schema["type"] if isinstance(schema, dict) else schema
    return kind if isinstance(kind, str) else ""


def _fields(record: Any) -> dict[str, Any]:
    return {field["name"]: field["type"] for field in record["fields"]}
