"""Words on a recipe, for whoever signs it."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from rally.registry.registry import Registry
from rally.releases.recipe import (
    Between,
    Filter,
    Grouping,
    Measure,
    MeasureKind,
    Recipe,
    Value,
)
from rally.releases.recipe_checks import categories_of

_MOST_SHOWN = 20  # of the values of one field; the file has all


def describe_recipe(recipe: Recipe, registry: Registry) -> Iterator[str]:
    """Says in lines what a recipe releases, of what, and at which cost.

    Args:
        recipe: Recipe that has no fault.
        registry: Registry of the studies.
    """
    windows = len(list(recipe.windows()))
    yield f"{recipe.name}, by {recipe.author}: {recipe.question}"
    yield f"use: {recipe.purpose}"
    days = f"{', '.join(recipe.documents)}, {recipe.first} to {recipe.last}"
    parts = f", in {windows:,} releases" if recipe.window_days else ""
    yield f"rows: {days}{parts}"
    for each in recipe.filters:
        yield f"only: {_describe_filter(each)}"
    for group in recipe.group_by:
        yield f"groups: {_describe_grouping(group)}"
    yield f"groups together: {recipe.groups:,}"
    for measure in recipe.measures:
        yield f"measure: {_describe_measure(measure)}"
    yield (
        f"a person counts in at most {recipe.bounds.groups:,} groups, with at most"
        f" {recipe.bounds.rows:,} rows in each"
    )
    for name, category in categories_of(recipe, registry).items():
        yield f"reads {name}: category {category}"
    for name in recipe.demographics:
        yield f"reads the demographic {name} of people who agreed to it"
    if recipe.suppress_below is not None:
        fewest = f"{recipe.suppress_below:,}"
        yield f"leaves out groups of fewer than {fewest} people, as the noise has it"
    yield f"costs rho {recipe.rho:f} a release, {recipe.rho * windows:f} together"
    yield f"fingerprint: {recipe.fingerprint}"


def _describe_filter(filter: Filter) -> str:
    if isinstance(filter, Between):
        bounds = (("at least", filter.at_least), ("at most", filter.at_most))
        given = (f"{word} {each:f}" for word, each in bounds if each is not None)
        return f"{filter.field} {' and '.join(given)}"
    return f"{filter.field} is {_listed(filter.values)}"


def _describe_grouping(grouping: Grouping) -> str:
    return f"{grouping.field}: {_listed(grouping.labels)}"


def _describe_measure(measure: Measure) -> str:
    match measure.kind:
        case MeasureKind.PEOPLE | MeasureKind.ROWS:
            what = f"number of {measure.kind}"
        case MeasureKind.HISTOGRAM:
            what = f"rows by {measure.field}: {_listed(_bands(measure.edges))}"
        case _:
            what = (
                f"{measure.kind} of {measure.field}, each within {measure.minimum:f}"
                f" and {measure.maximum:f}, to {measure.digits} digits"
            )
    share = f"; weight {measure.weight}" if measure.weight > 1 else ""
    return f"{measure.name}: {what}{share}"


def _bands(edges: Sequence[Decimal]) -> tuple[Value, ...]:
    return Grouping("", edges=tuple(edges)).labels


def _listed(values: Sequence[Value]) -> str:
    shown = ", ".join(map(str, values[:_MOST_SHOWN]))
    more = len(values) - _MOST_SHOWN
    return f"{shown} and {more:,} more" if more > 0 else shown
