"""Makes the tables of a page, each row of which is a card on a narrow screen."""

from collections.abc import Iterable, Sequence

from rally.pages.markup import Markup, element


def data_table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    kinds: Sequence[str],
    caption: str,
    kind: str = "",
    *,
    shows_caption: bool = False,
) -> Markup:
    """Returns a table of which the first column names the row.

    Args:
        head: Names of the columns.
        rows: Cells, text or Markup, as many as in the head.
        kinds: Classes of the columns, as many as in the head; "" is none.
        caption: Subject of the table, text or Markup.
        kind: Classes of the table; "" is none.
        shows_caption: Whether eyes need the caption, too: not below a heading or a
            chart that says the same.
    """
    names = (
        element("th", name, scope="col", class_=kind or None)
        for name, kind in zip(head, kinds, strict=True)
    )
    return element(
        "table",
        element("caption", caption, class_=None if shows_caption else "aloud"),
        element("thead", element("tr", *names)),
        element("tbody", *(_row(head, row, kinds) for row in rows)),
        class_=kind or None,
    )


def _row(head: Sequence[str], cells: Sequence[str], kinds: Sequence[str]) -> Markup:
    first = element("th", cells[0], class_=kinds[0] or None, scope="row")
    rest = zip(head[1:], cells[1:], kinds[1:], strict=True)
    return element(
        "tr",
        first,
        *(
            element("td", cell, class_=kind or None, data_label=name)
            for name, cell, kind in rest
        ),
    )
