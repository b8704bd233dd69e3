"""Objects with odd names, dates and contents: each is named, and nobody by it."""

import gzip
import os
import tracemalloc
from pathlib import Path

import pytest

from rally.audit.findings import Check
from rally.audit.report.html import to_html
from rally.audit.report.json import to_json
from rally.audit.report.text import to_text
from rally.dead_letters import LetterKind
from rally.events import EventKind
from rally.receipts.changes import changes_name
from rally.receipts.encoding import decode_receipt
from rally.receipts.receipt import receipt_name
from rally.registry.rows import row_schema
from rally.storage.container import encode_container
from rally.storage.layout import new_file
from tests.rally.audit.audited_platform import (
    SEALED_PREFIX,
    count_by_description,
    day_of,
    lines_by_check,
    partition_of,
)
from tests.rally.audit.derived_violations import put_derived, table_of_pseudonyms
from tests.rally.audit.letter_violations import put_letters
from tests.rally.audit.object_violations import RAW_ID
from tests.rally.audit.row_violations import list_names
from tests.support.world import GARDEN, rally_id


def test_raw_id_in_the_name_of_a_damaged_file_is_found_and_not_shown(deployment):
    bare = rally_id(2).replace("-", "")
    deployment.data.create(new_file(partition_of(GARDEN), bare), b"x")
    seen = lines_by_check(deployment.audit())
    assert set(seen) == {Check.FILES, Check.IDS}
    for each in (*seen[Check.FILES], *seen[Check.IDS]):
        assert each.where.endswith("bucket=new/….avro")


def test_receipt_tells_no_number_of_rows(deployment):
    """One row in the place of others, in a file that a receipt knows."""
    receipt = decode_receipt(deployment.platform.read(receipt_name(1)), receipt_name(1))
    now = {(each.name, each.generation) for each in deployment.data.list()}
    name = next(
        file.name
        for file in deployment.changes(receipt)
        if (file.name, file.generation_after) in now
    )
    table = deployment.registry.studies[GARDEN].documents["visit.1"]
    data = encode_container(
        row_schema(table.schema), [deployment.row(0)], {"rally.version": "1"},
        bytes(16), indexed=True,
    )  # fmt: skip
    deployment.data._versions.live[name].data = data
    (seen,) = lines_by_check(deployment.audit())[Check.RECEIPTS]
    assert (seen.where, seen.what) == (changes_name(receipt.changes), "untrue")


@pytest.mark.parametrize("participant", ["nobody", "\u2026" * 36])
@pytest.mark.parametrize("kind", [EventKind.JOINED, EventKind.LEFT])
def test_event_of_nobody_is_named_and_all_else_is_read(deployment, participant, kind):
    deployment.event(kind, 0, GARDEN, 0, participant=participant)
    deployment.put([deployment.row(0, note=rally_id(0))])
    seen = lines_by_check(deployment.audit())
    assert set(seen) == {Check.IDS}
    assert count_by_description(seen[Check.IDS]) == {
        "without a pseudonym": 1,
        RAW_ID: 1,
    }


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_dates_that_never_were_are_no_dates(deployment, day):
    name = list_names(deployment)[0]
    deployment.data.create(name.replace(day_of(0), day), deployment.data.read(name))
    letters = put_letters(
        deployment, [SEALED_PREFIX + bytes(100)], kind=LetterKind.WITHDRAWAL
    )
    data = deployment.platform.read(letters)
    deployment.platform.create(letters.replace(day_of(5), day), data)
    assert set(lines_by_check(deployment.audit())) == {Check.COPIES, Check.DEAD_LETTERS}


def test_names_that_are_no_text_are_named_all_the_same(deployment):
    """Folders of this machine may have any."""
    row, copy = (
        deployment.put([deployment.row(0)]),
        new_file(partition_of(GARDEN), "\udcff"),
    )
    deployment.data.create(copy, deployment.data.read(row)[:-1])
    deployment.platform.create("plans/\udcff", rally_id(0).encode())
    derived = os.fsencode(deployment.derived / "garden") + b"/\xff"
    Path(os.fsdecode(derived)).write_bytes(table_of_pseudonyms(deployment, 1))
    report = deployment.audit()
    assert set(lines_by_check(report)) == {Check.FILES, Check.IDS, Check.DERIVED}
    for render in (to_text, to_json, to_html):
        assert "udcff" in render(report).encode().decode()


def test_derived_tables_are_inflated_piece_by_piece(deployment):
    put_derived(deployment, "big.csv.gz", gzip.compress(bytes([32]) * 100_000_000, 1))
    tracemalloc.start()
    try:
        deployment.audit()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 50_000_000
