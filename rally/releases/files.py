"""Files of a result, as they are published: each is made of the draft and nothing else.

table.csv       the table for spreadsheets and people
table.parquet   the same for programs, with types
card.json       what it says, of whom, at what cost
index.html      the table, its pictures and its card as a page
"""

import csv
import io
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from rally.releases.draft import Draft
from rally.releases.page import make_release_page
from rally.releases.table import ColumnKind
from rally.tables import without_formula

if TYPE_CHECKING:
    import pyarrow as pa

TABLE_CSV, TABLE_PARQUET, CARD, PAGE = (
    "table.csv",
    "table.parquet",
    "card.json",
    "index.html",
)
_PRECISION = 38  # digits of a decimal of 128 bits


def render(draft: Draft) -> Mapping[str, bytes]:
    """Makes all files of a release, by their names."""
    return {
        TABLE_CSV: to_csv(draft).encode(),
        TABLE_PARQUET: to_parquet(draft),
        CARD: card_json(draft).encode(),
        PAGE: make_release_page(draft).encode(),
    }


def to_csv(draft: Draft) -> str:
    """Gives the table as CSV (RFC 4180), a row for each group.

    A label that a spreadsheet would take for a formula begins with an apostrophe; what
    is not shown is empty.
    """
    columns = draft.table.columns
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([without_formula(name) for name, _, _ in columns])
    cells = [
        [_csv_cell(kind, value) for value in values] for _, kind, values in columns
    ]
    writer.writerows(zip(*cells, strict=True))
    return stream.getvalue()


def _csv_cell(kind: ColumnKind, value: str | None) -> str:
    if value is None:
        return ""
    return without_formula(value) if kind is ColumnKind.LABEL else value


def to_parquet(draft: Draft) -> bytes:
    """Gives the table as Parquet: counts and sums are exact, quotients are floats."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = draft.table.columns
    arrays = [_array(kind, values) for _, kind, values in columns]
    table = pa.table(arrays, names=[name for name, _, _ in columns])
    says = {
        "rally.study": draft.study,
        "rally.release": draft.release,
        "rally.draft": draft.sha256,
        "rally.card": json.dumps(_card(draft)),
    }
    stream = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(says), stream, compression="zstd")
    return stream.getvalue()


def _array(kind: ColumnKind, values: tuple[str | None, ...]) -> "pa.Array":
    import pyarrow as pa

    match kind:
        case ColumnKind.LABEL:
            return pa.array(values, pa.string())
        case ColumnKind.COUNT:
            numbers = [None if it is None else int(it) for it in values]
            return pa.array(numbers, pa.int64())
        case ColumnKind.RATIO:
            quotients = [None if it is None else float(it) for it in values]
            return pa.array(quotients, pa.float64())
    digits = max((len(it.partition(".")[2]) for it in values if it), default=0)
    exact = [None if it is None else Decimal(it) for it in values]
    return pa.array(exact, pa.decimal128(_PRECISION, digits))


def card_json(draft: Draft) -> str:
    """Gives the card for programs."""
    content = {
        "study": draft.study,
        "release": draft.release,
        "title": draft.title,
        "draft": draft.sha256,
        "differentially_private": True,
        "card": _card(draft),
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _card(draft: Draft) -> dict[str, str]:
    return {each.key: each.text for each in draft.card}
