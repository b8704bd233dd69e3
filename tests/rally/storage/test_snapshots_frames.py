"""Every block of a file is found, whoever wrote it and wherever reads end."""

import io
from contextlib import suppress
from itertools import pairwise

import avro.schema
import fastavro
import pytest
from avro.datafile import DataFileWriter
from avro.io import DatumWriter
from hypothesis import example, given
from hypothesis import strategies as st

from rally.errors import CorruptFile, UnknownCodec
from rally.storage import snapshots
from rally.storage.block_writer import encode_block
from rally.storage.header import Header, join_header, read_header
from rally.storage.objectstore.local import LocalStore
from rally.storage.snapshots import frame_rows, header_of, walk_frames
from rally.validation.leaves import zig_zag

SYNC = bytes(range(16))
CHUNK = 4 * 1024 * 1024
CUT_OFF = r"^a block is cut off or damaged$"
OTHER_MARKER = r"^a block has another sync marker than the file$"


def file_of(blocks, codec="null"):
    """A file of byte strings, one block for each list of them, written by nobody."""
    frames = [
        encode_block([encoded(row) for row in rows], codec, SYNC) for rows in blocks
    ]
    header = {"avro.schema": b'"bytes"', "avro.codec": codec.encode()}
    return join_header(header, SYNC) + b"".join(frames)


def encoded(row):
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, "bytes", row)
    return stream.getvalue()


def walk(snapshot):
    return list(walk_frames(snapshot, header_of(snapshot)))


def clear_rows(snapshot):
    """The uncompressed rows of all blocks."""
    header = header_of(snapshot)
    frames = walk_frames(snapshot, header)
    return b"".join(frame_rows(frame, header.codec) for frame in frames)


@pytest.mark.parametrize("codec", ["null", "deflate", "bzip2", "xz"])
@pytest.mark.parametrize("interval", [1, 1000, 16_000])
def test_files_of_fastavro_are_walked(open_bytes, codec, interval):
    rows = [b"%d" % n * (n * 7 % 300) for n in range(300)]
    stream = io.BytesIO()
    fastavro.writer(stream, "bytes", rows, codec=codec, sync_interval=interval)
    stream.seek(0)
    found = list(fastavro.block_reader(stream))
    snapshot = open_bytes(stream.getvalue())
    frames = walk(snapshot)
    assert [frame.rows for frame in frames] == [block.num_records for block in found]
    start = header_of(snapshot).length
    assert [frame.offset for frame in frames] == [
        block.offset - start for block in found
    ]
    assert clear_rows(snapshot) == b"".join(map(encoded, rows))


@pytest.mark.parametrize("codec", ["null", "deflate", "bzip2"])
def test_files_of_the_reference_implementation_are_walked(open_bytes, codec):
    rows = [b"%d" % n * (n * 7 % 300) for n in range(300)]
    stream = io.BytesIO()
    schema = avro.schema.parse('"bytes"')
    writer = DataFileWriter(stream, DatumWriter(), schema, codec=codec)
    for number, row in enumerate(rows):
        writer.append(row)
        if number % 100 == 50:
            writer.sync()
    writer.flush()
    snapshot = open_bytes(stream.getvalue())
    frames = walk(snapshot)
    assert [frame.rows for frame in frames] == [51, 100, 100, 49]
    assert clear_rows(snapshot) == b"".join(map(encoded, rows))


def test_file_without_blocks_has_none_to_walk(open_bytes):
    assert walk(open_bytes(file_of([]))) == []


def test_block_without_rows_is_a_block(open_bytes):
    frames = walk(open_bytes(file_of([[], [b"a"], []])))
    assert [(frame.rows, frame.offset) for frame in frames] == [
        (0, 0),
        (1, 18),
        (0, 38),
    ]


@pytest.mark.slow("volumes")
def test_tiny_blocks_are_walked_in_large_reads(open_bytes):
    """Thousands of them, over the ends of reads."""
    count = 2 * CHUNK // 120
    data = file_of([[b"%0100d" % n] for n in range(count)])
    snapshot = open_bytes(data)
    start = header_of(snapshot).length
    del snapshot.store.reads[:]
    frames = list(walk_frames(snapshot, read_header(data)))
    assert len(frames) == count
    assert b"".join(frame.data for frame in frames) == data[start:]
    assert [frame.offset for frame in frames[:2]] == [0, len(frames[0].data)]
    assert len(snapshot.store.reads) <= 3


