"""Files are read in parts: headers, blocks and rows, ours and those of others."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.errors import CorruptFile
from rally.storage.block_index import Block
from rally.storage.block_writer import encode_block
from rally.storage.container import encode_container
from rally.storage.header import Header, join_header, read_header
from rally.storage.objectstore.local import LocalStore
from rally.storage.snapshots import (
    Frame,
    cut,
    cut_block,
    header_of,
    parse_frame,
    read_block,
    walk_frames,
)
from rally.validation.leaves import zig_zag

SYNC = bytes(range(16))
READ = 64 * 1024
CUT_OFF = r"^a block is cut off or damaged$"
OTHER_MARKER = r"^a block has another sync marker than the file$"


@pytest.mark.parametrize(
    "length", [200, READ - 1, READ, READ + 1, 4 * READ, 4 * READ + 1, 3_000_000]
)
def test_header_is_read_whatever_its_length(open_bytes, length):
    longest = join_header({"rally.x": b"x" * length}, SYNC)
    data = join_header({"rally.x": b"x" * (2 * length - len(longest))}, SYNC)
    assert len(data) in (length, length - 1)  # a shorter text has a shorter length
    for body in (b"", b"body" * 100_000):
        snapshot = open_bytes(data + body)
        assert header_of(snapshot) == read_header(data)
        reads = [(start, start + count) for _, start, count in snapshot.store.reads]
        assert [start for start, _ in reads] == [0, *(end for _, end in reads[:-1])]
        assert reads[-1][1] <= max(READ, 4 * len(data))
        assert len(reads) <= 4


@pytest.mark.parametrize("padding", [0, 2 * READ])
def test_header_that_is_cut_off_anywhere_is_corrupt(open_bytes, padding):
    data = join_header({"rally.x": b"x" * padding, "rally.y": b"y"}, SYNC)
    ends = {*range(0, len(data), 997), *range(50), *range(len(data) - 60, len(data))}
    for end in sorted(each for each in ends if 0 <= each < len(data)):
        message = "no Avro container file" if end < 4 else "the header is cut off"
        with pytest.raises(CorruptFile, match=f"^{message}$"):
            header_of(open_bytes(data[:end]))


@pytest.mark.parametrize(
    ("begin", "message"),
    [
        (b"PAR1", "no Avro container file"),
        (b"Obj\x01\x02\x02\xff\x02x\0" + SYNC, "the header is damaged"),
        (join_header({"a": b"x"}, SYNC).replace(b"x", b"y"), "the header is damaged"),
    ],
    ids=["no Avro", "no text", "another checksum"],
)
def test_rest_of_a_file_without_a_header_is_not_read(open_bytes, begin, message):
    snapshot = open_bytes(begin + bytes(1_000_000))
    with pytest.raises(CorruptFile, match=f"^{message}$"):
        header_of(snapshot)
    assert snapshot.store.reads == [("a", 0, READ)]


@pytest.mark.parametrize("end", [100, READ, READ + 100])
def test_header_of_a_file_that_shrank_is_corrupt(open_shrunk, end):
    data = join_header({"rally.x": b"x" * 200_000}, SYNC)
    with pytest.raises(CorruptFile, match=r"^the header is cut off$"):
        header_of(open_shrunk(data, end))


def test_frame_is_the_block_at_the_beginning():
    frame = b"\x04\x06abc" + SYNC
    assert parse_frame(frame, 9, SYNC) == Frame(9, 2, frame, 2)
    assert parse_frame(frame + frame, 9, SYNC) == Frame(9, 2, frame, 2)
    assert parse_frame(b"\0\0" + SYNC, 0, SYNC) == Frame(0, 0, b"\0\0" + SYNC, 2)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"", CUT_OFF, id="nothing"),
        pytest.param(b"\x04", CUT_OFF, id="no length"),
        pytest.param(b"\x04\x86", CUT_OFF, id="half a length"),
        pytest.param(b"\x04\x06ab", CUT_OFF, id="half the rows"),
        pytest.param(b"\x04\x06abc" + SYNC[:-1], CUT_OFF, id="half the marker"),
        pytest.param(b"\x03\x06abc" + SYNC, CUT_OFF, id="rows below zero"),
        pytest.param(b"\x04\x05abc" + SYNC, CUT_OFF, id="a length below zero"),
        pytest.param(b"\xff" * 10 + b"\0" + SYNC, CUT_OFF, id="more than 64 bits"),
        pytest.param(b"\x04" + b"\xff" * 11 + SYNC, CUT_OFF, id="a length of more"),
        pytest.param(b"\x04\x06abc" + SYNC[::-1], OTHER_MARKER, id="another marker"),
        pytest.param(b"\x04\x04abc" + SYNC, OTHER_MARKER, id="a byte too short"),
        pytest.param(b"\x04\x08abc" + SYNC + b"x", OTHER_MARKER, id="one too long"),
    ],
)
def test_frame_says_what_is_wrong_with_it(open_bytes, data, message):
    with pytest.raises(CorruptFile, match=message):
        parse_frame(data, 0, SYNC)
    if data:
        with pytest.raises(CorruptFile):
            list(walk_frames(open_bytes(data), Header({}, SYNC, 0)))


@given(st.binary())
def test_any_bytes_are_a_frame_or_corrupt(data):
    with suppress(CorruptFile):
        frame = parse_frame(data, 0, SYNC)
        assert data.startswith(frame.data)
    frame = parse_frame(b"\x02" + zig_zag(len(data)) + data + SYNC, 5, SYNC)
    assert (frame.rows, frame.data[frame.start : -16]) == (1, data)


@pytest.fixture(scope="session")
def rows(make_row):
    return [make_row(n, b"%d" % n * n) for n in range(1, 6)]


@pytest.fixture(scope="session")
def indexed(rows):
    """A block, the header of its file, and its entry in the index."""
    frame = encode_block(rows, "deflate", SYNC)
    lengths = [len(row) for row in rows]
    block = Block(rows[0][1:37].decode(), 40, len(frame), len(rows), lengths)
    return frame, Header({"avro.codec": b"deflate"}, SYNC, 0), block


def test_block_is_cut_into_its_rows(indexed, rows):
    assert cut_block(*indexed) == rows


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lengths: (), "the index does not say how long the rows are"),
        (lambda lengths: lengths[:-1], "the index does not say how long the rows are"),
        (lambda lengths: [*lengths, 1], "the index does not say how long the rows are"),
        (
            lambda lengths: [*lengths[:-1], lengths[-1] + 1],
            "the index does not say how long the rows are",
        ),
        (
            lambda lengths: [lengths[0] - 1, *lengths[1:]],
            "the index does not say how long the rows are",
        ),
        (
            lambda lengths: [0, sum(lengths[:2]), *lengths[2:]],
            "the index does not say how long the rows are",
        ),
        (
            lambda lengths: [-9, sum(lengths[:2]) + 9, *lengths[2:]],
            "the index does not say how long the rows are",
        ),
        (
            lambda lengths: [2**31 - 1] * 5,
            "the index does not say how long the rows are",
        ),
        (
            lambda lengths: [1, sum(lengths[:2]) - 1, *lengths[2:]],
            "a block does not begin as the index says",
        ),
    ],
    ids=[
        *("none", "one too few", "one too many", "a byte more"),
        *("a byte less", "zero", "below zero", "huge", "short first"),
    ],
)
def test_index_with_other_row_lengths_is_found(indexed, change, message):
    frame, header, block = indexed
    lie = block._replace(row_lengths=change(block.row_lengths))
    with pytest.raises(CorruptFile, match=f"^{message}$"):
        cut_block(frame, header, lie)


@pytest.mark.parametrize(
    "first", ["", "x" * 36, "00000000-0000-0000-0000-000000000002", "\u00fc" * 36]
)
def test_index_with_another_first_participant_is_found(indexed, first):
    frame, header, block = indexed
    with pytest.raises(
        CorruptFile, match=r"^a block does not begin as the index says$"
    ):
        cut_block(frame, header, block._replace(first=first))


@pytest.mark.parametrize("by", [-6, -5, -1, 1, 1000])
def test_index_with_another_number_of_rows_is_found(indexed, by):
    frame, header, block = indexed
    with pytest.raises(CorruptFile, match=r"^a block is not what the index says$"):
        cut_block(frame, header, block._replace(rows=block.rows + by))


@pytest.mark.parametrize("by", [-1000, -20, -1, 1, 1000])
def test_index_with_another_length_is_found(indexed, by):
    frame, header, block = indexed
    lie = block._replace(length=block.length + by)
    with pytest.raises(CorruptFile, match=r"^a block is not what the index says$"):
        cut_block(frame + bytes(1000), header, lie)


def test_block_with_bytes_behind_it_is_not_what_the_index_says(indexed):
    frame, header, block = indexed
    longer = block._replace(length=len(frame) * 2)
    with pytest.raises(CorruptFile, match=r"^a block is not what the index says$"):
        cut_block(frame * 2, header, longer)


def test_block_without_rows_is_never_what_an_index_says():
    frame = encode_block([], "null", SYNC)
    header = Header({}, SYNC, 0)
    with pytest.raises(CorruptFile, match=r"^the index does not say how long the rows"):
        cut_block(frame, header, Block("", 0, len(frame), 0))


@given(st.data())
def test_any_damage_of_an_indexed_block_is_corrupt_or_is_rows(indexed, rows, data):
    """The rows' own bytes may be other ones: the file's checksum is for that."""
    frame, header, block = indexed
    damaged = bytearray(frame)
    damaged[data.draw(st.integers(0, len(frame) - 1))] ^= 1 << data.draw(
        st.integers(0, 7)
    )
    with suppress(CorruptFile):
        found = cut_block(bytes(damaged), header, block)
        assert [len(row) for row in found] == [len(row) for row in rows]


@given(
    st.lists(st.integers(-5, 400), max_size=7),
    st.text(max_size=36),
    st.integers(-5, 2000),
    st.integers(-5, 10),
)
def test_any_lie_of_an_index_is_corrupt(indexed, lengths, first, length, count):
    frame, header, block = indexed
    lies = [
        block._replace(first=first),
        block._replace(length=length),
        block._replace(rows=count),
    ]
    if (len(lengths), sum(lengths)) != (5, sum(block.row_lengths)):
        lies.append(block._replace(row_lengths=lengths))
    for lie in lies:
        if lie != block:
            with pytest.raises(CorruptFile):
                cut_block(frame, header, lie)


@given(st.binary(), st.lists(st.integers(-5, 50)))
def test_bytes_are_cut_where_lengths_say_or_not_at_all(data, lengths):
    fits = bool(lengths) and min(lengths) > 0 and sum(lengths) == len(data)
    if not fits:
        with pytest.raises(CorruptFile, match=r"^the index does not say how long"):
            cut(data, lengths)
        return
    found = cut(data, lengths)
    assert b"".join(found) == data
    assert [len(row) for row in found] == lengths


def test_blocks_of_a_stored_file_are_read_one_by_one(tmp_path, schema, make_row):
    made = [make_row(n, b"%d" % n * 9_999) for n in range(20)]
    data = encode_container(schema, made, {"rally.x": "y"}, SYNC, indexed=True)
    store = LocalStore(str(tmp_path))
    store.create("a", data)
    with store.open("a") as snapshot:
        header = header_of(snapshot)
        blocks = header.checked_blocks(snapshot.info.size)
        assert json.loads(header.schema) == json.loads(schema)
        assert len(blocks) == 5
        assert [
            row for block in blocks for row in read_block(snapshot, header, block)
        ] == made
        assert [
            (each.offset, len(each.data), each.rows)
            for each in walk_frames(snapshot, header)
        ] == [(block.offset, block.length, block.rows) for block in blocks]


def test_reading_a_block_reads_no_other_bytes(open_bytes, schema, make_row):
    made = [make_row(n, b"%d" % n * 9_999) for n in range(20)]
    data = encode_container(schema, made, {}, SYNC, indexed=True)
    snapshot, header = open_bytes(data), read_header(data)
    block = header.blocks[2]
    assert read_block(snapshot, header, block)[0][1:37].decode() == block.first
    start = header.length + block.offset
    assert snapshot.store.reads == [("a", start, block.length)]


def test_block_that_is_not_there_is_corrupt(open_bytes, schema, make_row):
    data = encode_container(schema, [make_row(1)], {}, SYNC, indexed=True)
    snapshot, header = open_bytes(data), read_header(data)
    [block] = header.blocks
    for lie in (block._replace(offset=1), block._replace(offset=len(data))):
        with pytest.raises(CorruptFile):
            read_block(snapshot, header, lie)
