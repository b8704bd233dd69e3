"""The tables of the page: promises, what breaks them, what stands beside them."""

from collections.abc import Iterable, Sequence

from rally.audit.findings import Check, Status
from rally.audit.report.charts import Markup, element, join
from rally.audit.report.disclosure import DisclosedCheck, DisclosedSeen
from rally.audit.report.wording import PROMISES, how_many
from rally.registry.report import said

_MARKS = {
    Status.KEPT: "\N{CHECK MARK}",
    Status.BROKEN: "\N{MULTIPLICATION X}",
    Status.UNKNOWN: "?",
}


def data_table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    kinds: Sequence[str],
    caption: str = "",
    kind: str = "",
) -> Markup:
    """A table, of which the first column names the row.

    Args:
        head: names of the columns.
        rows: text or Markup, as many as in the head.
        kinds: as many classes, by which columns are set; "" is none.
        caption: what it is of, text or Markup.
        kind: class of the table.
    """
    names = (
        element("th", name, scope="col", class_=kind or None)
        for name, kind in zip(head, kinds, strict=True)
    )
    parts = (
        element("caption", caption) if caption else "",
        element("thead", element("tr", *names)),
        element("tbody", *(_row(row, kinds) for row in rows)),
    )
    return element("div", element("table", *parts, class_=kind or None), class_="wide")


def strip(checks: Iterable[DisclosedCheck]) -> Markup:
    """All promises at a glance: a mark each, which leads to its row."""
    return element("ol", *map(_glance, checks), class_="strip")


def promises(checks: Iterable[DisclosedCheck]) -> Markup:
    """The table of promises."""
    head = ("Promise", "Check", "What became of it", "Findings")
    return data_table(head, map(_promise, checks), ("", "whole", "", "number"))


def seen(parts: Iterable[tuple[Check, Sequence[DisclosedSeen]]]) -> Markup:
    """Tables of what was seen, one a promise of which there was anything."""
    return join(_seen_table(check, part) for check, part in parts if part)


def _glance(each: DisclosedCheck) -> Markup:
    said_of_it = f"{PROMISES[each.check]} {each.status.capitalize()}."
    link = element(
        "a",
        _MARKS[each.status],
        href=f"#{each.check}",
        class_=each.status,
        title=said_of_it,
        aria_label=said_of_it,
    )
    return element("li", link)


def _promise(each: DisclosedCheck) -> tuple[Markup, ...]:
    return (
        element("span", PROMISES[each.check], id=each.check),
        element("code", each.check),
        element(
            "span", f"{_MARKS[each.status]} {each.status}", class_=f"mark {each.status}"
        ),
        join([f"{len(each.findings):,}"]),
    )


def _seen_table(check: Check, part: Sequence[DisclosedSeen]) -> Markup:
    columns = 4 if any(each.until for each in part) else 3
    head, kinds = ("Where", "What", "Number", "Until"), ("", "", "number", "whole")
    rows = (_seen_row(each)[:columns] for each in part)
    caption = join([PROMISES[check], element("code", check)])
    return data_table(head[:columns], rows, kinds[:columns], caption, "seen")


def _seen_row(each: DisclosedSeen) -> tuple[str, ...]:
    return (element("code", each.where), each.what, how_many(each), said(each.until))


def _row(cells: Sequence[str], kinds: Sequence[str]) -> Markup:
    first = element("th", cells[0], class_=kinds[0] or None, scope="row")
    rest = zip(cells[1:], kinds[1:], strict=True)
    return element(
        "tr", first, *(element("td", cell, class_=kind or None) for cell, kind in rest)
    )
