"""Relates two types: whether one takes all that the other does, and reads its rows.

What reads older rows is Avro's to say (specification 1.12, "Schema Resolution"), less
its promotion of bytes to strings: no reader could show bytes that are no UTF-8. Bounds
say what is taken of pings, and nothing to readers.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from math import inf
from typing import NamedTuple

from rally.validation.avro_types import Array, KeyBounds, Map, Record, Type, Union
from rally.validation.leaves import Leaf

_PROMOTIONS = {
    "int": ("long", "float", "double"),
    "long": ("float", "double"),
    "float": ("double",),
}
_MOST_LISTED = 12
"""Most symbols of an enum, or texts of a list, that a description has."""


class Relation(Enum):
    """The relation of a new type to an old one."""

    SAME = "same"
    WIDER = "wider"
    NARROWER = "narrower"
    OTHER = "other"


_BEST = (Relation.SAME, Relation.WIDER, Relation.NARROWER)


def reads(old: Type, new: Type) -> bool:
    """Tells whether a schema of the new type reads rows of the old one."""
    relation = _relate(old, new, with_bounds=False)
    return relation in (Relation.SAME, Relation.WIDER)


def relate(old: Type, new: Type) -> Relation:
    """Relates what a new type takes to what an old one takes.

    A type is wider that takes anything more, even if its bounds exclude something else.
    Records are the same where their names are: what is inside is for whoever compares
    their fields.
    """
    return _relate(old, new, with_bounds=True)


def records_in(type_: Type, path: str) -> Iterator[tuple[str, Record]]:
    """Yields the records that a type reaches through other types than records.

    Args:
        type_: type of a value.
        path: path of the value; items of arrays and values of maps are "*".
    """
    match type_:
        case Record():
            yield path, type_
        case Array(items=inner) | Map(values=inner):
            yield from records_in(inner, f"{path}/*")
        case Union(branches=branches):
            for branch in branches:
                yield from records_in(branch, path)


def describe(type_: Type) -> str:
    """Describes a type in short: `map of string or null`, `enum E (a, b)`."""
    match type_:
        case Leaf(symbols=symbols) if symbols:
            return f"{type_.wants} ({_listed(symbols)})"
        case Leaf():
            return type_.wants or type_.name
        case Array(items=items, max_items=most):
            bound = "" if most is None else f" (at most {most})"
            return f"array of {_inside(items)}{bound}"
        case Map(values=values, keys=keys):
            return f"map of {_inside(values)}{_describe_keys(keys)}"
        case Union(branches=branches):
            ordered = sorted(branches, key=lambda each: each.name == "null")
            return " or ".join(map(describe, ordered))
        case Record():
            return f"record {short_name(type_)}"


def short_name(record: Record) -> str:
    """Gives a record's name without its namespace, which resolution does not ask."""
    return record.name.rpartition(".")[2]


def _inside(type_: Type) -> str:
    text = describe(type_)
    return f"({text})" if isinstance(type_, Union) else text


def _listed(texts: Sequence[str]) -> str:
    more = len(texts) - _MOST_LISTED
    return ", ".join(texts[:_MOST_LISTED]) + (f", {more} more" if more > 0 else "")


def _describe_keys(keys: KeyBounds | None) -> str:
    if keys is None:
        return ""
    parts = (
        f"keys {_listed(keys.listed)}" if keys.listed else "",
        f"keys of format {keys.format.name}" if keys.format else "",
        f"keys of at most {keys.max_bytes} bytes" if keys.max_bytes is not None else "",
        f"at most {keys.max_entries}" if keys.max_entries is not None else "",
    )
    return f" ({'; '.join(filter(None, parts))})"


def _relate(old: Type, new: Type, *, with_bounds: bool) -> Relation:
    if isinstance(old, Union) or isinstance(new, Union):
        return _relate_unions(_branches(old), _branches(new), with_bounds=with_bounds)
    match old, new:
        case Leaf(), Leaf():
            parts = _relate_leaves(old, new)
        case Array(items=before), Array(items=after):
            parts = _relate(before, after, with_bounds=with_bounds)
        case Map(values=before), Map(values=after):
            parts = _relate(before, after, with_bounds=with_bounds)
        case Record(), Record() if short_name(old) == short_name(new):
            return Relation.SAME
        case _:
            return Relation.OTHER
    if parts is Relation.OTHER or not with_bounds:
        return parts
    both = _combine((parts, _relate_bounds(_bounds_of(old), _bounds_of(new))))
    return Relation.WIDER if both is Relation.OTHER else both


