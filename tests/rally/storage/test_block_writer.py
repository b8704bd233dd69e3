"""Blocks are written one after the other, copied as they stand, and indexed truly."""

import io
import itertools
from array import array

import google_crc32c
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.errors import UnknownCodec
from rally.storage.block_index import Block, is_consistent
from rally.storage.block_writer import BLOCK_BYTES, BlockWriter, encode_block
from rally.storage.header import Header
from rally.storage.snapshots import cut_block, frame_rows, parse_frame

SYNC = bytes(range(16))
CODECS = ["null", "deflate", "bzip2", "xz", "snappy", "zstandard"]


@pytest.fixture
def file():
    return io.BytesIO()


@pytest.fixture(scope="session")
def make_frame(make_row):
    """Makes a block of these people's rows, and its entry in another file's index."""

    def make(*people, codec="deflate"):
        rows = [make_row(person, b"copied") for person in people]
        frame = encode_block(rows, codec, SYNC)
        first = rows[0][1:37].decode()
        lengths = array("I", map(len, rows))
        return frame, Block(first, 999, len(frame), len(rows), lengths)

    return make


def crc(data):
    return f"{google_crc32c.value(data):08x}"


def rows_in(body, blocks, codec="deflate"):
    """The rows of each block, cut out where the index says."""
    header = Header({"avro.codec": codec.encode()}, SYNC, 0)
    ends = [(block.offset, block.offset + block.length) for block in blocks]
    return [
        cut_block(body[start:end], header, block)
        for (start, end), block in zip(ends, blocks, strict=True)
    ]


def frames_in(body):
    """The frames of a body, one after the other."""
    offset = 0
    while offset < len(body):
        frame = parse_frame(body[offset:], offset, SYNC)
        yield frame
        offset += len(frame.data)


def test_writer_without_rows_writes_nothing(file):
    writer = BlockWriter(file, SYNC, indexed=True)
    assert writer.finish() == ([], "00000000")
    assert (writer.rows, writer.length, file.getvalue()) == (0, 0, b"")


@pytest.mark.parametrize("codec", CODECS)
def test_block_says_its_rows_and_length_and_ends_with_the_marker(codec, make_row):
    rows = [make_row(n, b"x" * 100) for n in range(70)]
    frame = parse_frame(encode_block(rows, codec, SYNC) + b"more", 7, SYNC)
    assert (frame.offset, frame.rows) == (7, 70)
    assert frame_rows(frame, codec) == b"".join(rows)
    assert frame.data.endswith(SYNC)


@pytest.mark.parametrize("codec", CODECS)
def test_rows_become_blocks_that_the_index_cuts(file, make_row, codec):
    rows = [make_row(n, bytes([n]) * 10_000) for n in range(20)]
    writer = BlockWriter(file, SYNC, codec, indexed=True)
    for row in rows:
        writer.add(row)
    blocks, checksum = writer.finish()
    body = file.getvalue()
    assert [block.rows for block in blocks] == [6, 6, 6, 2]
    assert is_consistent(blocks, len(body), 20)
    assert list(itertools.chain(*rows_in(body, blocks, codec))) == rows
    assert (writer.rows, writer.length, checksum) == (20, len(body), crc(body))


def test_full_blocks_are_written_while_rows_come(file, make_row):
    writer = BlockWriter(file, SYNC, indexed=True)
    row = make_row(1, b"x" * 1000)
    fits = BLOCK_BYTES // len(row)
    for _ in range(fits):
        writer.add(row)
    assert (file.tell(), writer.rows, writer.length) == (0, 0, 0)
    writer.add(row)
    assert writer.rows == fits
    assert file.tell() == writer.length > 0


def test_codec_that_is_not_served_is_told(file, make_row):
    writer = BlockWriter(file, SYNC, "lz4", indexed=True)
    writer.add(make_row(1))
    with pytest.raises(UnknownCodec):
        writer.finish()
    assert file.getvalue() == b""


def test_offsets_count_from_where_the_writer_began(file, make_row):
    file.write(b"header")
    writer = BlockWriter(file, SYNC, indexed=True)
    writer.add(make_row(1))
    [block], checksum = writer.finish()
    body = file.getvalue()[6:]
    assert block[:3] == (make_row(1)[1:37].decode(), 0, len(body))
    assert checksum == crc(body)


def test_writer_without_index_keeps_none(file):
    writer = BlockWriter(file, SYNC, indexed=False)
    writer.add(b"no participant")
    blocks, checksum = writer.finish()
    assert blocks == []
    assert [each.rows for each in frames_in(file.getvalue())] == [1]
    assert (writer.rows, checksum) == (1, crc(file.getvalue()))


def test_writer_that_has_finished_says_the_same_again(file, make_row):
    writer = BlockWriter(file, SYNC, indexed=True)
    writer.add(make_row(1))
    assert writer.finish() == writer.finish()
    assert writer.rows == 1


@given(
    st.lists(st.integers(0, 30_000), max_size=40), st.sampled_from(["null", "deflate"])
)
def test_rows_of_any_size_make_a_true_index(make_row, sizes, codec):
    body = io.BytesIO()
    written = [make_row(number, b"x" * size) for number, size in enumerate(sizes)]
    writer = BlockWriter(body, SYNC, codec, indexed=True)
    for row in written:
        writer.add(row)
    blocks, checksum = writer.finish()
    data = body.getvalue()
    assert is_consistent(blocks, len(data), len(written))
    assert [len(block.row_lengths) for block in blocks] == [
        block.rows for block in blocks
    ]
    assert list(itertools.chain(*rows_in(data, blocks, codec))) == written
    assert (writer.rows, writer.length) == (len(written), len(data))
    assert checksum == crc(data)
