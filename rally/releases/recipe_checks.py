"""Holds a recipe against the registry: its fields exist, and single out nobody.

A filter or a group of one person's own making is what a differencing attack asks for.
Noise hides people from it all the same; what is refused here keeps a reviewer from
having to see it.
"""

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from enum import Enum
from itertools import chain

from rally.dataset.documented_columns import DocumentedColumn, document_columns
from rally.dataset.names import ROW_COLUMNS
from rally.decisions.contents import Role
from rally.errors import ConfigurationError
from rally.fields import Place
from rally.registry.categories import HIGHEST, SIGNED_CATEGORIES
from rally.registry.registry import Registry
from rally.registry.study import WITHOUT_ROWS, Study, StudyKind
from rally.releases.cells import Cells
from rally.releases.demographics import find_demographic
from rally.releases.noise import noise_of
from rally.releases.recipe import Grouping, MeasureKind, OneOf, Recipe, Value
from rally.validation.integer_bounds import LONG
from rally.validation.leaves import Leaf

_IS_ID = "is an id, by which people could be told apart"
_IS_TIME = "is a time; from and until choose days"
_OF_ENVELOPE = "is of the ping's envelope, which no review describes"
_NO_FIELDS = {
    "participant": _IS_ID,
    "document_id": _IS_ID,
    "submission_timestamp": _IS_TIME,
}
_FREE_METRICS = ("text", "url")
"""Types of Glean's metrics whose values nobody lists."""

_LONGEST_TEXT = 255
"""Greatest length, in bytes, of a text that is a name or a code."""

_OF_ONE_PERSON = re.compile(
    r"\d{4}-\d{2}-\d{2}T.*"  # a time of a day
    r"|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"  # a UUID
    r"|.*(?:://|@).*"  # a page's or a person's address
)


class _Kind(Enum):
    """Kind of a column's values, as far as recipes tell them apart."""

    TEXT = "texts"
    BOOLEAN = "true or false"
    INTEGER = "whole numbers"
    NUMBER = "numbers"
    TIME = "times"
    ID = "ids"
    OTHER = "no single value"


_FORMATS = {"uuid": _Kind.ID, "glean-datetime": _Kind.TIME}
_NUMBERS = (_Kind.INTEGER, _Kind.NUMBER)
_VALUES: dict[_Kind, type[Value]] = {
    _Kind.TEXT: str,
    _Kind.BOOLEAN: bool,
    _Kind.INTEGER: int,
}


def find_faults(recipe: Recipe, registry: Registry, place: Place) -> Iterator[str]:
    """Finds what keeps a recipe from being approved or released.

    Args:
        recipe: Recipe.
        registry: Registry of the studies.
        place: Its file, for messages.

    Yields:
        One line each.
    """
    yield from _impossible_tables(recipe, place)
    study = registry.study(recipe.namespace)
    if study is None:
        yield str(place.error(f"{recipe.namespace} does not load; correct it first"))
    elif study.kind is StudyKind.PLATFORM:
        what = f"{study.namespace} is the platform's own, of which nothing is released"
        yield str(place.error(what))
    else:
        yield from _Checks(recipe, registry, study, place).faults()


def _impossible_tables(recipe: Recipe, place: Place) -> Iterator[str]:
    """Finds what no table of the recipe's measures could have."""
    kinds = {each.kind for each in recipe.measures}
    if recipe.suppress_below is not None and MeasureKind.PEOPLE not in kinds:
        what = "needs a measure of people, whose noisy number it is about"
        yield str(place.at("suppress_below").error(what))
    try:
        noise_of(recipe, Cells(recipe))
    except ConfigurationError as error:
        what = str(error).removeprefix(f"{recipe.name}: ")
        yield str(place.at("measures").error(what))


def signing_areas(recipe: Recipe, registry: Registry) -> tuple[Role, ...]:
    """Gives the areas that sign a recipe: privacy too, where it takes more care.

    Args:
        recipe: Recipe, be it a faulty one.
        registry: Registry of the studies.
    """
    categories = set(categories_of(recipe, registry).values())
    if recipe.demographics or not categories.isdisjoint(SIGNED_CATEGORIES):
        return (Role.STEWARD, Role.PRIVACY)
    return (Role.STEWARD,)


