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
from rally.receipts.encoding import decode_receipt
from rally.receipts.receipt import receipt_name
from rally.registry.rows import row_schema
from rally.storage.container import encode_container
from rally.storage.layout import new_file
from tests.rally.audit.place import PREFIX, counts, day_of, found, partition_of
from tests.rally.audit.test_violations import (
    RAW,
    files,
    put_derived,
    put_letters,
    told_of,
)
from tests.support.world import GARDEN, rally_id


def test_raw_id_in_the_name_of_a_damaged_file_is_found_and_not_shown(place):
    bare = rally_id(2).replace("-", "")
    place.data.create(new_file(partition_of(GARDEN), bare), b"x")
    seen = found(place.audit())
    assert set(seen) == {Check.FILES, Check.IDS}
    for each in (*seen[Check.FILES], *seen[Check.IDS]):
        assert each.where.endswith("bucket=new/….avro")


def test_receipt_tells_no_number_of_rows(place):
    """One row in the place of others, in a file that a receipt knows."""
    receipt = decode_receipt(place.platform.read(receipt_name(1)), receipt_name(1))
    now = {(each.name, each.generation) for each in place.data.list()}
    name = next(
        file.name
        for section in receipt.sections
        for file in section.files
        if (file.name, file.generation_after) in now
    )
    table = place.registry.studies[GARDEN].documents["visit.1"]
    data = encode_container(
        row_schema(table), [place.row(0)], {"rally.version": "1"}, bytes(16),
        indexed=True,
    )  # fmt: skip
    place.data._versions.live[name].data = data
    (seen,) = found(place.audit())[Check.RECEIPTS]
    assert (seen.where, seen.what) == (receipt_name(1), "untrue")


@pytest.mark.parametrize("participant", ["nobody", "\u2026" * 36])
@pytest.mark.parametrize("kind", [EventKind.JOINED, EventKind.LEFT])
def test_event_of_nobody_is_named_and_all_else_is_read(place, participant, kind):
    place.event(kind, 0, GARDEN, 0, participant=participant)
    place.put([place.row(0, mark=rally_id(0))])
    seen = found(place.audit())
    assert set(seen) == {Check.IDS}
    assert counts(seen[Check.IDS]) == {"without a pseudonym": 1, RAW: 1}


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_dates_that_never_were_are_no_dates(place, day):
    name = files(place)[0]
    place.data.create(name.replace(day_of(0), day), place.data.read(name))
    letters = put_letters(place, [PREFIX + bytes(100)], kind=LetterKind.WITHDRAWAL)
    data = place.platform.read(letters)
    place.platform.create(letters.replace(day_of(5), day), data)
    assert set(found(place.audit())) == {Check.COPIES, Check.DEAD_LETTERS}


def test_names_that_are_no_text_are_named_all_the_same(place):
    """Folders of this machine may have any."""
    row, copy = place.put([place.row(0)]), new_file(partition_of(GARDEN), "\udcff")
    place.data.create(copy, place.data.read(row)[:-1])
    place.platform.create("plans/\udcff", rally_id(0).encode())
    derived = os.fsencode(place.derived / "garden") + b"/\xff"
    Path(os.fsdecode(derived)).write_bytes(told_of(place, 1))
    report = place.audit()
    assert set(found(report)) == {Check.FILES, Check.IDS, Check.DERIVED}
    for render in (to_text, to_json, to_html):
        assert "udcff" in render(report).encode().decode()


def test_derived_tables_are_inflated_piece_by_piece(place):
    put_derived(place, "big.csv.gz", gzip.compress(bytes([32]) * 100_000_000, 1))
    tracemalloc.start()
    try:
        place.audit()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 50_000_000
