"""The pictures of the page, each with what it says in numbers."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from rally.audit.report.charts import (
    AGES,
    KINDS,
    Markup,
    Stack,
    StackedBars,
    TimeBars,
    element,
    join,
)
from rally.audit.report.disclosure import (
    Disclosed,
    DisclosedGroup,
    DisclosedReport,
    in_short,
    total,
)
from rally.audit.report.tables import data_table
from rally.audit.report.time_axis import Axis, Step
from rally.audit.report.wording import in_rows
from rally.registry.report import said
from rally.withdrawal.overview import BLOCKED, REQUESTED
from rally.withdrawal.withdrawal_list import State

_MOST_BARS = 400
_MOST_BARS_AHEAD = 120
_AHEAD = (Step.DAY, Step.MONTH, Step.YEAR)
_STATES = (REQUESTED, State.ACTIVE, BLOCKED, *State)
"""In the order of bars; what comes twice has its place where it comes first."""

_UNREGISTERED = "not in the registry"
_OVERDUE = -1
_AGES_IN_SHORT = ("< 7 days", "< 30 days", "Older")


def rows_by_day(told: DisclosedReport) -> Markup:
    """One picture a study, all over the same time, each to its own scale."""
    if not told.rows:
        return element("p", "No row was read.", class_="soft")
    axis = Axis.over((day for _, day in told.rows), _MOST_BARS)
    figures = (
        _study(told, study, _rows_of(f"rows-{at}", study, axis, days, told.threshold))
        for at, (study, days) in enumerate(_by_study(told.rows).items())
    )
    keys = (("rows", f"rows by {axis.step}"),)
    return join([_legend(keys, "day", told.threshold), *figures])


def withdrawals(told: DisclosedReport) -> Markup:
    """One bar a state, of all scopes."""
    if not told.withdrawals:
        return element("p", "Nobody has asked to leave.", class_="soft")
    states = _by_state(told.withdrawals)
    bars = StackedBars("withdrawals", "Withdrawals by state and age", states)
    return element(
        "figure",
        _wide(bars.draw()),
        _legend(zip(KINDS, AGES, strict=True), "study", told.threshold),
        _behind(_group_table(told.withdrawals)),
    )


def expiry(told: DisclosedReport) -> Markup:
    """One bar a day, month or year from the audit on, and one of what is overdue."""
    if not told.expiring:
        return element("p", "Nothing that was read expires.", class_="soft")
    bars = _expiry_bars(told)
    keys = [("rows", f"rows by {bars.axis.step}")]
    if bars.is_late:
        keys.append(("late", "overdue"))
    return element(
        "figure",
        _wide(bars.draw()),
        _legend(keys, "study and day", told.threshold),
        _behind(_expiry_table(told, bars.axis)),
    )


def _expiry_bars(told: DisclosedReport) -> TimeBars:
    now, days = told.as_of.date(), _by_day(told.expiring)
    ahead = {day: rows for day, rows in days.items() if day > now}
    axis = Axis.over((now, *ahead), _MOST_BARS_AHEAD, _AHEAD)
    return TimeBars(
        name="expiry",
        title="Rows by when they expire",
        axis=axis,
        counts=axis.gather(ahead),
        threshold=told.threshold,
        overdue=total(rows for day, rows in days.items() if day <= now),
        tallest=150,
        widest=56,
    )


def _rows_of(
    name: str, study: str, axis: Axis, days: Mapping[date, Disclosed], threshold: int
) -> TimeBars:
    title = f"Rows of {study} by {axis.step}"
    return TimeBars(name, title, axis, axis.gather(days), threshold)


def _study(told: DisclosedReport, study: str, bars: TimeBars) -> Markup:
    rows = total(bars.counts.values())
    each = f"fewer than {told.threshold} rows a day"
    caption = element(
        "figcaption",
        element("h3", study),
        element("span", told.studies.get(study, _UNREGISTERED), class_="state"),
        element("span", each if rows.is_hidden else in_rows(rows), class_="sum"),
    )
    return element("figure", caption, _wide(bars.draw()), _behind(_period_table(bars)))


def _by_study(
    rows: Mapping[tuple[str, date], Disclosed],
) -> dict[str, dict[date, Disclosed]]:
    studies: dict[str, dict[date, Disclosed]] = {}
    for (study, day), told in rows.items():
        studies.setdefault(study, {})[day] = told
    return studies


def _by_day(rows: Mapping[tuple[str, date], Disclosed]) -> dict[date, Disclosed]:
    days: dict[date, list[Disclosed]] = {}
    for (_, day), told in rows.items():
        days.setdefault(day, []).append(told)
    return {day: total(parts) for day, parts in days.items()}


def _by_state(groups: Sequence[DisclosedGroup]) -> dict[str, Stack]:
    found = {each.state for each in groups}
    known = [each for each in dict.fromkeys(_STATES) if each in found]
    states = [*known, *sorted(found.difference(_STATES))]
    return {
        state: _stack([each for each in groups if each.state == state])
        for state in states
    }


def _stack(groups: Sequence[DisclosedGroup]) -> Stack:
    ages = zip(*(each.ages for each in groups), strict=True)
    return Stack(total(each.people for each in groups), tuple(map(total, ages)))


def _period_table(bars: TimeBars) -> Markup:
    rows = (
        (bars.axis.label(index), in_short(told)) for index, told in bars.counts.items()
    )
    return data_table((bars.axis.step.capitalize(), "Rows"), rows, ("whole", "number"))


def _group_table(groups: Iterable[DisclosedGroup]) -> Markup:
    head = ("Left", "State", "People", *_AGES_IN_SHORT, "Oldest", "Deadline", "Late")
    kinds = ("", "", *["number"] * 4, "whole", "whole", "number")
    return data_table(head, map(_group_row, groups), kinds)


def _group_row(each: DisclosedGroup) -> tuple[str, ...]:
    numbers = map(in_short, (each.people, *each.ages))
    days = said(each.oldest), said(each.deadline)
    return (each.scope, each.state, *numbers, *days, in_short(each.late))


def _expiry_table(told: DisclosedReport, axis: Axis) -> Markup:
    parts: dict[tuple[int, str], list[Disclosed]] = {}
    for (study, day), rows in told.expiring.items():
        when = _OVERDUE if day <= axis.first else axis.index(day)
        parts.setdefault((when, study), []).append(rows)
    cells = (
        (
            "overdue" if when == _OVERDUE else axis.label(when),
            study,
            in_short(total(each)),
        )
        for (when, study), each in sorted(parts.items())
    )
    head = (axis.step.capitalize(), "Study", "Rows")
    return data_table(head, cells, ("whole", "", "number"))


def _legend(keys: Iterable[tuple[str, str]], each: str, threshold: int) -> Markup:
    """What the colours mean; and hatching, which stands for few of `each`."""
    few = f"some, but too few to tell: fewer than {threshold} a {each}"
    known = [*keys, *([("hidden", few)] if threshold > 1 else [])]
    items = (
        element("li", element("i", class_=kind), meaning) for kind, meaning in known
    )
    return element("ul", *items, class_="legend")


def _wide(inside: Markup) -> Markup:
    return element("div", inside, class_="wide")


def _behind(inside: Markup) -> Markup:
    """What a picture says in numbers, for who wants them."""
    return element("details", element("summary", "In numbers"), inside)
