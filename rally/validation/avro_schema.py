"""Reads an Avro schema into typed records, from which an encoder is compiled.

It is as strict as the Avro 1.12 specification, so that every reader takes the schema,
and stricter where a mistake would weaken a check: a logical type that is known must
stand on its base type, a default must fit, nothing contains itself.

Functions take `where`, the place in the schema in words, for their refusal: a
ConfigurationError that names the place, the fault and the remedy.
"""

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn, cast

from rally.errors import ConfigurationError, ManyFaults, faults_of
from rally.validation.avro_types import (
    Array,
    Field,
    Map,
    Record,
    Type,
    Union,
    is_default,
    takes_null_first,
    tries_of,
)
from rally.validation.bounds import (
    BOUND_NAMES,
    KeyLists,
    check_known,
    check_no_bounds,
    read_cases,
    read_key_lists,
    read_keys,
    read_max_items,
    refuse,
)
from rally.validation.leaf_types import (
    is_name,
    read_enum,
    read_fixed,
    read_logical_type,
    read_name,
    read_primitive,
    refuse_name,
)
from rally.validation.leaves import PRIMITIVES, Leaf

COMPLEX = ("record", "enum", "fixed", "array", "map")
"""Types that a definition may have besides the primitive ones."""

MAX_DEPTH = 64
"""Greatest depth of types: an encoder calls itself as deep, on Python's own stack."""

MAX_TRIES = 64
"""Most looks at one value of a ping; they double with each level of unions."""

MAX_TYPES = 5000
"""Most types of a schema: each becomes some lines of an encoder."""

_NULL = PRIMITIVES["null"]
_DEFINED = frozenset({*PRIMITIVES, *COMPLEX})
_ORDERS = ("ascending", "descending", "ignore")
_SELDOM = BOUND_NAMES | {"logicalType", "order", "aliases"}


class ReadSchema(NamedTuple):
    """A schema that was read.

    Attributes:
        type: its type.
        names: full names of the types that it defines.
        size: number of its types.
        clears_namespace: whether a type in it says that it has no namespace.
    """

    type: Type
    names: frozenset[str]
    size: int
    clears_namespace: bool

    def fits_inside(self, namespace: str, others: Collection[str], size: int) -> bool:
        """Tells whether the schema is good as the type of a field of a record, too.

        There its types without a namespace get that of the record. False says that
        reading the record's schema may find a fault.

        Args:
            namespace: namespace of the record.
            others: full names of the other types of the record's schema.
            size: number of these.
        """
        full = {name if "." in name else f"{namespace}.{name}" for name in self.names}
        return (
            len(full) == len(self.names)
            and full.isdisjoint(others)
            and not self.clears_namespace
            and self.type.depth < MAX_DEPTH
            and self.size + size <= MAX_TYPES
        )


def read_schema(schema: object, where: str = "schema") -> Type:
    """Reads a schema, as parsed JSON, into types that an encoder can be compiled from.

    Args:
        schema: parsed schema, which may have `"json": "<name>"` on a field.
        where: place of the schema in words, such as its file; messages begin with it.

    Raises:
        ConfigurationError: the schema cannot be served; the message has each place in
            it, the fault and the remedy.
    """
    return read_with_names(schema, where).type


def read_with_names(schema: object, where: str) -> ReadSchema:
    """Reads a schema as `read_schema` does, and says which names it defines."""
    reader = _Reader()
    try:
        type_ = reader.type_of(schema, "", where)
    except RecursionError:
        _refuse_depth(where)
    _check_writer(schema, where)
    names, size = frozenset(reader.named), MAX_TYPES - reader.left
    return ReadSchema(type_, names, size, reader.clears_namespace)


def _check_writer(schema: object, where: str) -> None:
    """Asks fastavro, which writes the files, whether it accepts the schema."""
    from fastavro import parse_schema  # slow to import
    from fastavro.schema import SchemaParseException

    try:
        parse_schema(cast(Any, schema))
    except (SchemaParseException, ValueError, TypeError, KeyError) as error:
        reason = " ".join(str(error).split())
        raise ConfigurationError(f"{where}: fastavro refuses it: {reason}") from None


def _refuse_depth(where: str) -> NoReturn:
    refuse(where, f"types nest more than {MAX_DEPTH} deep; flatten them")


