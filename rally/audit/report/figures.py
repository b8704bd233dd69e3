"""Makes the page's figures: charts, each with a legend and with its numbers."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from rally.audit.report.charts import (
    AGES,
    KINDS,
    Stack,
    StackedBars,
    TimeBars,
)
from rally.audit.report.disclosure import (
    DisclosedGroup,
    DisclosedReport,
)
from rally.audit.report.time_axis import Axis, Step
from rally.audit.report.wording import in_rows
from rally.disclosure import Disclosed, in_short, total
from rally.pages.markup import Markup, element, join
from rally.pages.tables import data_table
from rally.tables import said
from rally.withdrawal.overview import BLOCKED, REQUESTED
from rally.withdrawal.withdrawal_list import RequestState

_MOST_BARS = 400
_MOST_BARS_AHEAD = 120
_AHEAD = (Step.DAY, Step.MONTH, Step.YEAR)
_STATES = (REQUESTED, RequestState.ACTIVE, BLOCKED, *RequestState)
"""States in the order of their bars; of two places of one state the first counts."""

_WITHDRAWALS = "Withdrawals by state and age"
_EXPIRY = "Rows by when they expire"
_UNREGISTERED = "not in the registry"
_OVERDUE = -1
_AGES_IN_SHORT = ("< 7 days", "< 30 days", "Older")


def rows_by_day(report: DisclosedReport) -> Markup:
    """Returns one chart a study, all over the same time, each to its own scale."""
    if not report.rows:
        return element("p", "No row was read.", class_="soft")
    axis = Axis.over((day for _, day in report.rows), _MOST_BARS)
    figures = []
    for at, (study, days) in enumerate(_by_study(report.rows).items()):
        counts, title = axis.gather(days), f"Rows of {study} by {axis.step}"
        bars = TimeBars(f"rows-{at}", title, axis, counts, report.threshold)
        figures.append(_study(report, study, bars))
    keys = (("rows", f"rows by {axis.step}"),)
    return join([_legend(keys, "day", report.threshold), *figures])


def withdrawals(report: DisclosedReport) -> Markup:
    """Returns a chart of the requests of all scopes, one bar a state."""
    if not report.withdrawals:
        return element("p", "Nobody has asked to leave.", class_="soft")
    states = _by_state(report.withdrawals)
    bars = StackedBars("withdrawals", _WITHDRAWALS, states)
    return element(
        "figure",
        bars.draw(),
        _legend(zip(KINDS, AGES, strict=True), "study", report.threshold),
        _in_numbers(_group_table(report.withdrawals)),
    )


def expiry(report: DisclosedReport) -> Markup:
    """Returns a chart of the days, months or years ahead, and of what is overdue."""
    if not report.expiring:
        return element("p", "Nothing that was read expires.", class_="soft")
    bars = _expiry_bars(report)
    keys = [("rows", f"rows by {bars.axis.step}")]
    if bars.has_overdue:
        keys.append(("late", "overdue"))
    return element(
        "figure",
        bars.draw(),
        _legend(keys, "study and day", report.threshold),
        _in_numbers(_expiry_table(report, bars.axis)),
    )


def _expiry_bars(report: DisclosedReport) -> TimeBars:
    now, days = report.as_of.date(), _by_day(report.expiring)
    ahead = {day: rows for day, rows in days.items() if day > now}
    axis = Axis.over((now, *ahead), _MOST_BARS_AHEAD, _AHEAD)
    return TimeBars(
        name="expiry",
        title=_EXPIRY,
        axis=axis,
        counts=axis.gather(ahead),
        threshold=report.threshold,
        overdue=total(rows for day, rows in days.items() if day <= now),
        tallest=150,
        widest=7,
    )


def _study(report: DisclosedReport, study: str, bars: TimeBars) -> Markup:
    rows = total(bars.counts.values())
    each = f"fewer than {report.threshold} rows a day"
    caption = element(
        "figcaption",
        element("h3", study),
        element("span", report.studies.get(study, _UNREGISTERED), class_="state"),
        element("span", each if rows.is_hidden else in_rows(rows), class_="sum"),
    )
    return element("figure", caption, bars.draw(), _in_numbers(_period_table(bars)))


def _by_study(
    rows: Mapping[tuple[str, date], Disclosed],
) -> dict[str, dict[date, Disclosed]]:
    studies: dict[str, dict[date, Disclosed]] = {}
    for (study, day), count in rows.items():
        studies.setdefault(study, {})[day] = count
    return studies


def _by_day(rows: Mapping[tuple[str, date], Disclosed]) -> dict[date, Disclosed]:
    days: dict[date, list[Disclosed]] = {}
    for (_, day), count in rows.items():
        days.setdefault(day, []).append(count)
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
        (bars.axis.label(index), in_short(count))
        for index, count in bars.counts.items()
    )
    head = (bars.axis.step.capitalize(), "Rows")
    return data_table(head, rows, ("whole", "number"), bars.title)


def _group_table(groups: Iterable[DisclosedGroup]) -> Markup:
    head = ("Left", "State", "People", *_AGES_IN_SHORT, "Oldest", "Deadline", "Late")
    kinds = ("", "", *["number"] * 4, "whole", "whole", "number")
    return data_table(head, map(_group_row, groups), kinds, _WITHDRAWALS, "cards")


def _group_row(each: DisclosedGroup) -> tuple[str, ...]:
    numbers = map(in_short, (each.people, *each.ages))
    days = said(each.oldest), said(each.deadline)
    return (each.scope, each.state, *numbers, *days, in_short(each.late))


def _expiry_table(report: DisclosedReport, axis: Axis) -> Markup:
    parts: dict[tuple[int, str], list[Disclosed]] = {}
    for (study, day), rows in report.expiring.items():
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
    return data_table(head, cells, ("whole", "", "number"), _EXPIRY)


def _legend(keys: Iterable[tuple[str, str]], each: str, threshold: int) -> Markup:
    """Returns the meaning of colours, and of hatching, which is few of `each`."""
    few = f"some, but too few to tell: fewer than {threshold} a {each}"
    known = [*keys, *([("hidden", few)] if threshold > 1 else [])]
    items = (
        element("li", element("i", class_=kind), meaning) for kind, meaning in known
    )
    return element("ul", *items, class_="legend")


def _in_numbers(inside: Markup) -> Markup:
    """Returns a chart's numbers, which a reader opens on a screen."""
    return element("details", element("summary", "In numbers"), inside)
