"""What people read of a study."""

from pathlib import Path

import pytest
import yaml

from rally.registry.approvals import Approvals
from rally.registry.report import ACCESS, DOCUMENTS, ReviewedDocument, promises
from rally.tables import Table, to_records
from tests.support.reviews import write_reviews


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
            ("visit.1", "data", 180, None, "latest", 1, "2022-03-10", "2023-03-27",
             ["r1"]),
        ),
        ("joined.1", ("joined.1", "joins", None, None, "all", 1, None, None, [])),
        (
            "pioneer-enrollment.1",
            ("pioneer-enrollment.1", "joins", None, None, "all", 1, "0001-01-01", None,
             []),
        ),
    ],
)  # fmt: skip
def test_document_is_a_row_with_what_its_reviews_say(folder, name, row):
    write_reviews(Path(folder.write()))
    review = folder.root / "rally-x" / "reviews" / "r1.yaml"
    record = yaml.safe_load(review.read_text())
    record["covers"] = [each for each in record["covers"] if "visit" in str(each)]
    review.write_text(yaml.safe_dump(record))
    registry = folder.load()
    document = registry.documents(registry.study("rally-x"))[name]
    (approval,) = Approvals.of_registry(registry).of(document)
    (record,) = to_records(Table(DOCUMENTS, [ReviewedDocument(document, approval)]))
    assert tuple(record.values()) == (*row, document.schema.fingerprint)
