"""Container files are standard Avro, and their index tells the truth."""

import io
import itertools
import zlib

import fastavro
import google_crc32c
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.storage.block_writer import BLOCK_BYTES
from rally.storage.container import encode_container, read_rows
from rally.storage.header import decode_varint, join_header, read_header
from rally.validation.leaves import zig_zag
from tests.rally.storage.header_checksums import seal_of

SYNC = bytes(range(16))
ENTRIES = {"rally.content": "ab" * 32, "rally.version": "1.2.3 \u00fc"}

payloads = st.one_of(
    st.binary(max_size=40),
    st.builds(
        lambda seed, size: (seed + b"\0") * size,
        st.binary(max_size=3),
        st.integers(0, 40_000),
    ),
)
people = st.lists(st.tuples(st.integers(0, 2**128 - 1), payloads), max_size=30)


@pytest.fixture(scope="session")
def make_file(schema):
    """Makes the file of some rows, in their order."""

    def make(rows, *, indexed=True):
        return encode_container(schema, rows, ENTRIES, SYNC, indexed=indexed)

    return make


@pytest.fixture(scope="session")
def several_blocks(make_row):
    """Rows of four blocks, of which the third is one huge row."""
    sizes = [*[1000] * 130, 200_000, *[50] * 3]
    return [make_row(n, bytes([n]) * size) for n, size in enumerate(sizes)]


def walk(data, header):
    """The frames behind a header, read byte by byte as the specification says.

    Yields the offset and length of each, and the clear bytes and number of its rows.
    """
    position = header.length
    while position < len(data):
        start = position
        count, position = decode_varint(data, position)
        size, position = decode_varint(data, position)
        clear = zlib.decompress(data[position : position + size], wbits=-15)
        position += size + 16
        assert data[position - 16 : position] == header.sync
        yield start - header.length, position - start, clear, count


def cut(clear, lengths):
    ends = list(itertools.accumulate(lengths, initial=0))
    assert ends[-1] == len(clear)
    return [clear[start:end] for start, end in itertools.pairwise(ends)]


def test_header_says_what_the_file_holds(make_file, several_blocks, schema):
    data = make_file(several_blocks)
    header = read_header(data)
    assert header.sync == SYNC
    assert header.rows == 134
    assert list(header.entries.items()) == [
        ("avro.schema", schema.encode()),
        ("avro.codec", b"deflate"),
        ("rally.content", b"ab" * 32),
        ("rally.version", "1.2.3 \u00fc".encode()),
        ("rally.rows", b"134"),
        ("rally.checksum", b"%08x" % google_crc32c.value(data[header.length :])),
        ("rally.index", header.entries["rally.index"]),
        ("rally.header", seal_of(header.entries, SYNC)),
        ("rally.row_lengths", header.entries["rally.row_lengths"]),
    ]


def test_header_is_text_for_readers_that_take_it_for_text(make_file, several_blocks):
    reader = fastavro.reader(io.BytesIO(make_file(several_blocks)))
    assert reader.metadata["rally.rows"] == "134"
    assert reader.metadata["rally.version"] == "1.2.3 \u00fc"
    assert reader.codec == "deflate"


def test_index_cuts_every_row(make_file, several_blocks, make_record):
    data = make_file(several_blocks)
    header = read_header(data)
    frames = list(walk(data, header))
    assert [block[1:3] for block in header.blocks] == [frame[:2] for frame in frames]
    assert [block.rows for block in header.blocks] == [count for *_, count in frames]
    cuts = [
        cut(clear, block.row_lengths)
        for block, (_, _, clear, _) in zip(header.blocks, frames, strict=True)
    ]
    assert list(itertools.chain.from_iterable(cuts)) == several_blocks
    assert [block.first for block in header.blocks] == [
        make_record(number)["participant"] for number in (0, 60, 120, 130, 131)
    ]


def test_blocks_are_as_large_as_they_may_be(make_file, several_blocks):
    lengths = [
        block.row_lengths for block in read_header(make_file(several_blocks)).blocks
    ]
    assert [sum(rows) for rows in lengths] == [64_560, 64_560, 10_760, 200_077, 375]
    for rows, following in itertools.pairwise(lengths):
        assert sum(rows) + following[0] > BLOCK_BYTES


def test_row_larger_than_a_block_has_one_of_its_own(make_file, make_row, make_record):
    rows = [make_row(1), make_row(2, b"x" * 300_000), make_row(3)]
    data = make_file(rows)
    blocks = read_header(data).blocks
    assert [list(block.row_lengths) for block in blocks] == [[len(row)] for row in rows]
    assert list(read_rows(data)) == [
        *(make_record(1), make_record(2, b"x" * 300_000), make_record(3))
    ]


