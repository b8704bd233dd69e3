"""Writes a person's rows of one document, as JSON lines and as CSV."""

import csv
import io
import json
import math
from collections.abc import Iterator
from typing import Any

from rally.person_copy.records import DocumentCopy, RowCopy
from rally.tables import without_formula
from rally.times import moment

_SENT, _ADDED = "sent", "added"

_MOST_COLUMNS = 1_000
"""Number of columns above which values within values have none of their own.

The keys of a map are the client's, and each row may have others: rows times columns
grow as the square of the rows then.
"""


def to_json_lines(document: DocumentCopy) -> str:
    """Returns a line of JSON for each row.

    `sent` is the message as the client sent it, less the person's id; `added` is what
    the platform stores beside it.
    """
    lines = (
        json.dumps(
            {_SENT: row.sent, _ADDED: added(row)},
            ensure_ascii=False,
            separators=(",", ":"),
        )
        for row in document.rows
    )
    return "".join(f"{line}\n" for line in lines)


def added(row: RowCopy) -> dict[str, str | None]:
    """Returns what the platform stores of a row beside the message."""
    return {
        "document_id": row.document_id,
        "submission_timestamp": moment(row.sent_at),
        "client_agent": row.client_agent,
        "source_tags": row.source_tags,
        "schema": row.fingerprint or None,
        "deletion": row.deletion,
        "kept_through": row.kept_through.isoformat() if row.kept_through else None,
    }


def to_csv(document: DocumentCopy) -> str:
    """Returns a table of CSV (RFC 4180), a row for each message.

    Values within values have columns such as `sent/metrics/page`; a list is a cell of
    JSON. Where that makes too many columns, each field of the message is one cell of
    JSON. A text that a spreadsheet would take for a formula begins with an apostrophe.
    """
    rows = [dict(_cells(row)) for row in document.rows]
    columns = _columns_of(rows)
    if len(columns) > _MOST_COLUMNS:
        rows = [dict(_cells(row, levels=1)) for row in document.rows]
        columns = _columns_of(rows)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([without_formula(name) for name in columns])
    for row in rows:
        writer.writerow([row.get(name, "") for name in columns])
    return stream.getvalue()


def _columns_of(rows: list[dict[str, str]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _cells(row: RowCopy, levels: float = math.inf) -> Iterator[tuple[str, str]]:
    yield from _flat(_ADDED, added(row), 1)
    yield from _flat(_SENT, row.sent, levels)


def _flat(path: str, value: Any, levels: float) -> Iterator[tuple[str, str]]:
    """Yields names and texts of cells; below so many levels all is one cell."""
    if isinstance(value, dict) and value and levels > 0:
        for name, each in value.items():
            yield from _flat(f"{path}/{name}", each, levels - 1)
    elif isinstance(value, str):
        yield path, without_formula(value)
    else:
        yield path, "" if value is None else _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
