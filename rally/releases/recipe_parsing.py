"""Reads recipes strictly, and tells all faults of one at once.

Whether its fields are those of the study is another question; see
rally.releases.recipe_checks.
"""

import re
from collections.abc import Hashable, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from rally.consent.records import FIELD
from rally.decisions.content_fields import document_name, person_name, record_id, rho
from rally.errors import ConfigurationError
from rally.fields import (
    AllFields,
    Place,
    day,
    many,
    raise_all,
    text,
    up_to,
    word,
)
from rally.registry.collected_fields import words
from rally.releases.recipe import (
    MOST_CELLS,
    Between,
    Bounds,
    Filter,
    Grouping,
    Measure,
    MeasureKind,
    OneOf,
    Recipe,
    Value,
)

_MOST_DOCUMENTS = 20
_MOST_FILTERS = 20
_MOST_GROUPINGS = 6
_MOST_VALUES = 5_000
_MOST_MEASURES = 20
_MOST_ROWS = 100_000
_MOST_WEIGHT = 100
_MOST_WINDOWS = 1_000
_MOST_DAYS = 3_660
_MOST_DIGITS = 6
_MOST_UNITS = 10**9  # so that sums over everybody fit in 64 bits
_LONGEST_VALUE = 100
_LONG = range(-(2**63), 2**63)
_NUMBER = re.compile("-?(?:0|[1-9][0-9]{0,11})(?:[.][0-9]{1,9})?")
_MEASURE_NAME = re.compile("[a-z][a-z0-9_]{0,39}")


def read_recipe(place: Place, namespace: str, id: str, value: object) -> Recipe:
    """Reads a recipe.

    Args:
        place: Its file, for messages.
        namespace: Namespace of its study.
        id: Name of the file, without its suffix.
        value: Its content.

    Raises:
        ConfigurationError: It is none; all faults are told.
    """
    fields = AllFields(place, value)
    recipe = Recipe(
        namespace=namespace,
        id=fields.attempt(lambda: record_id(place, id)),
        question=fields.need("question", words),
        author=fields.need("author", person_name),
        purpose=fields.need("purpose", words),
        documents=fields.need("documents", _documents),
        first=fields.need("from", day),
        last=fields.need("until", day),
        window_days=fields.maybe("window_days", up_to(_MOST_DAYS)),
        filters=fields.maybe("filters", many(_filter, _MOST_FILTERS)) or (),
        group_by=fields.maybe("group_by", many(_grouping, _MOST_GROUPINGS)) or (),
        measures=fields.need("measures", many(_measure, _MOST_MEASURES)),
        bounds=fields.need("bounds", _bounds),
        rho=fields.need("rho", _loss),
        suppress_below=fields.maybe("suppress_below", up_to(10**6)),
    )
    dates = (recipe.first, recipe.last, recipe.window_days)
    fields.attempt(partial(_check_dates, place, *dates), *dates)
    groups, measures = recipe.group_by, recipe.measures
    fields.attempt(partial(_check_names, place, groups, measures), groups, measures)
    sizes = (recipe.group_by, recipe.measures, recipe.bounds)
    fields.attempt(partial(_check_sizes, place, recipe), *sizes)
    fields.close()
    return recipe


def _documents(place: Place, value: object) -> tuple[str, ...]:
    names = many(document_name, _MOST_DOCUMENTS)(place, value)
    if not names:
        raise place.error("is empty; say whose rows count")
    _check_different(place, names)
    return tuple(sorted(names))


def _loss(place: Place, value: object) -> Decimal:
    return Decimal(rho(place, str(value) if type(value) is int else value))


def _number(place: Place, value: object) -> Decimal:
    """Reads a number that is declared: a whole one, or a decimal one, which is exact.

    YAML's unquoted decimals are texts here, see rally.plain_yaml.
    """
    read = str(value) if type(value) is int else value
    if not isinstance(read, str) or not _NUMBER.fullmatch(read):
        raise place.error(
            "must be a number such as 12 or 0.5, which nobody takes from the data"
        )
    return Decimal(read)


