"""Recipes: what a table of aggregates holds, before anybody has looked at the data.

    schemas/rally-birds/releases/weekly.yaml

A recipe declares groups, measures, bounds of what one person contributes, and what the
release costs. People approve its fingerprint, and a job makes the table of it. Nothing
in it is taken from the data: what follows from the data tells of people (NIST SP
800-226, sections 3 and 4.2).
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from math import prod
from typing import NamedTuple

from rally.storage.container import canonical_json

FOLDER = "releases"
"""Folder of a study's recipes, beside its study.yaml."""

MOST_CELLS = 10_000
"""Most noisy numbers of one release."""

_WORDS = frozenset({"question", "purpose"})
"""What a recipe says to people; other words make no other result."""

Value = str | bool | int
"""Value of a field that a recipe names: a text, true or false, or a whole number."""


class OneOf(NamedTuple):
    """Filter: rows whose field has one of some values.

    Attributes:
        field: Column of the documents' tables; see rally.dataset.names.
        values: Values, each another.
    """

    field: str
    values: tuple[Value, ...]


class Between(NamedTuple):
    """Filter: rows whose number is within bounds, which belong to them.

    Attributes:
        field: Column of the documents' tables.
        at_least: Lower bound; None bounds nothing.
        at_most: Upper bound; None bounds nothing.
    """

    field: str
    at_least: Decimal | None
    at_most: Decimal | None


Filter = OneOf | Between


class Grouping(NamedTuple):
    """One dimension of the groups: declared values of a field, or bands of a number.

    Rows that are in none of them count in no group.

    Attributes:
        field: Column of the documents' tables; or name of a demographic.
        is_demographic: Whether it is what a person told the platform; see
            rally.releases.demographics.
        values: Values, each another; none where there are bands.
        edges: Edges of the bands, rising: each band has its lower edge and lacks the
            upper one.
    """

    field: str
    is_demographic: bool = False
    values: tuple[Value, ...] = ()
    edges: tuple[Decimal, ...] = ()

    @property
    def labels(self) -> tuple[Value, ...]:
        """Names of the values or bands, in their order: `18 to 25`."""
        return self.values or band_labels(self.edges)


class MeasureKind(StrEnum):
    """What is counted of the rows of a group.

    PEOPLE: people with a row. ROWS: rows. SUM: sum of a clamped number. MEAN: the same
    sum, and the rows that have the number. HISTOGRAM: rows in each band of a number.
    """

    PEOPLE = "people"
    ROWS = "rows"
    SUM = "sum"
    MEAN = "mean"
    HISTOGRAM = "histogram"


class Measure(NamedTuple):
    """One measure of each group.

    Attributes:
        name: Name, which begins its columns of the table.
        kind: Kind.
        weight: Share of the release's rho beside the weights of the others.
        field: Column of the number; None of people and rows.
        minimum: Number to which smaller ones are raised, of a sum or a mean.
        maximum: Number to which greater ones are lowered.
        digits: Digits after the point to which each number is rounded before it is
            added: sums are whole numbers of this unit.
        edges: Edges of a histogram's bands, as of a Grouping.
    """

    name: str
    kind: MeasureKind
    weight: int = 1
    field: str | None = None
    minimum: Decimal = Decimal(0)
    maximum: Decimal = Decimal(0)
    digits: int = 0
    edges: tuple[Decimal, ...] = ()

    @property
    def cells(self) -> int:
        """Noisy numbers of one group."""
        if self.kind is MeasureKind.HISTOGRAM:
            return len(self.edges) - 1
        return 2 if self.kind is MeasureKind.MEAN else 1

    @property
    def unit_range(self) -> tuple[int, int]:
        """Least and greatest contribution of a row to a sum, in units of `digits`."""
        scale = 10**self.digits
        return int(self.minimum * scale), int(self.maximum * scale)


class Bounds(NamedTuple):
    """Bounds of what one person contributes.

    Attributes:
        groups: Most groups in which a person counts, at least 1.
        rows: Most rows of a person that count in each of them, at least 1.
    """

    groups: int
    rows: int


