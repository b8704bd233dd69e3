"""Random Avro schemas of every kind, JSON values that fit them, and values that do not.

A mutation replaces, adds or removes one thing anywhere, and keeps the original whole.
"""

import copy

from hypothesis import strategies as st

from tests.rally.validation.reference import collect_names, full_name_of

PRIMITIVES = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"]
NAMED = ["record", "enum", "fixed"]
LOGICAL = [
    {"type": "string", "logicalType": "uuid"},
    {"type": "int", "logicalType": "date"},
    {"type": "int", "logicalType": "time-millis"},
    {"type": "long", "logicalType": "time-micros"},
    {"type": "long", "logicalType": "timestamp-millis"},
    {"type": "long", "logicalType": "timestamp-micros"},
    {"type": "long", "logicalType": "local-timestamp-millis"},
    {"type": "long", "logicalType": "local-timestamp-micros"},
    {"type": "bytes", "logicalType": "decimal", "precision": 3, "scale": 1},
    {"type": "bytes", "logicalType": "decimal", "precision": 20},
    {"type": "string", "logicalType": "nobody-knows-it"},
]
BOUNDED = [
    {"type": "string", "max_bytes": 3},
    {"type": "string", "max_utf16": 2},
    {"type": "string", "max_bytes": 2, "max_utf16": 2},
    {"type": "string", "max_bytes": 1400, "max_utf16": 700},
    {"type": "string", "one_of": ["", "é", "\0"]},
    {"type": "string", "format": "digits"},
    {"type": "string", "format": "integer"},
    {"type": "int", "min": -3, "max": 700},
    {"type": "int", "max": 2**31 - 2},
    {"type": "long", "min": 0},
    {"type": "long", "min": 3, "max": 2**62},
]
KEY_BOUNDS = [
    {"keys": ["", "é", "rally.id"]},
    {"key_format": "digits", "max_entries": 1},
    {"max_key_bytes": 3, "max_entries": 2},
    {"max_key_bytes": 0},
]
JSON_NAMES = ["rally.id", "glean.error", "-", " ", "ü", "a'b\"\\\n", "0"]
EDGES = [
    *(2**bits + step for bits in (0, 6, 10, 13, 31, 62, 63) for step in (-1, 0, 1)),
    *(-(2**bits) + step for bits in (0, 6, 7, 31, 62, 63) for step in (-1, 0, 1)),
    *(86_400_000, 86_399_999, 86_400_000_000, 86_399_999_999, -719_162, -719_163),
    *(2_932_896, 2_932_897, -62_135_596_800_000, -62_135_596_800_001),
    *(253_402_300_799_999, 253_402_300_800_000, 253_402_300_799_999_999),
    *(253_402_300_800_000_000, -62_135_596_800_000_000, -62_135_596_800_000_001),
]
integers = st.sampled_from(EDGES) | st.integers(-(2**64), 2**64)
numbers = (
    integers
    | st.floats(allow_nan=False)
    | st.sampled_from([10**400, 3.4028235e38, 3.4028236e38, 1e-320, -0.0])
)
uuids = st.uuids().map(str) | st.uuids().map(lambda it: str(it).upper())
odd_texts = st.text(st.characters(exclude_categories=[]), max_size=3)  # lone surrogates
texts = st.text(max_size=4) | st.sampled_from(["\0", "é" * 700, "x" * 1030])
latin = st.text(st.characters(max_codepoint=255), max_size=4)
scalars = st.none() | st.booleans() | numbers | texts | odd_texts | latin | uuids
json_values = st.recursive(
    scalars,
    lambda parts: (
        st.lists(parts, max_size=3)
        | st.dictionaries(odd_texts | st.sampled_from(JSON_NAMES), parts, max_size=3)
    ),
    max_leaves=5,
)


@st.composite
def schemas(draw):
    return _Schemas(draw).a_type("", depth=3)