def _value(place: Place, value: object) -> Value:
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        if value not in _LONG:
            raise place.error("must be a whole number of 64 bits")
        return value
    if not isinstance(value, str):
        raise place.error("must be a text, a whole number, true or false")
    found = text(place, value)
    if len(found) > _LONGEST_VALUE:
        raise place.error(f"must be at most {_LONGEST_VALUE} characters")
    return found


def _values(place: Place, value: object) -> tuple[Value, ...]:
    found = many(_value, _MOST_VALUES)(place, value)
    if not found:
        raise place.error("is empty; name the values")
    _check_different(place, found)
    if len({type(each) for each in found}) > 1:
        raise place.error("must be values of one kind; put texts in quotes")
    return found


def _edges(place: Place, value: object) -> tuple[Decimal, ...]:
    found = many(_number, _MOST_VALUES)(place, value)
    if len(found) < len(("lower", "upper")):
        raise place.error("must be two edges or more, such as [0, 10, 100]")
    for index, (low, high) in enumerate(pairwise(found), 1):
        if low >= high:
            raise place.at(index).error("must be greater than the edge before it")
    return found


def _filter(place: Place, value: object) -> Filter:
    fields = AllFields(place, value)
    field = fields.need("field", word)
    values = fields.maybe("one_of", _values)
    low, high = (fields.maybe(name, _number) for name in ("at_least", "at_most"))
    fields.attempt(partial(_check_filter, place, values, low, high), values, low, high)
    fields.close()
    return Between(field, low, high) if values is None else OneOf(field, values)


def _check_filter(
    place: Place,
    values: tuple[Value, ...] | None,
    low: Decimal | None,
    high: Decimal | None,
) -> None:
    is_range = low is not None or high is not None
    if (values is not None) is is_range:
        raise place.error("must have one_of, or at_least and at_most, one of the two")
    if low is not None and high is not None and low > high:
        raise place.at("at_most").error("must not be below at_least")


def _grouping(place: Place, value: object) -> Grouping:
    fields = AllFields(place, value)
    column = fields.maybe("field", word)
    demographic = fields.maybe("demographic", _demographic)
    values, edges = fields.maybe("values", _values), fields.maybe("bands", _edges)
    fields.attempt(
        partial(_check_one, place, ("field", "demographic"), column, demographic),
        *(column, demographic),
    )
    what = "values", "bands"
    fields.attempt(partial(_check_one, place, what, values, edges), values, edges)
    fields.close()
    return Grouping(
        column or demographic or "", column is None, values or (), edges or ()
    )


def _check_one(
    place: Place, names: tuple[str, str], first: object, second: object
) -> None:
    """Makes sure that exactly one of two entries is there."""
    if (first is None) is (second is None):
        raise place.error(f"must have {names[0]} or {names[1]}, one of the two")


def _demographic(place: Place, value: object) -> str:
    name = text(place, value)
    if not FIELD.fullmatch(name):
        raise place.error("must be up to 30 lower-case letters, digits and underlines")
    return name


class _OfField(NamedTuple):
    """A measure that takes a field, by the entry that names the field."""

    kind: MeasureKind
    field: str


def _measure(place: Place, value: object) -> Measure:
    """Reads a measure; `people` and `rows` stand for the count of that name."""
    if value in (MeasureKind.PEOPLE, MeasureKind.ROWS):
        kind = MeasureKind(str(value))
        return Measure(kind, kind)
    fields = AllFields(place, value)
    name = fields.need("name", _measure_name)
    weight = fields.maybe("weight", up_to(_MOST_WEIGHT))
    weight = 1 if weight is None else weight
    counted = fields.maybe("count", _counted)
    used = [
        _OfField(kind, field)
        for kind in (MeasureKind.SUM, MeasureKind.MEAN, MeasureKind.HISTOGRAM)
        if (field := fields.maybe(kind, word)) is not None
    ]
    if (counted is not None) + len(used) != 1:
        fields.add([str(place.error("must have one of: count, sum, mean, histogram"))])
        fields.close()
    if counted is not None:
        fields.close()
        return Measure(name, counted, weight)
    kind, field = used[0]
    if kind is MeasureKind.HISTOGRAM:
        edges = fields.need("edges", _edges)
        fields.close()
        return Measure(name, kind, weight, field, edges=edges)
    low, high = (fields.need(entry, _number) for entry in ("minimum", "maximum"))
    digits = fields.need("digits", _digits)
    fields.attempt(partial(_check_range, place, low, high, digits), low, high, digits)
    fields.close()
    return Measure(name, kind, weight, field, low, high, digits)