@pytest.mark.parametrize(
    "sizes",
    [
        [CHUNK + 1],
        [CHUNK - 22, 1],
        [CHUNK - 23, 1],
        [CHUNK - 24, 1],
        [1, 3 * CHUNK, 1, 2],
        [CHUNK // 2, CHUNK, CHUNK // 2, 5 * CHUNK // 2, 10],
    ],
)
def test_blocks_of_any_size_are_walked_and_read_once(open_bytes, sizes):
    data = file_of([[bytes([n]) * size] for n, size in enumerate(sizes)])
    snapshot, header = open_bytes(data), read_header(data)
    lengths = []
    for number, frame in enumerate(walk_frames(snapshot, header)):
        assert frame_rows(frame, "null") == encoded(bytes([number]) * sizes[number])
        lengths.append(len(frame.data))
    assert sum(lengths) == len(data) - header.length
    reads = [(start, start + count) for _, start, count in snapshot.store.reads]
    assert (reads[0][0], reads[-1][1]) == (header.length, len(data))
    assert all(end == start for (_, end), (start, _) in pairwise(reads))
    assert max(end - start for start, end in reads) <= max(CHUNK, *lengths)


@given(st.lists(st.lists(st.binary(max_size=80), max_size=3)), st.integers(1, 120))
@example([[b""]] * 5, 19)
@example([[]] * 5, 18)
def test_blocks_are_found_wherever_reads_end(open_bytes, blocks, chunk):
    data = file_of(blocks)
    snapshot, header = open_bytes(data), read_header(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshots, "_CHUNK", chunk)
        frames = list(walk_frames(snapshot, header))
    assert [frame.rows for frame in frames] == [len(rows) for rows in blocks]
    assert b"".join(frame.data for frame in frames) == data[header.length :]
    assert sum(count for *_, count in snapshot.store.reads) == len(data) - header.length


@pytest.mark.parametrize("chunk", [1, 20, 50, CHUNK])
def test_file_that_is_cut_off_anywhere_is_corrupt_but_between_blocks(
    open_bytes, monkeypatch, chunk
):
    """There only the checksum shows that blocks are missing."""
    monkeypatch.setattr(snapshots, "_CHUNK", chunk)
    data = file_of([[b"one", b"two"], [b""], [b"x" * 100], []])
    header = read_header(data)
    whole = walk(open_bytes(data))
    ends = [header.length + each.offset + len(each.data) for each in whole]
    for end in range(header.length, len(data)):
        found = []
        if end in {header.length, *ends}:
            found.extend(walk_frames(open_bytes(data[:end]), header))
        else:
            with pytest.raises(CorruptFile, match=CUT_OFF):
                found.extend(walk_frames(open_bytes(data[:end]), header))
        assert found == whole[: sum(stop <= end for stop in ends)]


@pytest.mark.parametrize("length", [100, 2**40, 2**62])
def test_block_that_would_end_behind_the_file_is_not_asked_for(tmp_path, length):
    store = LocalStore(str(tmp_path))
    store.create("a", b"\x02" + zig_zag(length) + b"x" * 99 + SYNC)
    with (
        store.open("a") as snapshot,
        pytest.raises(CorruptFile, match=CUT_OFF),
    ):
        list(walk_frames(snapshot, Header({}, SYNC, 0)))


def test_file_that_shrank_is_corrupt(open_shrunk):
    data = file_of([[b"x" * 100]] * 3)
    header = read_header(data)
    for end in range(header.length, len(data)):
        with pytest.raises(CorruptFile, match=CUT_OFF):
            list(walk_frames(open_shrunk(data, end), header))


@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_block_of_another_file_is_corrupt(open_bytes, wrong):
    blocks = [encode_block([encoded(b"a")], "null", SYNC)] * 3
    blocks[wrong] = encode_block([encoded(b"a")], "null", SYNC[::-1])
    found = []
    with pytest.raises(CorruptFile, match=OTHER_MARKER):
        found.extend(walk_frames(open_bytes(b"".join(blocks)), Header({}, SYNC, 0)))
    assert [frame.data for frame in found] == blocks[:wrong]


@given(st.binary(max_size=200))
def test_any_bytes_are_blocks_or_corrupt(open_bytes, data):
    with suppress(CorruptFile):
        frames = list(walk_frames(open_bytes(data), Header({}, SYNC, 0)))
        assert b"".join(frame.data for frame in frames) == data


@given(st.data())
def test_any_flipped_bit_is_blocks_or_corrupt(open_bytes, data):
    whole = file_of([[b"one", b"two"], [b""], [b"x" * 100]], "deflate")
    header = read_header(whole)
    damaged = bytearray(whole)
    position = data.draw(st.integers(header.length, len(whole) - 1))
    damaged[position] ^= 1 << data.draw(st.integers(0, 7))
    with suppress(CorruptFile):
        for frame in walk_frames(open_bytes(bytes(damaged)), header):
            frame_rows(frame, header.codec)


def test_codec_that_is_not_served_is_told(open_bytes):
    header = Header({"avro.codec": b"lz4"}, SYNC, 0)
    snapshot = open_bytes(encode_block([b"a"], "null", SYNC))
    [frame] = walk_frames(snapshot, header)
    with pytest.raises(UnknownCodec):
        frame_rows(frame, header.codec)