class _Reader:
    """Reads one schema, and keeps the named types that it has met.

    A `namespace` is the one around the place that is being read, and `where` names the
    place in words: "schema.metrics.uuid".
    """

    def __init__(self) -> None:
        self.named: dict[str, Type | None] = {}  # None while it is being read
        self.left = MAX_TYPES
        self.clears_namespace = False
        self._refused: set[str] = set()
        self._key_lists: KeyLists = {}

    def type_of(self, schema: object, namespace: str, where: str) -> Type:
        self.left -= 1
        if self.left < -1:
            raise ManyFaults(())  # the first one too many has told it
        if self.left < 0:
            refuse(where, f"there are more than {MAX_TYPES:,} types; split the schema")
        if isinstance(schema, str):
            return self._reference(schema, namespace, where)
        if isinstance(schema, list):
            return self._union(schema, namespace, where)
        if isinstance(schema, dict):
            return self._definition(schema, namespace, where)
        refuse(where, 'a type is a name, a list of types or an object with "type"')

    def _reference(self, name: str, namespace: str, where: str) -> Type:
        if name in PRIMITIVES:
            return PRIMITIVES[name]
        if name in COMPLEX:
            refuse(where, f'a type of its own is an object, {{"type": "{name}", ...}}')
        full = f"{namespace}.{name}" if namespace and "." not in name else name
        if full not in self.named:
            refuse(where, f"the type {full!r} is unknown; define it before its use")
        known = self.named[full]
        if full in self._refused:
            raise ManyFaults(())  # its definition has told why
        if known is None:
            refuse(where, f"{full!r} contains itself; spell out the levels it may have")
        return known

    def _union(self, schema: list[Any], namespace: str, where: str) -> Type:
        branches = tuple(
            [
                self.type_of(branch, namespace, f"{where}[{index}]")
                for index, branch in enumerate(schema)
            ]
        )
        if len(branches) == 2 and branches[0] is _NULL:  # as nearly all unions are
            other = branches[1]
            if isinstance(other, Leaf):
                if other is not _NULL:
                    return _nullable_leaf(other)
            elif other.name != "union":
                json = (*_NULL.json, *other.json)
                depth = _one_more(where, other.depth)
                return Union(branches, depth, json, tries=other.tries)
        names = [branch.name for branch in branches]
        if not names or "union" in names or len(set(names)) < len(names):
            refuse(
                where,
                "a union has one branch or more, none of them a union, and of each "
                "type without a name of its own one at most",
            )
        kinds = dict.fromkeys(kind for branch in branches for kind in branch.json)
        tries = max(
            sum(tries_of(branch) for branch in branches if kind in branch.json)
            for kind in kinds
        )
        if tries > MAX_TRIES:
            refuse(
                where,
                f"a value may have to be tried {tries:,} times, and {MAX_TRIES} are the"
                " most; let fewer branches of unions in unions take the same JSON type",
            )
        return Union(branches, _depth(where, branches), tuple(kinds), tries=tries)

    def _definition(self, schema: dict[str, Any], namespace: str, where: str) -> Type:
        base = schema.get("type")
        if not isinstance(base, str) or base not in _DEFINED:
            refuse(
                where,
                'the "type" of a definition is a primitive type or one of '
                f"{', '.join(COMPLEX)}; write a reference or a union without an object",
            )
        if "json" in schema:
            refuse(where, '"json" renames a field; put it beside the field\'s "name"')
        logical = None
        if "logicalType" in schema:
            logical = read_logical_type(schema, base, where)
        if base in ("record", "enum", "fixed"):
            check_no_bounds(schema, f"a {base}", where)
            return self._named_type(schema, base, logical, namespace, where)
        check_known(schema, base, where)
        if base == "array":
            items = self.type_of(schema.get("items"), namespace, f"{where}.items")
            most, depth = read_max_items(schema, where), _one_more(where, items.depth)
            return Array(items, depth, tries=tries_of(items), max_items=most)
        if base == "map":
            values = self.type_of(schema.get("values"), namespace, f"{where}.values")
            keys = read_keys(schema, self._key_lists, where)
            depth = _one_more(where, values.depth)
            return Map(values, depth, tries=tries_of(values), keys=keys)
        return read_primitive(schema, base, logical, where)

    def _named_type(
        self,
        schema: dict[str, Any],
        base: str,
        logical: str | None,
        namespace: str,
        where: str,
    ) -> Type:
        full = _full_name(schema, namespace, where)
        self.clears_namespace |= schema.get("namespace") == ""
        if full in self.named:
            refuse(where, f"{full!r} is defined twice; refer to the first by its name")
        self.named[full] = None
        try:
            if base == "record":
                named: Type = self._record(schema, full, where)
            elif base == "enum":
                named = read_enum(schema, full, where)
            else:
                named = read_fixed(schema, full, logical, where)
        except ConfigurationError:
            self._refused.add(full)
            raise
        self.named[full] = named
        return named

    def _record(self, schema: dict[str, Any], full: str, where: str) -> Record:
        declared = schema.get("fields")
        if not isinstance(declared, list):
            refuse(where, 'a record has a list of "fields"')
        namespace = full.rpartition(".")[0]
        around = self._key_lists
        if "key_lists" in schema:
            self._key_lists = {**around, **read_key_lists(schema, where)}
        fields, refused = list[Field](), list[ConfigurationError]()
        for index, each in enumerate(declared):
            try:
                fields.append(self._field(each, namespace, where, index))
            except ConfigurationError as error:
                refused.append(error)
        self._key_lists = around
        if refused:
            raise ManyFaults(fault for error in refused for fault in faults_of(error))
        _refuse_repeated(where, "name", [field.name for field in fields])
        _refuse_repeated(where, "JSON name", [field.json for field in fields])
        types = [field.type for field in fields]
        tries = max([tries_of(each) for each in types], default=1)
        cases, depth = read_cases(schema, fields, where), _depth(where, types)
        return Record(full, tuple(fields), depth, tries=tries, cases=cases)

    def _field(self, field: object, namespace: str, record: str, index: int) -> Field:
        if not isinstance(field, dict):
            where = f"{record}.fields[{index}]"
            refuse(where, 'a field is an object with "name" and "type"')
        name = field.get("name")
        if not is_name(name):
            refuse_name(name, f"{record}.fields[{index}]")
        where = f"{record}.{name}"
        json = field.get("json", name)
        if not isinstance(json, str) or not json:
            refuse(where, '"json" is the field\'s name in JSON, text that is not empty')
        if not _SELDOM.isdisjoint(field):
            _check_seldom(field, where)
        type_ = self.type_of(field.get("type"), namespace, where)
        default = field.get("default")
        if default is None and takes_null_first(type_):
            pass  # as nearly all defaults are
        elif "default" in field and not is_default(type_, default):
            refuse(
                where,
                "the default does not fit the type (of a union, its first branch); "
                "correct or remove it",
            )
        return Field(name, json, type_, "default" in field, field)


