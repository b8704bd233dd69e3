"""What the encoder takes, said slowly and plainly, and without any of its code.

`to_datum` maps a JSON value to the datum that fastavro writes for it, or raises
Mismatch. Unions are (branch name, datum) tuples, so that fastavro chooses nothing.
"""

import ctypes
import uuid
from datetime import date, datetime, timedelta
from decimal import Decimal

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
EPOCH = datetime(1970, 1, 1)


class Mismatch(Exception):
    pass


def to_datum(schema, value):
    names = {}
    collect_names(schema, "", names)
    return datum_of(schema, "", value, names)


def collect_names(schema, namespace, names):
    """Fills in full name -> (definition, namespace inside it)."""
    if isinstance(schema, list):
        for branch in schema:
            collect_names(branch, namespace, names)
    elif isinstance(schema, dict):
        if schema["type"] in ("record", "enum", "fixed"):
            full = full_name_of(schema, namespace)
            namespace = full.rpartition(".")[0]
            names[full] = (schema, namespace)
        for field in schema.get("fields", []):
            collect_names(field["type"], namespace, names)
        for part in ("items", "values"):
            if part in schema:
                collect_names(schema[part], namespace, names)


def full_name_of(schema, namespace):
    if "." in schema["name"]:
        return schema["name"]
    namespace = schema.get("namespace", namespace)
    return f"{namespace}.{schema['name']}" if namespace else schema["name"]


def datum_of(schema, namespace, value, names):
    if isinstance(schema, list):
        return union_datum(schema, namespace, value, names)
    if isinstance(schema, str) and schema not in PRIMITIVES:
        full = schema if "." in schema or not namespace else f"{namespace}.{schema}"
        schema, namespace = names[full]
    if isinstance(schema, str):
        schema = {"type": schema}
    kind = schema["type"]
    if kind == "record":
        namespace = full_name_of(schema, namespace).rpartition(".")[0]
        return record_datum(schema, namespace, value, names)
    if kind == "array":
        require(type(value) is list)
        require(len(value) <= schema.get("max_items", len(value)))
        return [datum_of(schema["items"], namespace, item, names) for item in value]
    if kind == "map":
        require(type(value) is dict)
        require(len(value) <= schema.get("max_entries", len(value)))
        for key in value:
            require(is_unicode(key))
            require(key in schema.get("keys", [key]))
            require(len(key.encode()) <= schema.get("max_key_bytes", len(key) * 4))
            check_format(schema.get("key_format"), key)
        return {
            key: datum_of(schema["values"], namespace, item, names)
            for key, item in value.items()
        }
    datum = leaf_datum(schema, kind, value)
    check_logical(schema, kind, datum)
    check_bounds(schema, kind, datum)
    return datum


def check_bounds(schema, kind, value):
    if kind in ("int", "long"):
        require(schema.get("min", value) <= value <= schema.get("max", value))
    if kind != "string":
        return
    require(value in schema.get("one_of", [value]))
    check_format(schema.get("format"), value)
    lengths = {
        "max_bytes": len(value.encode()),
        "max_utf16": sum(1 + (ord(letter) > 0xFFFF) for letter in value),
    }
    limits = [name for name in lengths if name in schema]
    require(not limits or any(lengths[name] <= schema[name] for name in limits))


def check_format(name, text):
    if name == "digits":
        require(1 <= len(text) <= 20 and set(text) <= set("0123456789"))
    elif name is not None:
        assert name == "integer"
        rest = text.removeprefix("-")
        require(1 <= len(rest) <= 19 and set(rest) <= set("0123456789"))


def record_datum(schema, namespace, value, names):
    require(type(value) is dict)
    fields = {field.get("json", field["name"]): field for field in schema["fields"]}
    for name in value:
        require(name in fields)
    datum = {}
    for name, field in fields.items():
        if name in value:
            item = value[name]
        else:
            kind = field["type"]
            require(type(kind) is list and kind[0] == "null")
            require("default" in field and field["default"] is None)
            item = None
        datum[field["name"]] = datum_of(field["type"], namespace, item, names)
    return datum


def union_datum(branches, namespace, value, names):
    for branch in branches:
        try:
            datum = datum_of(branch, namespace, value, names)
        except Mismatch:
            continue
        return branch_name(branch, namespace), datum
    raise Mismatch


def branch_name(branch, namespace):
    if isinstance(branch, dict):
        if branch["type"] in ("record", "enum", "fixed"):
            return full_name_of(branch, namespace)
        return branch["type"]
    if branch in PRIMITIVES or "." in branch or not namespace:
        return branch
    return f"{namespace}.{branch}"


def leaf_datum(schema, kind, value):
    if kind == "null":
        require(value is None)
    elif kind == "boolean":
        require(type(value) is bool)
    elif kind == "int":
        require(type(value) is int and -2147483648 <= value <= 2147483647)
    elif kind == "long":
        require(type(value) is int)
        require(-9223372036854775808 <= value <= 9223372036854775807)
    elif kind in ("float", "double"):
        require(type(value) in (int, float))
        return rounded(kind, value)
    elif kind == "string":
        require(type(value) is str and is_unicode(value))
    elif kind == "enum":
        require(type(value) is str and value in schema["symbols"])
    else:
        assert kind in ("bytes", "fixed")
        require(type(value) is str and all(ord(letter) < 256 for letter in value))
        require(kind == "bytes" or len(value) == schema["size"])
        return bytes(ord(letter) for letter in value)
    return value


def rounded(kind, value):
    try:
        number = float(value)
    except OverflowError:
        raise Mismatch from None
    require(number - number == 0)  # neither infinite nor not a number
    if type(value) is int:  # exactly, or in the digits that JavaScript writes
        require(value in (int(number), int(Decimal(str(number)))))
    if kind == "float":
        require(ctypes.c_float(number).value == number)
    return number


def is_unicode(text):
    return not any(0xD800 <= ord(letter) <= 0xDFFF for letter in text)


def check_logical(schema, kind, datum):
    logical = schema.get("logicalType")
    if logical == "uuid" and kind == "string":
        try:
            require(str(uuid.UUID(datum)) == datum.lower())
        except ValueError:
            raise Mismatch from None
    elif logical == "decimal":
        require(len(datum) > 0)
        number = Decimal(int.from_bytes(datum, "big", signed=True))
        require(len(number.as_tuple().digits) <= schema["precision"])
    elif logical == "time-millis":
        require(datum >= 0 and timedelta(milliseconds=datum) < timedelta(days=1))
    elif logical == "time-micros":
        require(0 <= datum < 86_400_000_000)
    elif logical in TIMES:
        try:
            TIMES[logical](datum)
        except OverflowError:
            raise Mismatch from None


TIMES = {
    "date": lambda days: date(1970, 1, 1) + timedelta(days=days),
    "timestamp-millis": lambda number: EPOCH + timedelta(milliseconds=number),
    "timestamp-micros": lambda number: EPOCH + timedelta(microseconds=number),
    "local-timestamp-millis": lambda number: EPOCH + timedelta(milliseconds=number),
    "local-timestamp-micros": lambda number: EPOCH + timedelta(microseconds=number),
}


def require(condition):
    if not condition:
        raise Mismatch


def without_branches(datum):
    """The datum as readers return it: of a union, the value alone."""
    if isinstance(datum, tuple):
        return without_branches(datum[1])
    if isinstance(datum, list):
        return [without_branches(item) for item in datum]
    if isinstance(datum, dict):
        return {key: without_branches(item) for key, item in datum.items()}
    return datum
