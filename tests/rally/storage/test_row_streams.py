"""Rows of many files come side by side, all equal ones together, in little memory."""

import io
from array import array
from contextlib import closing
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.storage.block_index import Block
from rally.storage.block_writer import encode_block
from rally.storage.container import encode_container
from rally.storage.header import read_header
from rally.storage.objectstore.interface import GenerationMismatch
from rally.storage.partitions import EVERYBODY, Bucket, Range
from rally.storage.row_streams import (
    LAST,
    NotSorted,
    RowStream,
    UnreadableRows,
    batches,
    head,
    make_source,
    row_start,
)
from tests.fakes.memory_store import MemoryStore

WIDTH = 74


def everything(rows):
    return rows


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def source(store, schema, monkeypatch):
    """Makes the source of rows, about ten of which make a block."""
    monkeypatch.setattr("rally.storage.block_writer.BLOCK_BYTES", 800)
    return partial(make, store, schema)


def make(store, schema, rows):
    name = f"{sum(1 for _ in store.list())}.avro"
    data = encode_container(schema, rows, {}, bytes(16), indexed=True)
    store.create(name, data)
    header = read_header(data)
    return make_source(name, partial(store.open, name), header, header.blocks)


def stream(source, *people):
    return RowStream([(source, people or [EVERYBODY])])


def person(number):
    """A participant; a thousand of them spread over all buckets."""
    return number << 118


def test_a_stream_has_the_rows_of_its_people_alone(source, make_row):
    rows = sorted(make_row(person(n * 10)) for n in range(100))
    buckets = [Bucket(4, number).people for number in range(16)]

    for people in ([buckets[2]], [buckets[1], buckets[4]], buckets):
        with closing(stream(source(rows), *people)) as found:
            taken = []
            while found.fill():
                taken += found.take(LAST)
        assert taken == [
            row
            for row in rows
            if any(start <= row[1:37] < end for start, end in people)
        ]


def test_skipping_reads_no_block_before(store, source, make_row, monkeypatch):
    monkeypatch.setattr("rally.storage.row_streams.CHUNK", 1)
    rows = sorted(make_row(person(n)) for n in range(200))
    made = source(rows)
    with closing(stream(made)) as found:
        store.reads.clear()
        found.skip(rows[150])
        assert head([found]) == rows[150]
        assert len(store.reads) <= 2
        found.skip(rows[151][:37])
        assert head([found]) == rows[151]


@pytest.mark.parametrize(
    "order", [[2, 1], [*range(20), 5]], ids=["within a block", "between blocks"]
)
def test_rows_out_of_order_are_told(source, make_row, order):
    rows = [make_row(1, b"", document=number) for number in order]
    with closing(stream(source(rows))) as found, pytest.raises(UnreadableRows) as told:
        list(batches([[found]], [everything], WIDTH))
    assert isinstance(told.value.cause, NotSorted)
    assert told.value.name == "0.avro"


def test_rows_of_another_generation_are_not_read(store, source, make_row):
    made = source([make_row(1)])
    name = "0.avro"
    generation = store.stat(name).generation
    made = made._replace(open=partial(store.open, name, generation))
    store.replace(name, b"else", generation)
    with pytest.raises(GenerationMismatch):
        stream(made).fill()


files = st.lists(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=40),
    min_size=1,
    max_size=5,
)


@given(files=files, width=st.sampled_from([37, WIDTH]), end=st.integers(0, 10))
def test_batches_are_the_sorted_rows_and_equal_ones_come_together(
    schema, make_row, files, width, end
):
    store, all_rows = MemoryStore(), []
    streams = []
    for number, keys in enumerate(files):
        rows = sorted(make_row(person(p), b"%d" % number, d) for p, d in keys)
        all_rows += rows
        streams.append(stream(small(store, schema, rows)))
    limit = row_start(make_row(person(end))[1:37])
    seen, found = set(), []
    for (rows,) in batches([streams], [everything], width, limit):
        keys = {row[:width] for row in rows}
        assert keys.isdisjoint(seen)
        assert not found or found[-1] < min(rows)
        seen |= keys
        found += sorted(rows)
    assert found == sorted(row for row in all_rows if row < limit)


def small(store, schema, rows):
    """A source with a block for every three rows."""
    body, blocks = io.BytesIO(), []
    for start in range(0, len(rows), 3):
        part = rows[start : start + 3]
        frame = encode_block(part, "deflate", bytes(16))
        first, lengths = part[0][1:37].decode(), array("I", map(len, part))
        blocks.append(Block(first, body.tell(), len(frame), len(part), lengths))
        body.write(frame)
    name = f"{sum(1 for _ in store.list())}.avro"
    store.create(name, body.getvalue())
    empty = encode_container(schema, [], {}, bytes(16), indexed=True)
    header = read_header(empty)._replace(length=0)
    return make_source(name, partial(store.open, name), header, blocks)


def test_very_many_equal_rows_need_little_memory(source, make_row):
    rows = sorted(make_row(1, b"%05d" % number) for number in range(500))
    found, held = stream(source(rows)), []

    def first(rows):
        held.append(len(rows))
        return rows[:1]

    ((batch,),) = batches([[found]], [first], WIDTH)
    assert batch[0] == rows[0]
    assert max(held) < 30


def test_a_follower_reads_only_what_its_leader_can_equal(
    store, source, make_row, monkeypatch
):
    monkeypatch.setattr("rally.storage.row_streams.CHUNK", 1)
    rows = sorted(make_row(person(n)) for n in range(300))
    leader, follower = stream(source([rows[7], rows[250]])), stream(source(rows))
    store.reads.clear()
    pairs = []
    for mine, theirs in batches(
        [[leader], [follower]], [everything] * 2, WIDTH, follows=True
    ):
        pairs += [row for row in mine if row in theirs]
    assert pairs == [rows[7], rows[250]]
    assert len(store.reads) < 12


def test_a_range_begins_and_ends_with_a_participant(source, make_row):
    rows = sorted(make_row(n, document=d) for n in range(4) for d in range(3))
    start, end = rows[3][1:37], rows[6][1:37]
    with closing(stream(source(rows), Range(start, end))) as found:
        assert found.fill()
        assert found.take(LAST) == rows[3:6]