@pytest.mark.parametrize("indexed", [True, False])
def test_file_without_rows_is_a_file(make_file, indexed):
    data = make_file([], indexed=indexed)
    header = read_header(data)
    assert header.rows == 0
    assert header.blocks == []
    assert len(data) == header.length
    assert list(read_rows(data)) == []
    assert list(fastavro.reader(io.BytesIO(data))) == []


def test_file_without_index_is_read_like_any_other(make_file, several_blocks):
    indexed, plain = make_file(several_blocks), make_file(several_blocks, indexed=False)
    assert not {"rally.index", "rally.row_lengths"} & set(read_header(plain).entries)
    assert read_header(plain).blocks == []
    assert list(read_rows(plain)) == list(read_rows(indexed))


def test_same_rows_are_the_same_bytes(make_file, several_blocks):
    assert make_file(several_blocks) == make_file(list(several_blocks))


def test_file_of_few_small_rows_is_known_to_the_byte(make_row):
    """What is not compressed is written out; the codec may change its mind."""
    data = encode_container('"s"', [make_row(1)], {"rally.x": "y"}, SYNC, indexed=False)
    header = (
        b'Obj\x01\x0c\x16avro.schema\x06"s"\x14avro.codec\x0edeflate\x0erally.x\x02y'
        b"\x14rally.rows\x021\x1crally.checksum\x10"
    )
    assert data.startswith(header)
    checksum, rest = data[len(header) :][:8], data[len(header) + 8 :]
    assert rest.startswith(b"\x18rally.header\x20")
    seal, rest = rest[14:30], rest[30:]
    assert rest.startswith(b"\0" + SYNC + b"\x02")
    assert data.endswith(SYNC)
    assert checksum == b"%08x" % google_crc32c.value(rest[17:])
    assert seal == seal_of(read_header(data).entries, SYNC)


def test_header_that_is_joined_again_is_the_same(make_file, several_blocks):
    data = make_file(several_blocks)
    header = read_header(data)
    assert join_header(header.entries, SYNC) == data[: header.length]
    assert read_header(join_header(header.entries, SYNC)) == header


names = st.one_of(st.text(), st.sampled_from(["rally.header", "rally.row_lengths"]))


@given(st.dictionaries(names, st.binary()), st.binary(min_size=16, max_size=16))
def test_any_entries_come_back_with_their_seal_and_row_lengths_at_the_end(
    entries, sync
):
    data = join_header(entries, sync)
    header = read_header(data + b"body")
    last = {"rally.header": seal_of(entries, sync)}
    last |= {name: entries[name] for name in entries if name == "rally.row_lengths"}
    rest = {name: entries[name] for name in entries if name not in last}
    assert list(header.entries.items()) == [*rest.items(), *last.items()] or (
        "rally.header" in entries
    )
    assert dict(header.entries) == {**rest, **last}
    assert list(header.entries)[-len(last) :] == list(last)
    assert (header.sync, header.length) == (sync, len(data))


@given(people)
def test_any_rows_come_back_and_are_cut_exactly(
    make_file, make_row, make_record, people
):
    rows = [make_row(*person) for person in people]
    data = make_file(rows)
    header = read_header(data)
    frames = list(walk(data, header))
    records = [make_record(*person) for person in people]
    assert list(read_rows(data)) == records
    assert list(fastavro.reader(io.BytesIO(data))) == records
    assert header.rows == len(rows)
    assert [block[1:3] for block in header.blocks] == [frame[:2] for frame in frames]
    cuts = [
        cut(clear, block.row_lengths)
        for block, (_, _, clear, _) in zip(header.blocks, frames, strict=True)
    ]
    assert list(itertools.chain.from_iterable(cuts)) == rows
    assert [block.first for block in header.blocks] == [
        rows[1:37].decode() for rows, *_ in cuts
    ]
    assert all(len(c) <= BLOCK_BYTES or n == 1 for _, _, c, n in frames)


@given(st.integers(-(2**63), 2**63 - 1), st.binary(max_size=3))
def test_long_is_what_fastavro_writes(value, around):
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, "long", value)
    encoded = zig_zag(value)
    assert encoded == stream.getvalue()
    position = len(around) + len(encoded)
    assert decode_varint(around + encoded + around, len(around)) == (value, position)
