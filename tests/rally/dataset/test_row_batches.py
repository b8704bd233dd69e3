"""Rows of damaged files: each is named as such, and none is anything worse."""

import io
import json

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.dataset.row_batches import intersect
from rally.registry.rows import row_schema
from rally.storage.block_index import Block, pack_index, pack_row_lengths
from rally.storage.header import INDEX, ROW_LENGTHS, SCHEMA, join_header, read_header
from rally.storage.partitions import EVERYBODY, Range
from rally.storage.row_streams import UnreadableRows
from tests.rally.compaction.memory_study import MemoryStudy, Row, partition
from tests.rally.dataset.tables import rows_of, scan
from tests.support.foreign_avro import FORMS, write_foreign

ROWS = sorted(Row(n % 16, n, 0, n, "a" * n) for n in range(40))


def own_file(registries):
    study = MemoryStudy(registries[4])
    (name,) = study.add(*ROWS)
    return study.store.read(name)


def foreign_file(registries):
    study = MemoryStudy(registries[4])
    schema = json.loads(row_schema(study.schema()))
    parsed = fastavro.parse_schema(json.loads(row_schema(study.schema())))
    records = [
        fastavro.schemaless_reader(io.BytesIO(study.encode(row)), parsed, None)
        for row in ROWS
    ]
    return write_foreign(FORMS["Spark"], schema, records, codec="null")


def read_file(registries, data, read=rows_of):
    """The rows of a store with one file; None where that is named as unreadable."""
    study = MemoryStudy(registries[4])
    name = f"{partition().folder}part-0.avro"
    study.store.create(name, data)
    try:
        return read(scan(study))
    except UnreadableRows as error:
        return None if error.name == name else error


def validate(scanned):
    for batch in scanned.read():
        batch.validate(full=True)


@pytest.mark.parametrize("make", [own_file, foreign_file])
@given(data=st.data())
def test_damaged_files_are_named(registries, make, data):
    damaged = bytearray(make(registries))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place] = data.draw(st.integers(0, 255))
    end = data.draw(st.sampled_from([len(damaged), len(damaged) - 1, 1000]))

    assert read_file(registries, bytes(damaged[:end]), validate) is None


def relabelled(registries, change):
    """The file with an index that says something else of its blocks."""
    data = own_file(registries)
    header = read_header(data)
    blocks = [change(block) for block in header.blocks]
    index = {INDEX: pack_index(blocks), ROW_LENGTHS: pack_row_lengths(blocks)}
    entries = {**header.entries, **index}
    return join_header(entries, header.sync) + data[header.length :]


def moved(block: Block) -> Block:
    first, second, *rest = block.row_lengths
    return block._replace(row_lengths=[first + 1, second - 1, *rest])


@pytest.mark.parametrize(
    "change",
    [
        moved,
        lambda block: block._replace(row_lengths=[1] * block.rows),
        lambda block: block._replace(row_lengths=[0] * block.rows),
        lambda block: block._replace(row_lengths=[2**32 - 1] * block.rows),
        lambda block: block._replace(first="9" * 36),
    ],
)
def test_index_that_lies_is_damage(registries, change):
    assert read_file(registries, relabelled(registries, lambda it: it)) == ROWS
    assert read_file(registries, relabelled(registries, change)) is None


def test_schema_that_is_endless_is_damage(registries):
    data = own_file(registries)
    header = read_header(data)
    schema = header.entries[SCHEMA]
    entries = {**header.entries, SCHEMA: schema + b" " * 5_000_000}

    whole = join_header(entries, header.sync) + data[header.length :]
    assert read_file(registries, whole) is None


def test_ranges_are_intersected():
    low, high = Range(b"0", b"4"), Range(b"6", b"8")

    assert intersect([low, high], [EVERYBODY]) == [low, high]
    assert intersect([EVERYBODY], [low, high]) == [low, high]
    assert intersect([Range(b"3", b"7")], [low, high]) == [
        Range(b"3", b"4"),
        Range(b"6", b"7"),
    ]
    assert intersect([Range(b"4", b"6")], [low, high]) == []
