"""What people read of a study."""

import pytest

from rally.registry.report import document_row, promises, table


def test_promises_are_told_by_name(folder):
    told = dict(promises(folder.load().study("rally-x")))
    assert told["do not track"] == "refuse"
    assert told["private browsing"] == "/private"
    assert told["countries"] == "CA, US"
    assert told["derived"] == "gs://tables-of-x"
    assert told["access"] == "x@example.org, MOU 7, 2022-03-10 to 2024-03-27"


@pytest.mark.parametrize(
    ("name", "row"),
    [
        (
            "visit.1",
            ("visit.1", "data", "180", "latest", "3", "2022-02-20", "2023-03-27",
             "ann", "bug 1"),
        ),
        (
            "pioneer-enrollment.1",
            ("pioneer-enrollment.1", "joins", "-", "all", "-", "-", "-", "-", "-"),
        ),
    ],
)  # fmt: skip
def test_document_is_a_row(folder, name, row):
    registry = folder.load()
    document = registry.documents(registry.study("rally-x"))[name]
    assert document_row(document) == row


def test_table_has_columns():
    assert list(table([("A", "LONG"), ("wide", ""), ("b", "c")])) == [
        "A     LONG",
        "wide",
        "b     c",
    ]
