"""What people read of a study."""

import pytest

from rally.registry.report import ACCESS, DOCUMENTS, promises
from rally.tables import Table, to_records


def test_promises_are_told_by_name(folder):
    study = folder.load().study("rally-x")
    told = promises(study)
    assert told["do_not_track"] == "refuse"
    assert told["private_browsing"] == "/private"
    assert told["countries"] == ["CA", "US"]
    assert told["derived"] == ("gs://tables-of-x",)
    assert to_records(Table(ACCESS, study.access)) == [
        {
            "group": "x@example.org",
            "agreement": "MOU 7",
            "since": "2022-03-10",
            "until": "2024-03-27",
        }
    ]


@pytest.mark.parametrize(
    ("name", "row"),
    [
        (
            "visit.1",
            ("visit.1", "data", 180, None, "latest", 3, "2022-02-20", "2023-03-27",
             "ann", "bug 1"),
        ),
        (
            "pioneer-enrollment.1",
            ("pioneer-enrollment.1", "joins", None, None, "all", *[None] * 5),
        ),
    ],
)  # fmt: skip
def test_document_is_a_row(folder, name, row):
    registry = folder.load()
    document = registry.documents(registry.study("rally-x"))[name]
    (record,) = to_records(Table(DOCUMENTS, [document]))
    assert tuple(record.values()) == row