class _Schemas:
    def __init__(self, draw):
        self._draw, self._named, self._count = draw, [], 0

    def a_type(self, namespace, depth):
        kinds = ["leaf", "leaf", "reference"]
        kinds += ["record", "record", "array", "map", "union", "union"] * (depth > 0)
        kind = self._draw(st.sampled_from(kinds))
        if kind == "union":
            return self._union(namespace, depth)
        if kind == "leaf":
            kind = self._draw(st.sampled_from([*PRIMITIVES, "enum", "fixed"]))
        return self._of_kind(kind, namespace, depth, self._references(namespace))

    def _of_kind(self, kind, namespace, depth, references):
        if kind == "reference":
            return self._draw(st.sampled_from(references)) if references else "string"
        if kind in PRIMITIVES:
            narrower = [each for each in LOGICAL + BOUNDED if each["type"] == kind]
            return self._draw(st.sampled_from([kind, kind, {"type": kind}, *narrower]))
        if kind == "array":
            most = self._draw(st.sampled_from([{}, {}, {"max_items": 1}]))
            return {"type": kind, "items": self.a_type(namespace, depth - 1), **most}
        if kind == "map":
            bounds = self._draw(st.sampled_from([{}, {}, *KEY_BOUNDS]))
            return {"type": kind, "values": self.a_type(namespace, depth - 1), **bounds}
        return self._named_type(kind, namespace, depth)

    def _union(self, namespace, depth):
        references = self._references(namespace)
        kinds = st.sampled_from([*PRIMITIVES, "array", "map", *NAMED, "reference"])
        drawn = self._draw(st.lists(kinds, min_size=1, max_size=4))
        if self._draw(st.booleans()):
            drawn.insert(0, "null")
        once = [kind for kind in dict.fromkeys(drawn) if kind not in NAMED]
        if not references and "reference" in once:
            once.remove("reference")
        every = once + [kind for kind in drawn if kind in NAMED]
        return [
            self._of_kind(kind, namespace, depth - 1, references)
            for kind in every or ["int"]
        ]

    def _references(self, namespace):
        """How to refer from a namespace to the named types so far."""
        names = []
        for full in self._named:
            space, _, short = full.rpartition(".")
            if space and space == namespace:
                names.append(self._draw(st.sampled_from([short, full])))
            elif space or not namespace:
                names.append(full)
        return names

    def _named_type(self, kind, namespace, depth):
        self._count += 1
        schema = {"type": kind, "name": f"N{self._count}"}
        form = self._draw(st.sampled_from(["bare", "bare", "namespace", "dotted"]))
        if form == "namespace":
            schema["namespace"] = self._draw(st.sampled_from(["a", "a.b", namespace]))
        elif form == "dotted":
            schema["name"] = f"c.d.N{self._count}"
        full = full_name_of(schema, namespace)
        if kind == "enum":
            schema["symbols"] = self._draw(st.sampled_from([["A"], ["B", "A", "C"]]))
        elif kind == "fixed":
            schema |= self._draw(
                st.sampled_from(
                    [
                        {"size": 1},
                        {"size": 12, "logicalType": "duration"},
                        {"size": 2, "logicalType": "decimal", "precision": 4},
                    ]
                )
            )
        else:
            schema["fields"] = self._fields(full.rpartition(".")[0], depth)
        self._named.append(full)
        return schema

    def _fields(self, namespace, depth):
        fields = []
        for index in range(self._draw(st.integers(0, 4))):
            field = {"name": f"f{index}", "type": self.a_type(namespace, depth - 1)}
            if self._draw(st.booleans()):
                field["json"] = JSON_NAMES[index]
            null_first = isinstance(field["type"], list) and field["type"][0] == "null"
            if null_first and self._draw(st.booleans()):
                field["default"] = None
            if field["type"] == "string" and self._draw(st.booleans()):
                field["default"] = "it may not be absent all the same"
            fields.append(field)
        return fields


@st.composite
def fitting_values(draw, schema):
    """A value that fits; now and then one that misses by the edge of a leaf."""
    names = {}
    collect_names(schema, "", names)
    return _fitting(draw, schema, "", names)


def _fitting(draw, schema, namespace, names):
    if isinstance(schema, list):
        return _fitting(draw, draw(st.sampled_from(schema)), namespace, names)
    if isinstance(schema, str):
        if schema in PRIMITIVES:
            return draw(_leaf({"type": schema}))
        full = schema if "." in schema or not namespace else f"{namespace}.{schema}"
        schema, namespace = names[full]
    kind = schema["type"]
    if kind == "record":
        namespace = full_name_of(schema, namespace).rpartition(".")[0]
        value = {}
        for field in schema["fields"]:
            if field.get("default", "none") is None and draw(st.booleans()):
                continue
            item = _fitting(draw, field["type"], namespace, names)
            value[field.get("json", field["name"])] = item
        return value
    if kind == "array":
        items = range(draw(st.integers(0, 3)))
        return [_fitting(draw, schema["items"], namespace, names) for _ in items]
    if kind == "map":
        some = st.sampled_from(schema["keys"]) if "keys" in schema else texts
        keys = draw(st.lists(some, max_size=3, unique=True))
        return {key: _fitting(draw, schema["values"], namespace, names) for key in keys}
    return draw(_leaf(schema))


def _leaf(schema):
    kind, logical = schema["type"], schema.get("logicalType")
    if kind == "null":
        return st.none()
    if kind == "boolean":
        return st.booleans()
    if kind in ("int", "long"):
        bits = 31 if kind == "int" else 63
        edges = st.sampled_from([edge for edge in EDGES if abs(edge) < 2**bits])
        return edges if logical else edges | st.integers(-(2**bits), 2**bits - 1)
    if kind in ("float", "double"):
        return st.floats(width=32, allow_nan=False, allow_infinity=False) | numbers
    if logical == "uuid":
        return uuids
    if kind == "enum":
        return st.sampled_from(schema["symbols"])
    if kind == "fixed":
        size = schema["size"]
        return st.binary(min_size=size, max_size=size).map(
            lambda it: it.decode("latin")
        )
    if "one_of" in schema:
        return st.sampled_from(schema["one_of"])
    if "format" in schema:
        return texts | st.integers().map(str)
    return texts if kind == "string" else latin


@st.composite
def mutations(draw, value):
    value = copy.deepcopy(value)
    places = list(_places(value))
    if not places or draw(st.integers(0, 9)) == 0:
        return draw(json_values)
    container, key = draw(st.sampled_from(places))
    new = draw(json_values)
    what = draw(st.sampled_from(["replace", "replace", "remove", "add"]))
    if what == "replace":
        container[key] = new
    elif what == "remove":
        del container[key]
    elif isinstance(container, list):
        container.insert(key, new)
    else:
        container[draw(st.sampled_from(JSON_NAMES) | odd_texts)] = new
    return value


def _places(value):
    if isinstance(value, dict | list):
        keys = value if isinstance(value, dict) else range(len(value))
        for key in keys:
            yield value, key
            yield from _places(value[key])
