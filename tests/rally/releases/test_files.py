"""All that is published is made of the draft, the same each time."""

import csv
import io
import json
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rally.releases.files import render
from rally.releases.table import ColumnKind
from tests.rally.releases.drafts import RELEASE, STUDY, make_draft

FORMULAS = ["=1+1", "+1", "-north", "@sum(a)", "plain"]


@pytest.fixture(scope="module")
def draft():
    return make_draft()


def read_csv(files):
    text = files["table.csv"].decode()
    return list(csv.reader(io.StringIO(text, newline="")))


def test_files_are_the_same_each_time(draft):
    first = render(draft)
    assert list(first) == ["table.csv", "table.parquet", "card.json", "index.html"]
    assert render(draft) == first


def test_csv_has_a_row_for_each_declared_group(draft):
    head, *rows = read_csv(render(draft))
    assert head[:5] == ["region", "age", "pages", "people", "people_error"]
    assert len(head) == len({*head}) == len(draft.table.columns)
    assert len(rows) == draft.table.groups
    for row, region in zip(rows, ["north"] * 4 + ["south"] * 4, strict=True):
        assert row[0] == region
    columns = {name: values for name, _, values in draft.table.columns}
    for at, name in enumerate(head):
        assert [row[at] for row in rows] == [it or "" for it in columns[name]]


def test_labels_are_no_formulas_and_numbers_stay_numbers():
    draft = make_draft(
        group_by=[{"field": "region", "values": FORMULAS}],
        measures=[
            {"name": "s", "sum": "s", "minimum": -9, "maximum": 9, "digits": 1},
            "people",
        ],
        bounds={"groups": 1, "rows_per_group": 1},
        suppress_below=None,
    )
    _, *rows = read_csv(render(draft))
    assert [row[0] for row in rows] == ["'=1+1", "'+1", "'-north", "'@sum(a)", "plain"]
    assert rows[0][1] == "-2.0"
    table = pq.read_table(io.BytesIO(render(draft)["table.parquet"]))
    assert table["region"].to_pylist() == FORMULAS


def test_parquet_has_the_same_values_with_their_types(draft):
    table = pq.read_table(io.BytesIO(render(draft)["table.parquet"]))
    types = {
        ColumnKind.LABEL: pa.string(),
        ColumnKind.COUNT: pa.int64(),
        ColumnKind.RATIO: pa.float64(),
    }
    makes = {ColumnKind.LABEL: str, ColumnKind.COUNT: int, ColumnKind.RATIO: float}
    for name, kind, values in draft.table.columns:
        column = table[name]
        if kind is ColumnKind.DECIMAL:
            assert pa.types.is_decimal(column.type)
        else:
            assert column.type == types[kind]
        make = makes.get(kind, Decimal)
        assert column.to_pylist() == [None if it is None else make(it) for it in values]
    says = table.schema.metadata
    assert says[b"rally.draft"].decode() == draft.sha256
    assert json.loads(says[b"rally.card"])["unit"].startswith("a person")


def test_card_has_what_registry_and_guidance_ask_for(draft):
    content = json.loads(render(draft)["card.json"])
    card = content.pop("card")
    assert content == {
        "study": STUDY,
        "release": RELEASE,
        "title": draft.title,
        "draft": draft.sha256,
        "differentially_private": True,
    }
    registry = {"curator", "intended_use", "description", "date", "flavour", "unit",
                "parameters", "model", "data_domain", "unprotected", "composition",
                "post_processing", "implementation", "security",
                "rationale"}  # fmt: skip
    guidance = {"parameters", "unit", "flavour", "mechanism", "bounds", "composition",
                "utility", "trust", "floating_point", "side_channels", "randomness",
                "security", "collection", "invariants", "hazards"}  # fmt: skip
    assert registry | guidance <= card.keys()
    assert "rho 0.0175, which is epsilon 1" in card["parameters"]
    assert "3 groups and 20 rows" in card["bounds"]
    assert "rho 0.0175 of 0.07" in card["composition"]
    assert "Birds, by University of Ponds" in card["curator"]


def test_nobody_of_the_chain_is_named_in_what_is_published(draft):
    """Who approved is in the ledger; what leaves says how many."""
    files = render(draft)
    for name in ("card.json", "table.csv"):
        assert b'privacy"' not in files[name]
        assert b"steward" not in files[name]