def categories_of(recipe: Recipe, registry: Registry) -> dict[str, int]:
    """Gives the category of each column that a recipe reads.

    It is the highest of all documents; what nobody describes is of the highest there
    is.
    """
    study = registry.study(recipe.namespace)
    documents = [
        study.documents.get(name) if study else None for name in recipe.documents
    ]
    known = [document_columns(each) if each else {} for each in documents]
    return {
        name: max(_category_of(columns.get(name)) for columns in known)
        for name in recipe.columns
    }


def _category_of(column: DocumentedColumn | None) -> int:
    return column.field.category if column and column.field else HIGHEST


class _Checks:
    """Checks one recipe of a study."""

    def __init__(
        self, recipe: Recipe, registry: Registry, study: Study, place: Place
    ) -> None:
        self._recipe, self._registry, self._study = recipe, registry, study
        self._place = place
        self._columns = {
            name: document_columns(document)
            for name in recipe.documents
            if (document := study.documents.get(name))
        }

    def faults(self) -> Iterator[str]:
        """Finds all of them, each once: two documents may have the same."""
        found = chain(
            self._of_documents(),
            self._of_filters(),
            self._of_groups(),
            self._of_measures(),
        )
        return iter(dict.fromkeys(map(str, found)))

    def _of_documents(self) -> Iterator[ConfigurationError]:
        place = self._place.at("documents")
        for name in self._recipe.documents:
            document = self._study.documents.get(name)
            if document is None:
                known = ", ".join(sorted(self._study.documents))
                what = f"{name} is no document of {self._study.namespace}; it has"
                yield place.error(f"{what} {known}")
            elif document.means in WITHOUT_ROWS:
                yield place.error(f"{name} has no rows that could be counted")

    def _of_filters(self) -> Iterator[ConfigurationError]:
        for index, each in enumerate(self._recipe.filters):
            place = self._place.at("filters", index)
            yield from self._find_missing(place.at("field"), each.field)
            for column in self._columns_named(each.field):
                if isinstance(each, OneOf):
                    entry, values = "one_of", each.values
                else:
                    entry = "at_most" if each.at_least is None else "at_least"
                    values = ()
                yield from _find_choice_faults(place, "field", column, entry, values)
                if column.field and column.field.category == HIGHEST:
                    yield place.at("field").error(
                        f"{each.field} is of category 4, by which nobody is picked out;"
                        " group by declared values of it"
                    )

    def _of_groups(self) -> Iterator[ConfigurationError]:
        for index, each in enumerate(self._recipe.group_by):
            place = self._place.at("group_by", index)
            entry = "bands" if each.edges else "values"
            if each.is_demographic:
                yield from self._of_demographic(place, each, entry)
                continue
            yield from self._find_missing(place.at("field"), each.field)
            for column in self._columns_named(each.field):
                yield from _find_choice_faults(
                    place, "field", column, entry, each.values
                )

    def _of_demographic(
        self, place: Place, grouping: Grouping, entry: str
    ) -> Iterator[ConfigurationError]:
        found = find_demographic(self._registry, grouping.field)
        if found is None:
            yield place.at("demographic").error(
                f"{grouping.field} is nothing that people tell the platform"
            )
        elif found.column is not None:
            yield from _find_choice_faults(
                place, "demographic", found.column, entry, grouping.values
            )
        elif grouping.edges:
            yield place.at("bands").error(
                f"{grouping.field} has no numbers; name values of it"
            )
        else:
            known = tuple(found.answers)
            yield from _find_unlisted(place.at("values"), grouping.values, known)

    def _of_measures(self) -> Iterator[ConfigurationError]:
        for index, each in enumerate(self._recipe.measures):
            if each.field is None:
                continue
            place = self._place.at("measures", index, each.kind)
            yield from self._find_missing(place, each.field)
            for column in self._columns_named(each.field):
                if why := _why_nobody_counts(column):
                    yield place.error(f"{each.field} {why}")
                elif (kind := _kind_of(column)) not in _NUMBERS:
                    yield place.error(f"{each.field} has {kind.value}, and no numbers")

    def _columns_named(self, name: str) -> list[DocumentedColumn]:
        """Gives the column of each document that has it."""
        return [each[name] for each in self._columns.values() if name in each]

    def _find_missing(self, place: Place, name: str) -> Iterator[ConfigurationError]:
        """Finds documents that have no such column, or none that a recipe may use."""
        if name in ROW_COLUMNS:
            yield place.error(f"{name} {_NO_FIELDS.get(name, _OF_ENVELOPE)}")
            return
        for document, columns in self._columns.items():
            if name not in columns:
                close = get_close_matches(name, columns, 1)
                or_else = f"; is {close[0]} meant?" if close else ""
                yield place.error(f"{name} is no column of {document}{or_else}")