@lru_cache(maxsize=256)  # most leaves are the same few: texts up to a length, times
def _nullable_leaf(leaf: Leaf) -> Union:
    """Makes the union of null and a leaf that is not null."""
    return Union((_NULL, leaf), leaf.depth + 1, (*_NULL.json, *leaf.json))


def _depth(where: str, parts: Sequence[Type]) -> int:
    return _one_more(where, max([part.depth for part in parts], default=0))


def _one_more(where: str, depth: int) -> int:
    if depth >= MAX_DEPTH:
        _refuse_depth(where)
    return depth + 1


def _check_seldom(field: dict[str, Any], where: str) -> None:
    """Checks properties that few fields have."""
    if "logicalType" in field:
        refuse(where, '"logicalType" is of a type; put it inside, {"type": {...}}')
    check_no_bounds(field, "a field", where)
    if field.get("order", "ascending") not in _ORDERS:
        refuse(where, f'"order" is one of {", ".join(_ORDERS)}')
    if "aliases" in field:
        _check_aliases(field, where)


def _full_name(schema: dict[str, Any], namespace: str, where: str) -> str:
    """Reads the full name of a named type, in its own namespace or the one around."""
    name, space = schema.get("name"), schema.get("namespace", namespace)
    if not isinstance(name, str) or not isinstance(space, str):
        refuse(where, 'a named type has a "name", and a "namespace" that is a string')
    if namespace and not space:  # valid, and avro for Python looks in the wrong one
        refuse(
            where, 'readers differ over an empty "namespace" inside another; name it'
        )
    full = f"{space}.{name}" if space and "." not in name else name
    parts = full.split(".")
    for part in parts:
        read_name(part, where)
    if parts[-1] in _DEFINED:
        refuse(where, f"{parts[-1]!r} is a type of Avro's own; choose another name")
    if "aliases" in schema:
        _check_aliases(schema, where)
    return full


def _check_aliases(schema: dict[str, Any], where: str) -> None:
    """Refuses aliases that are no names."""
    aliases = schema["aliases"]
    if not isinstance(aliases, list):
        refuse(where, '"aliases" is a list of names')
    for alias in aliases:
        for part in alias.split(".") if isinstance(alias, str) else [alias]:
            read_name(part, where)


def _refuse_repeated(where: str, what: str, names: Sequence[str]) -> None:
    """Refuses a record in which two fields have one name."""
    if len(set(names)) == len(names):
        return
    seen: set[str] = set()
    for name in names:
        if name in seen:
            refuse(where, f"two fields have the {what} {name!r}; rename one")
        seen.add(name)
