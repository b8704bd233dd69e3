"""Compares two schemas of a document: what one collects that the other does not.

A review approves a schema, so whoever signs the next one looks at the difference. It is
told field by field, by the paths of `rally.registry.collected_fields`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from rally.registry.collected_fields import CollectedField
from rally.registry.study import PayloadSchema
from rally.registry.type_relations import (
    Relation,
    describe,
    reads,
    records_in,
    relate,
    short_name,
)
from rally.validation.avro_schema import read_schema
from rally.validation.avro_types import Array, Field, Map, Record, Type, Union

_NEVER = "never"
_NOTHING = "-"


class ChangeKind(StrEnum):
    """The kind of one difference; its value is the word for people."""

    ADDED = "adds"
    REMOVED = "removes"
    WIDENED = "widens"
    NARROWED = "narrows"
    RETYPED = "retypes"
    ABSENCE = "absence"
    CASES = "cases"
    CATEGORY = "category"
    IDENTIFIER = "identifier"
    EXPIRY = "expires"
    SDK = "sdk"
    ID_PLACE = "id place"
    PURPOSE = "purpose"
    BENEFIT = "benefit"
    DOC = "doc"
    OTHER = "other"


_WORDS = frozenset({ChangeKind.PURPOSE, ChangeKind.BENEFIT, ChangeKind.DOC})


class Change(NamedTuple):
    """One difference between two schemas.

    Attributes:
        path: path of the field.
        kind: kind of the difference.
        was: description of it in the old schema; "" of a field that is new.
        now: description of it in the new one; "" of a field that is gone.
        excess: reason for which it is no incremental change; "" where it is one.
        is_less: whether the new schema collects less by it.
    """

    path: str
    kind: ChangeKind
    was: str
    now: str
    excess: str = ""
    is_less: bool = False


class DiffScope(StrEnum):
    """Extent to which a schema goes beyond another, in rising order."""

    SAME = "same"
    WORDS = "words"
    NARROWING = "narrowing"
    INCREMENTAL = "incremental"
    FURTHER = "further"


@dataclass(frozen=True)
class SchemaDiff:
    """The differences between two schemas of a document.

    Attributes:
        old: fingerprint of the old schema.
        new: fingerprint of the new one.
        changes: differences by path, in the order of the schemas.
        faults: reasons for which the new one cannot follow the old one in the same
            document, one line each.
    """

    old: str
    new: str
    changes: tuple[Change, ...]
    faults: tuple[str, ...]

    @property
    def excesses(self) -> tuple[str, ...]:
        """The reasons for which the change is not incremental, one line each."""
        return tuple(each.excess for each in self.changes if each.excess)

    @property
    def additions(self) -> tuple[Change, ...]:
        """The changes by which it is more than other words and less than before."""
        return tuple(
            each
            for each in self.changes
            if not each.is_less and each.kind not in _WORDS
        )

    @property
    def is_incremental(self) -> bool:
        """Whether it stays within what the old schema is approved for.

        No field is of a higher category than the old schema's highest, or than it was;
        no identifier is new; and nothing expires later.
        """
        return not self.excesses

    @cached_property
    def scope(self) -> DiffScope:
        """How far the new schema goes; words and narrowing need a steward's note."""
        kinds = {each.kind for each in self.changes}
        if not kinds:
            return DiffScope.SAME
        if kinds <= _WORDS:
            return DiffScope.WORDS
        if self.excesses:
            return DiffScope.FURTHER
        return DiffScope.INCREMENTAL if self.additions else DiffScope.NARROWING


def compare(old: PayloadSchema, new: PayloadSchema) -> SchemaDiff:
    """Compares two schemas of a document, both of which are good."""
    changes = [*_id_places(old, new), *_compare_fields(old, new)]
    changes += _compare_cases(old, new)
    differ = old.fingerprint != new.fingerprint
    if differ and all(each.kind is ChangeKind.DOC for each in changes):
        # Order, names of types, defaults: nothing of a ping, and yet another schema.
        changes.append(Change("/", ChangeKind.OTHER, old.fingerprint, new.fingerprint))
    faults = incompatibilities(old, new)
    return SchemaDiff(old.fingerprint, new.fingerprint, tuple(changes), faults)


