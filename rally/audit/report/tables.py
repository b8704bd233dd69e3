"""Draws the tables of the page: promises, what breaks them, what stands beside them."""

import re
from collections.abc import Iterable, Sequence

from rally.audit.findings import Check, Status
from rally.audit.report.disclosure import (
    DisclosedCheck,
    DisclosedObservation,
)
from rally.audit.report.wording import PROMISES, how_many
from rally.pages.markup import Markup, element, join
from rally.pages.tables import data_table
from rally.tables import said

_PARTS = re.compile("[^/]*/+|[^/]+")
_MARKS = {
    Status.KEPT: "\N{CHECK MARK}",
    Status.BROKEN: "\N{MULTIPLICATION X}",
    Status.UNKNOWN: "?",
}


def marks(checks: Iterable[DisclosedCheck]) -> Markup:
    """Returns one mark for each promise, which leads to its row."""
    links = element("ol", *(element("li", _mark(each)) for each in checks))
    return element("nav", links, aria_label="Promises", class_="marks")


def promises(checks: Iterable[DisclosedCheck]) -> Markup:
    """Returns the table of promises."""
    head = ("Promise", "Check", "What became of it", "Findings")
    kinds = ("", "whole", "", "number")
    return data_table(head, map(_promise, checks), kinds, "Promises", "promises cards")


def observations(
    parts: Iterable[tuple[Check, Sequence[DisclosedObservation]]],
) -> Markup:
    """Returns a table for each promise of which anything was seen."""
    return join(_observation_table(check, part) for check, part in parts if part)


def _mark(each: DisclosedCheck) -> Markup:
    text = f"{PROMISES[each.check]} {each.status.capitalize()}."
    return element(
        "a",
        _MARKS[each.status],
        href=f"#{each.check}",
        class_=each.status,
        title=text,
        aria_label=text,
    )


def _promise(each: DisclosedCheck) -> tuple[Markup, ...]:
    mark = f"{_MARKS[each.status]} {each.status}"
    return (
        element("span", PROMISES[each.check], id=each.check),
        element("code", each.check),
        element("span", mark, class_=f"mark {each.status}"),
        join([f"{len(each.findings):,}"]),
    )


def _observation_table(check: Check, part: Sequence[DisclosedObservation]) -> Markup:
    columns = 4 if any(each.until for each in part) else 3
    head = ("Where", "What", "Number", "Until")[:columns]
    kinds = ("", "", "number", "whole")[:columns]
    rows = (_observation_row(each)[:columns] for each in part)
    caption = join([PROMISES[check], element("code", check)])
    return data_table(head, rows, kinds, caption, "seen cards", shows_caption=True)


def _observation_row(each: DisclosedObservation) -> tuple[str, ...]:
    return (_path(each.where), each.what, how_many(each), said(each.until))


def _path(where: str) -> Markup:
    """Returns the name of a place; a line ends behind one of its slashes, if it can."""
    parts = _PARTS.findall(where)
    return element("code", *(element("span", part) for part in parts), class_="path")