def _find_choice_faults(
    place: Place,
    named_by: str,
    column: DocumentedColumn,
    entry: str,
    values: Sequence[Value],
) -> Iterator[ConfigurationError]:
    """Finds why rows cannot be chosen or grouped by a column as an entry says.

    Args:
        place: Place of the filter, or of the grouping.
        named_by: Entry that names the column.
        column: Column.
        entry: Entry that says what is chosen.
        values: Values of that entry; none where it has numbers as bounds.
    """
    kind, name = _kind_of(column), column.name
    if why := _why_nobody_counts(column):
        yield place.at(named_by).error(f"{name} {why}")
    elif not values:
        if kind not in _NUMBERS:
            what = f"{name} has {kind.value}, and no numbers; name values of it"
            yield place.at(entry).error(what)
    elif kind not in _VALUES:
        yield place.at(entry).error(f"{name} has {kind.value}; give bounds or bands")
    elif type(values[0]) is not _VALUES[kind]:
        yield place.at(entry).error(f"must be {kind.value}, as {name} has")
    elif kind is _Kind.TEXT:
        yield from _find_text_faults(place, named_by, column, entry, values)
    elif kind is _Kind.INTEGER:
        low, high = column.type.bounds if isinstance(column.type, Leaf) else LONG
        for index, value in enumerate(values):
            if not low <= int(value) <= high:
                what = f"is no value that {name} can have, {low} to {high}"
                yield place.at(entry, index).error(what)


def _find_text_faults(
    place: Place,
    named_by: str,
    column: DocumentedColumn,
    entry: str,
    values: Sequence[Value],
) -> Iterator[ConfigurationError]:
    """Finds why texts of a column cannot be chosen; see `_find_choice_faults`."""
    leaf = column.type
    if isinstance(leaf, Leaf) and leaf.symbols:
        yield from _find_unlisted(place.at(entry), values, leaf.symbols)
    elif _is_free_text(column):
        yield place.at(named_by).error(
            f"{column.name} is free text, which may say anything; have the schema list"
            " its values"
        )
    else:
        for index, value in enumerate(values):
            if _OF_ONE_PERSON.fullmatch(str(value)):
                yield place.at(entry, index).error(
                    "is a time, an id or an address, which may be one person's"
                )


def _find_unlisted(
    place: Place, values: Sequence[Value], known: Sequence[str]
) -> Iterator[ConfigurationError]:
    """Finds values that the schema does not have."""
    for index, value in enumerate(values):
        if value not in known:
            what = f"is none of its values, {', '.join(known)}"
            yield place.at(index).error(what)


def _why_nobody_counts(column: DocumentedColumn) -> str:
    """Says why no recipe may use a column; "" where it may."""
    kind = _kind_of(column)
    if kind is _Kind.ID or (column.field and column.field.identifier):
        return _IS_ID
    if kind is _Kind.TIME:
        return _IS_TIME
    if kind is _Kind.OTHER or column.field is None:
        return "has no single value in a row"
    return ""


def _is_free_text(column: DocumentedColumn) -> bool:
    """Tells whether a text that no schema lists may be any words."""
    leaf, path = column.type, column.path
    limit = leaf.limit if isinstance(leaf, Leaf) else None
    return (
        (path[0] == "metrics" and path[1] in _FREE_METRICS)
        or (column.field is not None and column.field.category == HIGHEST)
        or (limit is not None and (limit.max_bytes or limit.fast_bytes) > _LONGEST_TEXT)
    )


def _kind_of(column: DocumentedColumn) -> _Kind:
    leaf = column.type
    if not isinstance(leaf, Leaf):
        return _Kind.OTHER
    if leaf.name in ("int", "long"):
        return _Kind.TIME if leaf.variant else _Kind.INTEGER
    if leaf.name in ("float", "double"):
        return _Kind.NUMBER
    if leaf.name == "boolean":
        return _Kind.BOOLEAN
    if leaf.format is not None:
        return _FORMATS.get(leaf.format.name, _Kind.TEXT)
    is_text = leaf.symbols or (leaf.name == "string" and not leaf.variant)
    return _Kind.TEXT if is_text else _Kind.OTHER