def incompatibilities(old: PayloadSchema, new: PayloadSchema) -> tuple[str, ...]:
    """Finds why rows of two schemas would be no one table (design 12), one line each.

    A field that stays keeps its names, and its type or one that Avro widens it to. A
    field that is new has a default, by which readers fill it in for older rows.
    """
    return tuple(_find_faults(read_schema(old.json), read_schema(new.json), ""))


class _Place(NamedTuple):
    """A field, and what it says of itself where it is a leaf."""

    field: Field
    collected: CollectedField | None


def _places(schema: PayloadSchema) -> dict[str, _Place]:
    """Finds the fields of a schema by path; of two at one path the last one counts."""
    collected = {each.path: each for each in schema.fields}
    fields = _walk(read_schema(schema.json), "")
    return {path: _Place(field, collected.get(path)) for path, field in fields}


def _walk(type_: Type, path: str) -> Iterator[tuple[str, Field]]:
    match type_:
        case Array(items=inner) | Map(values=inner):
            yield from _walk(inner, f"{path}/*")
        case Union(branches=branches):
            for branch in branches:
                yield from _walk(branch, path)
        case Record(fields=fields):
            for field in fields:
                at = f"{path}/{field.json}"
                yield at, field
                yield from _walk(field.type, at)


def _id_places(old: PayloadSchema, new: PayloadSchema) -> Iterator[Change]:
    for name, was, now in (
        ("participant", old.participant, new.participant),
        ("deletion_id", old.deletion_id, new.deletion_id),
    ):
        if was != now:
            excess = f"another place is the {name}'s"
            pair = (was or _NOTHING, now or _NOTHING)
            yield Change(name, ChangeKind.ID_PLACE, *pair, excess)


def _compare_fields(old: PayloadSchema, new: PayloadSchema) -> Iterator[Change]:
    before, after = _places(old), _places(new)
    highest = max((each.category for each in old.fields), default=0)
    for path, place in after.items():
        if path not in before:
            if place.collected:
                yield _added(place.collected, highest)
            continue
        yield from _compare_types(path, before[path].field, place.field)
        was, now = before[path].collected, place.collected
        if was and now:
            yield from _compare_words(was, now)
    for path, place in before.items():
        if path not in after and place.collected:
            lost = _summary(place.collected)
            yield Change(path, ChangeKind.REMOVED, lost, "", is_less=True)


def _compare_cases(old: PayloadSchema, new: PayloadSchema) -> Iterator[Change]:
    before, after = (_cases(read_schema(each.json), "") for each in (old, new))
    for path in dict.fromkeys((*before, *after)):
        was, now = before.get(path), after.get(path)
        if was != now:
            pair = _number(was), _number(now)
            is_less = was is None or (now is not None and now < was)
            yield Change(path or "/", ChangeKind.CASES, *pair, is_less=is_less)


def _cases(type_: Type, path: str) -> dict[str, frozenset[tuple[str, ...]]]:
    """Finds the cases of records by path, each with its texts and one of its keys."""
    found: dict[str, frozenset[tuple[str, ...]]] = {}
    for at, record in records_in(type_, path):
        if record.cases is not None:
            found[at] = frozenset(
                (*texts, *key)
                for texts, keys in record.cases.allowed.items()
                for key in ((), *((each,) for each in keys))
            )
        for field in record.fields:
            found |= _cases(field.type, f"{at}/{field.json}")
    return found


def _added(field: CollectedField, highest: int) -> Change:
    excess = ""
    if field.category > highest:
        excess = (
            f"{field.path} is new and of category {field.category}; the highest was"
            f" {highest}"
        )
    elif field.identifier:
        excess = f"{field.path} is a new identifier"
    return Change(field.path, ChangeKind.ADDED, "", _summary(field), excess)