def _branches(type_: Type) -> tuple[Type, ...]:
    return type_.branches if isinstance(type_, Union) else (type_,)


def _relate_unions(
    old: tuple[Type, ...], new: tuple[Type, ...], *, with_bounds: bool
) -> Relation:
    """Relates the branches of a union, or one type that stands for a union of it."""
    left, found = list(new), list[Relation]()
    for branch in old:
        related = [(_relate(branch, it, with_bounds=with_bounds), it) for it in new]
        best = [pair for wanted in _BEST for pair in related if pair[0] is wanted]
        if not best:
            found.append(Relation.NARROWER)  # what only this one took is not taken
            continue
        relation, successor = best[0]
        found.append(relation)
        if successor in left:
            left.remove(successor)
    if left:
        found.append(Relation.WIDER)
    return _combine(found)


def _relate_leaves(old: Leaf, new: Leaf) -> Relation:
    """Relates leaves without bounds, of which an enum's symbols are none to readers."""
    if (old.name, old.variant) == (new.name, new.variant):
        if _is_enum(old) and _is_enum(new):
            return _relate_sets(frozenset(old.symbols), frozenset(new.symbols))
        return Relation.OTHER if _is_enum(old) or _is_enum(new) else Relation.SAME
    if old.variant or new.variant:
        return Relation.OTHER
    if new.name in _PROMOTIONS.get(old.name, ()):
        return Relation.WIDER
    narrower = old.name in _PROMOTIONS.get(new.name, ())
    return Relation.NARROWER if narrower else Relation.OTHER


def _is_enum(leaf: Leaf) -> bool:
    return bool(leaf.symbols) and leaf.name != "string"


class _Bounds(NamedTuple):
    """The bounds of a type.

    Attributes:
        only: texts or keys that it takes, or the pattern of them; None for any.
        most: greatest numbers that it takes, such as of items or bytes.
    """

    only: frozenset[str] | str | None = None
    most: tuple[float, ...] = ()


def _bounds_of(type_: Type) -> _Bounds:
    match type_:
        case Leaf(name="string", limit=limit, symbols=symbols):
            most = (inf, inf) if limit is None else tuple(each or 0 for each in limit)
            has_format = not (limit or symbols or type_.variant)
            only = frozenset(symbols) or (type_.wants if has_format else "")
            return _Bounds(only or None, most)
        case Leaf(name="int" | "long", bounds=(low, high)):
            return _Bounds(None, (-low, high))
        case Array(max_items=most_items):
            return _Bounds(None, (_or_inf(most_items),))
        case Map(keys=keys) if keys is not None:
            pattern = keys.format.name if keys.format else None
            most = (_or_inf(keys.max_bytes), _or_inf(keys.max_entries))
            return _Bounds(frozenset(keys.listed or ()) or pattern, most)
        case Map():
            return _Bounds(None, (inf, inf))
    return _Bounds()


def _or_inf(number: int | None) -> float:
    return inf if number is None else number


def _relate_bounds(old: _Bounds, new: _Bounds) -> Relation:
    pairs = zip(
        old.most, new.most, strict=False
    )  # of an int and a float there are none
    numbers = _combine(_relate_numbers(before, after) for before, after in pairs)
    return _combine((_relate_only(old.only, new.only), numbers))


def _relate_numbers(old: float, new: float) -> Relation:
    if old == new:
        return Relation.SAME
    return Relation.WIDER if new > old else Relation.NARROWER


def _relate_only(
    old: frozenset[str] | str | None, new: frozenset[str] | str | None
) -> Relation:
    if old == new:
        return Relation.SAME
    if old is None or new is None:
        return Relation.WIDER if new is None else Relation.NARROWER
    if isinstance(old, str) or isinstance(new, str):
        return Relation.OTHER
    return _relate_sets(old, new)


def _relate_sets(old: frozenset[str], new: frozenset[str]) -> Relation:
    if old == new:
        return Relation.SAME
    if old < new:
        return Relation.WIDER
    return Relation.NARROWER if new < old else Relation.OTHER


def _combine(relations: Iterable[Relation]) -> Relation:
    others = set(relations) - {Relation.SAME}
    if not others:
        return Relation.SAME
    return others.pop() if len(others) == 1 else Relation.OTHER