class Window(NamedTuple):
    """Submission dates of the rows of one release, UTC.

    Attributes:
        first: First day.
        last: Last day.
    """

    first: date
    last: date

    def is_over(self, now: datetime) -> bool:
        """Tells whether all of its days have passed, at a time in UTC."""
        return now.date() > self.last


@dataclass(frozen=True, slots=True)
class Recipe:
    """One file of a study's releases.

    Attributes:
        namespace: Namespace of the study.
        id: Name of the file, without its suffix.
        question: Question that the result answers, in words.
        author: Name of the person who answers for it, as the chain knows them.
        purpose: Use of the result, in words.
        documents: Names of the documents whose rows count, sorted.
        first: First submission date.
        last: Last submission date.
        window_days: Days of each release, which follow each other from `first` on; None
            makes one release of all days.
        filters: Conditions, all of which a row meets.
        group_by: Dimensions of the groups; none makes one group of all.
        measures: Measures, each of another name.
        bounds: Bounds of what one person contributes to a release.
        rho: Privacy loss of each release in zCDP.
        suppress_below: Noisy number of people below which a group is not shown; None
            shows all.
    """

    namespace: str
    id: str
    question: str
    author: str
    purpose: str
    documents: tuple[str, ...]
    first: date
    last: date
    window_days: int | None
    filters: tuple[Filter, ...]
    group_by: tuple[Grouping, ...]
    measures: tuple[Measure, ...]
    bounds: Bounds
    rho: Decimal
    suppress_below: int | None

    @property
    def name(self) -> str:
        """Namespace and id, for messages: `rally-birds/releases/weekly`."""
        return f"{self.namespace}/{FOLDER}/{self.id}"

    @property
    def groups(self) -> int:
        """Number of groups, all of which the table has."""
        return prod(len(each.labels) for each in self.group_by)

    @property
    def cells(self) -> int:
        """Number of noisy numbers of a release."""
        return self.groups * sum(each.cells for each in self.measures)

    @property
    def demographics(self) -> tuple[str, ...]:
        """Names of the demographics that it groups by."""
        return tuple(each.field for each in self.group_by if each.is_demographic)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the documents' tables that it reads, each once."""
        used = (
            *(each.field for each in self.filters),
            *(each.field for each in self.group_by if not each.is_demographic),
            *(each.field for each in self.measures if each.field is not None),
        )
        return tuple(dict.fromkeys(used))

    @property
    def fingerprint(self) -> str:
        """SHA-256, in hex, of all that changes the result, and of its author.

        People approve it. A better wording of question and purpose needs no new
        approval, and neither does another order of the file's entries.
        """
        content = {
            each.name: _plain(getattr(self, each.name))
            for each in fields(self)
            if each.name not in _WORDS and getattr(self, each.name) is not None
        }
        return hashlib.sha256(canonical_json(content).encode()).hexdigest()

    def windows(self) -> Iterator[Window]:
        """Gives the days of each of its releases, in their order."""
        if self.window_days is None:
            yield Window(self.first, self.last)
            return
        first, length = self.first, timedelta(days=self.window_days)
        while first <= self.last:
            yield Window(first, first + length - timedelta(days=1))
            first += length

    def release_id(self, window: Window) -> str:
        """Names the release of a window: `weekly.2026-06-01`, or `survey`."""
        return f"{self.id}.{window.first}" if self.window_days else self.id

    def window_of(self, release: str) -> Window | None:
        """Finds the window of a release by its id; None where it has no such one."""
        known = {self.release_id(each): each for each in self.windows()}
        return known.get(release)


def recipe_of(release: str) -> str:
    """Gives the id of the recipe that a release's id names."""
    return release.partition(".")[0]


def band_labels(edges: tuple[Decimal, ...]) -> tuple[str, ...]:
    """Names the bands between edges: `18 to 25`."""
    return tuple(f"{low:f} to {high:f}" for low, high in pairwise(edges))


def _plain(value: object) -> object:
    """Gives a value as JSON has it, equal numbers alike: 0.50 is 0.5."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        if hasattr(value, "_asdict"):
            entries = value._asdict().items()
            return {name: _plain(each) for name, each in entries}
        return [_plain(each) for each in value]
    return value
