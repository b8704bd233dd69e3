"""The table of a release: its groups, noisy numbers, and how far these are off.

Numbers are texts of decimal digits, so that nothing changes them on their way.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import NamedTuple

from rally.releases.cells import ERROR


class ColumnKind(StrEnum):
    """What the values of a column are.

    LABEL: names of groups. COUNT: whole numbers. DECIMAL: sums with digits after the
    point. RATIO: quotients, which are rounded.
    """

    LABEL = "label"
    COUNT = "count"
    DECIMAL = "decimal"
    RATIO = "ratio"


class ReleaseColumn(NamedTuple):
    """One column.

    Attributes:
        name: Name of the column.
        kind: What its values are.
        values: Value of each group; None where there is none to show.
        errors: How far each value is off at most, 19 times in 20, or None; of labels
            empty.
        measure: Name of the measure that it is of; "" of labels.
    """

    name: str
    kind: ColumnKind
    values: tuple[str | None, ...]
    errors: tuple[str | None, ...] = ()
    measure: str = ""

    def without(self, hidden: Collection[int]) -> "ReleaseColumn":
        """Gives the same column, in which some groups show nothing."""

        def shown(values: tuple[str | None, ...]) -> tuple[str | None, ...]:
            pairs = enumerate(values)
            return tuple(None if row in hidden else value for row, value in pairs)

        return self._replace(values=shown(self.values), errors=shown(self.errors))


class ReleaseTable(NamedTuple):
    """A table with a row for each declared group.

    Attributes:
        groups: Number of rows.
        labels: Columns that name the groups; none where there is one group of all.
        numbers: Columns of noisy numbers.
    """

    groups: int
    labels: tuple[ReleaseColumn, ...]
    numbers: tuple[ReleaseColumn, ...]

    @property
    def columns(self) -> tuple[tuple[str, ColumnKind, tuple[str | None, ...]], ...]:
        """Name, kind and values of each column; errors follow their numbers."""
        labels = [(each.name, each.kind, each.values) for each in self.labels]
        numbers = [
            column
            for each in self.numbers
            for column in (
                (each.name, each.kind, each.values),
                (each.name + ERROR, each.kind, each.errors),
            )
        ]
        return (*labels, *numbers)

    def name_of(self, group: int) -> str:
        """Names a group: its labels, or `everybody`."""
        labels = [each.values[group] or "" for each in self.labels]
        return ", ".join(labels) or "everybody"