def _measure_name(place: Place, value: object) -> str:
    name = text(place, value)
    if not _MEASURE_NAME.fullmatch(name):
        raise place.error(
            "must be up to 40 lower-case letters, digits and underlines, a letter first"
        )
    return name


def _counted(place: Place, value: object) -> MeasureKind:
    if value not in (MeasureKind.PEOPLE, MeasureKind.ROWS):
        raise place.error("must be one of: people, rows")
    return MeasureKind(str(value))


def _digits(place: Place, value: object) -> int:
    if type(value) is not int or not 0 <= value <= _MOST_DIGITS:
        raise place.error(f"must be a whole number from 0 to {_MOST_DIGITS}")
    return value


def _check_range(place: Place, low: Decimal, high: Decimal, digits: int) -> None:
    faults = list[str]()
    for name, each in (("minimum", low), ("maximum", high)):
        units = each * 10**digits
        if units != int(units):
            what = f"must have at most the {digits} digits after the point of digits"
            faults.append(str(place.at(name).error(what)))
        if abs(units) > _MOST_UNITS:
            what = f"must be at most {_MOST_UNITS:,} units of the last of its digits"
            faults.append(str(place.at(name).error(what)))
    if low >= high:
        faults.append(str(place.at("maximum").error("must be above minimum")))
    raise_all(faults)


def _bounds(place: Place, value: object) -> Bounds:
    fields = AllFields(place, value)
    bounds = Bounds(
        groups=fields.need("groups", up_to(MOST_CELLS)),
        rows=fields.need("rows_per_group", up_to(_MOST_ROWS)),
    )
    fields.close()
    return bounds


def _check_dates(
    place: Place, first: date, last: date, window_days: int | None
) -> None:
    days = (last - first).days + 1
    if not 0 < days <= _MOST_DAYS:
        what = f"must be from's day, or up to {_MOST_DAYS:,} days later"
        raise place.at("until").error(what)
    if window_days is None:
        return
    if days % window_days:
        raise place.at("until").error(
            f"must be the last day of a window: from is {days:,} days before its end,"
            f" which is no multiple of {window_days}"
        )
    if days // window_days > _MOST_WINDOWS:
        raise place.at("window_days").error(
            f"makes more than {_MOST_WINDOWS:,} releases; make another recipe later"
        )


def _check_names(
    place: Place, group_by: Sequence[Grouping], measures: Sequence[Measure]
) -> None:
    """Makes sure that each column of the table has a name of its own."""
    names = [each.field for each in group_by]
    faults = list[str]()
    for entry, each in (("group_by", group_by), ("measures", measures)):
        names = [it.field if isinstance(it, Grouping) else it.name for it in each]
        try:
            _check_different(place.at(entry), names)
        except ConfigurationError as error:
            faults.append(str(error))
    grouped = {each.field for each in group_by}
    faults += (
        str(place.at("measures", index).error("has the name of a field of group_by"))
        for index, each in enumerate(measures)
        if each.name in grouped
    )
    if not measures:
        faults.append(str(place.at("measures").error("is empty; say what is counted")))
    raise_all(faults)


def _check_sizes(place: Place, recipe: Recipe) -> None:
    if recipe.cells > MOST_CELLS:
        raise place.at("measures").error(
            f"makes {recipe.cells:,} numbers of {recipe.groups:,} groups; at most"
            f" {MOST_CELLS:,} can be released"
        )
    if recipe.bounds.groups > recipe.groups:
        raise place.at("bounds", "groups").error(
            f"must be at most {recipe.groups:,}, the groups that group_by declares"
        )


def _check_different(place: Place, values: Sequence[Hashable]) -> None:
    seen = set[Hashable]()
    for index, each in enumerate(values):
        if each in seen:
            raise place.at(index).error("stands there twice; remove one")
        seen.add(each)
