"""Payload schemas: Avro of the clear payload, with properties of our own.

    "participant": "/metrics/uuid/rally.id"   on the record: where the rally id stands
    "deletion_id": "/deletionId"              on the record: where a deletion id stands
    "json": "rally.id"                        on a field: its name in the payload

What is checked here is what the store and BigQuery need and Avro does not ask for.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from rally.checking.pointers import parse_pointer
from rally.studies.fields import Place
from rally.studies.study import Means, PayloadSchema

Json = Any
"""JSON as parsed: a schema, before its shape is known."""

_NAMED = frozenset({"record", "error", "enum", "fixed"})
_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")


def payload_schema(schema: dict[str, Any]) -> PayloadSchema:
    """Makes the record of a schema that is known to be good."""
    canonical = json.dumps(schema, sort_keys=True, separators=(",", ":"))
    return PayloadSchema(
        json=schema,
        participant=schema.get("participant"),
        deletion_id=schema.get("deletion_id"),
        fingerprint=hashlib.sha256(canonical.encode()).hexdigest(),
    )


def read_schema(file: str, data: bytes, means: Means) -> PayloadSchema:
    """Reads one `.avsc` file and checks it.

    Raises:
        ConfigurationError: it is no Avro, is recursive, has two fields of one JSON
            name, or does not say where the participant (of a deletion-id document: the
            deletion id) stands.
    """
    place = Place(file)
    schema = _parse(place, data)
    if not isinstance(schema, dict) or schema.get("type") != "record":
        raise place.error("must be an Avro record; describe the payload as one")
    _check_avro(place, schema)
    _expand(place, schema, {}, ())
    _check_ids(place, schema, means)
    return payload_schema(schema)


def type_at(schema: Json, pointer: str) -> str | None:
    """The type that a JSON pointer names in a checked schema, or None for no place.

    Walks records by their JSON names, maps by any key, and a union of null and one
    type as that type. A list has no place that a pointer could name.
    """
    tree = _expand(Place(""), schema, {}, ())
    for token in parse_pointer(pointer):
        tree = _child(_without_null(tree), token)
    tree = _without_null(tree)
    kind = tree.get("type") if isinstance(tree, dict) else tree
    return kind if isinstance(kind, str) else None


def _parse(place: Place, data: bytes) -> Json:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        for name in _twice(name for name, _ in pairs):
            raise place.error(f'"{name}" stands twice in one object; remove one')
        return dict(pairs)

    try:
        return json.loads(data, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        line = place.at(f"line {error.lineno}")
        raise line.error(f"is not JSON ({error.msg}); correct it") from None
    except ValueError:
        raise place.error("is not JSON in UTF-8; correct it") from None


def _check_avro(place: Place, schema: Json) -> None:
    from fastavro import parse_schema  # slow to import
    from fastavro.schema import SchemaParseException, UnknownType

    try:
        parse_schema(json.loads(json.dumps(schema)))
    except UnknownType as error:
        raise place.error(
            f'"{error.name}" is no Avro type; declare it or correct it'
        ) from None
    except (SchemaParseException, ValueError, TypeError, KeyError) as error:
        raise place.error(f"is not Avro ({error}); correct it") from None


def _expand(
    place: Place, schema: Json, named: dict[str, Any], around: tuple[str, ...]
) -> Json:
    """The schema with each name replaced by what it names.

    Raises ConfigurationError on what the store cannot hold. `around` are the full names
    of the records that the walk is inside of.
    """
    if isinstance(schema, list):
        return [_expand(place, branch, named, around) for branch in schema]
    if isinstance(schema, str):
        name = _full_name(schema, around)
        if name in around:
            raise place.error(
                "is recursive, which BigQuery cannot hold; write it out flat"
            )
        return named.get(name, named.get(schema, schema))
    kind = schema["type"]
    if kind in _NAMED:
        name = _full_name(schema["name"], around, schema.get("namespace"))
        named[name] = schema
        if kind in ("record", "error"):
            named[name] = _expand_record(place, schema, named, (*around, name))
        return named[name]
    if kind in ("array", "map"):
        inner = "items" if kind == "array" else "values"
        content = _expand(place.at(inner), schema[inner], named, around)
        return {"type": kind, inner: content}
    return _expand(place, kind, named, around)


def _expand_record(
    place: Place, schema: Json, named: dict[str, Any], around: tuple[str, ...]
) -> dict[str, Any]:
    children: list[tuple[str, Any]] = []
    for field in schema["fields"]:
        inside = place.at(field["name"])
        if not _NAME.fullmatch(field["name"]):  # fastavro does not look
            raise inside.error('is no name in Avro; give it one, and this as "json"')
        name = field.get("json", field["name"])
        if not isinstance(name, str) or not name:
            raise inside.error('"json" must be text: the name in the payload')
        children.append((name, _expand(inside, field["type"], named, around)))
    for name in _twice(field["name"] for field in schema["fields"]):
        raise place.error(f'two fields have the name "{name}"; rename one')
    for name in _twice(name for name, _ in children):
        raise place.error(f'two fields have the JSON name "{name}"; rename one')
    return {"type": "record", "children": dict(children)}


def _check_ids(place: Place, schema: Json, means: Means) -> None:
    if means is not Means.DELETION_ID:
        _check_id(place, schema, "participant")
    elif "participant" in schema:
        raise place.at("participant").error(
            "a deletion-id document names none; remove it"
        )
    if means is Means.DELETION_ID or "deletion_id" in schema:
        _check_id(place, schema, "deletion_id")


def _check_id(place: Place, schema: Json, name: str) -> None:
    place = place.at(name)
    if name not in schema:
        raise place.error("is missing; add the JSON pointer to the id in the payload")
    pointer = schema[name]
    if not isinstance(pointer, str) or not pointer.startswith("/"):
        raise place.error('must be a JSON pointer; begin it with "/"')
    if type_at(schema, pointer) != "string":
        raise place.error(f"{pointer} is no string of this schema; correct either")


def _child(tree: Json, token: str) -> Json:
    if not isinstance(tree, dict):
        return None
    if tree["type"] == "map":
        return tree["values"]
    return tree.get("children", {}).get(token)


def _without_null(tree: Json) -> Json:
    if not isinstance(tree, list):
        return tree
    others = [branch for branch in tree if branch != "null"]
    return others[0] if len(others) == 1 else None


def _full_name(name: str, around: tuple[str, ...], namespace: str | None = None) -> str:
    """A name as Avro resolves it (specification, "Names").

    With a dot it is full; else its namespace is given or inherited.
    """
    if "." in name:
        return name
    if namespace is None:
        namespace = around[-1].rpartition(".")[0] if around else ""
    return f"{namespace}.{name}" if namespace else name


def _twice(names: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield name
        seen.add(name)
