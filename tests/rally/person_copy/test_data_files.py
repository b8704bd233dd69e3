"""Rows as a table: values within values have columns, unless there are too many."""

import csv
import io

import pytest

from rally.person_copy.data_files import added, to_csv
from rally.person_copy.records import DocumentCopy, RowCopy
from tests.support.memory_deployment import day, document_id

MOST = 1_000


def row(number, sent):
    return RowCopy(sent, document_id(number), day(number), None, None, "", None, None)


ADDED = len(added(row(0, {})))


def table(*sent):
    """The rows of the table, each by column, without what the platform adds."""
    rows = tuple(row(number, each) for number, each in enumerate(sent))
    text = to_csv(DocumentCopy("visit.1", None, rows))
    read = csv.DictReader(io.StringIO(text, newline=""))
    return [
        {name: text for name, text in each.items() if not name.startswith("added/")}
        for each in read
    ]


def test_values_within_values_have_columns():
    first, second = table({"a": {"b": {"c": 1}, "d": [2]}, "e": "=f"}, {"e": "g"})
    assert first == {"sent/a/b/c": "1", "sent/a/d": "[2]", "sent/e": "'=f"}
    assert second == {"sent/a/b/c": "", "sent/a/d": "", "sent/e": "g"}


@pytest.mark.parametrize("columns", [MOST, MOST + 1])
def test_fields_are_cells_of_json_above_so_many_columns(columns):
    keys = columns - ADDED - 1
    found = table(*({"e": "=f", "map": {f"k{key}": key}} for key in range(keys)))
    if columns > MOST:
        assert found == [
            {"sent/e": "'=f", "sent/map": f'{{"k{key}":{key}}}'} for key in range(keys)
        ]
    else:
        assert found[1]["sent/map/k1"] == "1"
        assert found[2]["sent/map/k1"] == ""
        assert len(found[0]) == columns - ADDED


def test_table_of_distinct_keys_grows_with_its_rows():
    few, many = (
        to_csv(
            DocumentCopy(
                "visit.1",
                None,
                tuple(
                    row(number, {"map": {f"{number:05}": 1}}) for number in range(rows)
                ),
            )
        )
        for rows in (2_000, 4_000)
    )
    assert len(many) < 2.1 * len(few)
