"""Conditions on rows, as `rally.read` takes them: tuples of a column, a word, a value.

    [("client_info_os", "==", "Windows"), ("page_attention", ">=", 1000)]

All conditions of a list hold. A list of lists is true where one of its lists is, as in
pandas and pyarrow. What is null fulfils none.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from functools import reduce
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from rally.errors import ConfigurationError, ManyFaults
from rally.storage.partitions import Range

Filters = Sequence[tuple[Any, ...]] | Sequence[Sequence[tuple[Any, ...]]]

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": pc.equal,
    "=": pc.equal,
    "!=": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}
_OF_LISTS = ("in", "not in")
_EQUAL = ("==", "=")
_PARTICIPANT = "participant"
_TIME = "submission_timestamp"
_MOST_PEOPLE = 1000
"""Participants of a condition, above which it prunes nothing."""


class Condition(NamedTuple):
    """A condition on one column.

    Attributes:
        column: Name of the column.
        operator: One of ==, =, !=, <, <=, >, >=, in, not in.
        value: Value that it is compared with; of `in` and `not in` several.
    """

    column: str
    operator: str
    value: Any


class RowConditions:
    """Conditions of which one list has to hold; without any, every row is meant.

    Attributes:
        columns: Names of the columns that they look at.
    """

    def __init__(self, filters: Filters | None, types: dict[str, pa.DataType]) -> None:
        """Reads the conditions and tries them on a table without rows.

        Args:
            filters: Conditions.
            types: Type of each column, by its name.

        Raises:
            ConfigurationError: A condition is none, or not for its column; all of them
                are told.
        """
        faults = list[str]()
        if not isinstance(filters, list | tuple | None):
            raise ConfigurationError("filters: are a list of conditions")
        lists = _lists_of(filters)
        self._lists = [
            [it for each in some if (it := _read(each, types, faults))]
            for some in lists
        ]
        if not all(lists):
            faults.append("filters: a list of conditions is empty; leave it out")
        if faults:
            raise ManyFaults(dict.fromkeys(faults))
        self.columns = {each.column for some in self._lists for each in some}

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Returns the rows of a batch that fulfil the conditions."""
        if not self._lists:
            return batch
        alternatives = (
            reduce(pc.and_, [_test(each, batch[each.column]) for each in some])
            for some in self._lists
        )
        return batch.filter(reduce(pc.or_, alternatives))

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last submission date of rows that can be meant, UTC."""
        spans = [_days_of(some) for some in self._lists] or [(date.min, date.max)]
        return min(first for first, _ in spans), max(last for _, last in spans)

    @property
    def people(self) -> list[Range] | None:
        """The participants that can be meant, sorted; None where all can be."""
        found = set[str]()
        for some in self._lists:
            named = [{*_values_of(each)} for each in some if _names_people(each)]
            if not named:
                return None
            found |= set.intersection(*named)
        if not self._lists or len(found) > _MOST_PEOPLE:
            return None
        ids = (each.encode() for each in sorted(found) if each)
        return [Range(each, each[:-1] + bytes((each[-1] + 1,))) for each in ids]


def _lists_of(filters: Filters | None) -> list[Sequence[tuple[Any, ...]]]:
    if not filters:
        return []
    if all(isinstance(each, list) for each in filters):
        return [each for each in filters if isinstance(each, list)]
    return [filters]  # type: ignore[list-item]


def _read(
    found: object, types: dict[str, pa.DataType], faults: list[str]
) -> Condition | None:
    match found:
        case (str(column), str(operator), value):
            condition = Condition(column, operator.strip().lower(), value)
        case _:
            faults.append(
                "filters: a condition is a column, an operator and a value, such as"
                ' ("client_info_os", "==", "Windows")'
            )
            return None
    if fault := _fault_of(condition, types):
        faults.append(f"filters: {column}: {fault}")
        return None
    return condition


def _fault_of(condition: Condition, types: dict[str, pa.DataType]) -> str | None:
    if condition.column not in types:
        return "is no column; `rally rows --describe` lists them"
    if condition.operator not in (*_COMPARE, *_OF_LISTS):
        return f"the operator is one of {', '.join((*_COMPARE, *_OF_LISTS))}"
    is_list = isinstance(condition.value, list | tuple | set | frozenset)
    if is_list is not (condition.operator in _OF_LISTS):
        return "`in` and `not in` take a list of values, the others take one value"
    try:
        _test(condition, pa.array([], types[condition.column]))
        _days_of([condition])
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return f"its values are {types[condition.column]}; compare it with such"
    return None


def _test(condition: Condition, values: pa.Array) -> pa.Array:
    """Tells which values fulfil a condition."""
    if condition.operator in _OF_LISTS:
        wanted = pa.array(sorted(condition.value), values.type)
        inside = pc.is_in(values, wanted)
        if condition.operator == "in":
            return inside
        return pc.and_(pc.invert(inside), pc.is_valid(values))
    test = _COMPARE[condition.operator]
    return pc.fill_null(test(values, pa.scalar(condition.value, values.type)), False)


def _names_people(condition: Condition) -> bool:
    return condition.column == _PARTICIPANT and condition.operator in (*_EQUAL, "in")


def _values_of(condition: Condition) -> Iterable[str]:
    return condition.value if condition.operator == "in" else [condition.value]


def _days_of(conditions: Sequence[Condition]) -> tuple[date, date]:
    """Returns the first and the last date on which all of some conditions can hold."""
    first, last = date.min, date.max
    for each in conditions:
        if each.column == _TIME and isinstance(each.value, datetime):
            day = _day_of(each.value)
            if each.operator in (*_EQUAL, ">", ">="):
                first = max(first, day)
            if each.operator in (*_EQUAL, "<", "<="):
                last = min(last, day)
    return first, last


def _day_of(time: datetime) -> date:
    return (time if time.tzinfo is None else time.astimezone(UTC)).date()