def _summary(field: CollectedField) -> str:
    identifier = ", identifier" if field.identifier else ""
    return f"{field.type}, category {field.category}{identifier}"


def _compare_types(path: str, was: Field, now: Field) -> Iterator[Change]:
    relation = relate(was.type, now.type)
    pair = describe(was.type), describe(now.type)
    match relation:
        case Relation.WIDER:
            yield Change(path, ChangeKind.WIDENED, *pair)
        case Relation.NARROWER:
            yield Change(path, ChangeKind.NARROWED, *pair, is_less=True)
        case Relation.OTHER:
            excess = f"{path} is of another type"
            yield Change(path, ChangeKind.RETYPED, *pair, excess)
        case Relation.SAME if was.may_be_absent != now.may_be_absent:
            pair = _absence(was), _absence(now)
            is_less = was.may_be_absent
            yield Change(path, ChangeKind.ABSENCE, *pair, is_less=is_less)


def _compare_words(was: CollectedField, now: CollectedField) -> Iterator[Change]:
    path = now.path
    if was.category != now.category:
        pair = str(was.category), str(now.category)
        raised = f"{path} was of category {was.category} and is of {now.category}"
        excess = raised if now.category > was.category else ""
        yield Change(path, ChangeKind.CATEGORY, *pair, excess)
    if was.identifier != now.identifier:
        pair = _yes_or_no(was.identifier), _yes_or_no(now.identifier)
        excess = f"{path} is a new identifier" if now.identifier else ""
        yield Change(path, ChangeKind.IDENTIFIER, *pair, excess)
    if was.expires != now.expires:
        is_less = _ends(now) < _ends(was)
        pair = str(was.expires or _NEVER), str(now.expires or _NEVER)
        excess = "" if is_less else f"{path} expires later"
        yield Change(path, ChangeKind.EXPIRY, *pair, excess, is_less)
    for kind, before, after in (
        (ChangeKind.SDK, was.sdk, now.sdk),
        (ChangeKind.PURPOSE, was.purpose, now.purpose),
        (ChangeKind.BENEFIT, was.benefit, now.benefit),
        (ChangeKind.DOC, was.doc, now.doc),
    ):
        if before != after:
            yield Change(path, kind, before or _NOTHING, after or _NOTHING)


def _ends(field: CollectedField) -> date:
    return field.expires or date.max


def _number(cases: frozenset[tuple[str, ...]] | None) -> str:
    return _NOTHING if cases is None else f"{len(cases)}"


def _absence(field: Field) -> str:
    return "may be absent" if field.may_be_absent else "must be there"


def _yes_or_no(value: bool) -> str:
    return "yes" if value else "no"


def _find_faults(old: Type, new: Type, path: str) -> Iterator[str]:
    """Finds faults of a type that stays at a place."""
    if not reads(old, new):
        yield (
            f"{path or '/'}: was {describe(old)} and is {describe(new)}; keep its type,"
            " widen it as Avro allows, or make a new version of the document"
        )
        return
    after = {short_name(each): (at, each) for at, each in records_in(new, path)}
    for _, record in records_in(old, path):
        if short_name(record) in after:
            at, successor = after[short_name(record)]
            yield from _find_record_faults(record, successor, at)


def _find_record_faults(old: Record, new: Record, path: str) -> Iterator[str]:
    before: Mapping[str, Field] = {field.name: field for field in old.fields}
    places = {field.json: field.name for field in old.fields}
    for field in new.fields:
        at = f"{path}/{field.json}"
        was = before.get(field.name)
        renamed = places.get(field.json, field.name)
        if was is None and renamed != field.name:
            yield f'{at}: has the "name" {field.name} and had {renamed}; keep that'
        elif was is None and not field.has_default:
            yield (
                f"{at}: is new and has no default; older rows need one, such as null of"
                ' ["null", …]'
            )
        elif was is not None and was.json != field.json:
            yield (
                f"{at}: {field.name} is {path}/{was.json} of older pings; keep that, or"
                " take another name"
            )
        elif was is not None:
            yield from _find_faults(was.type, field.type, at)
