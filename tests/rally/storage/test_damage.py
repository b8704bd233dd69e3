"""Damaged container files are named as such, and nothing else happens."""

import base64
import zlib
from contextlib import suppress

import google_crc32c
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rally.errors import CorruptFile
from rally.storage.block_index import Block, pack_index
from rally.storage.container import check_whole, encode_container, read_rows
from rally.storage.header import Header, decode_varint, join_header, read_header

SYNC = bytes(range(16))
CHECKSUM = "the checksum differs: bytes are missing or changed"


@pytest.fixture(scope="session")
def records(make_record):
    return [make_record(n, b"%d" % n * 9_999) for n in range(20)]


@pytest.fixture(scope="session")
def whole(schema, make_row):
    """A file of several blocks."""
    rows = [make_row(n, b"%d" % n * 9_999) for n in range(20)]
    return encode_container(schema, rows, {"rally.x": "y"}, SYNC, indexed=True)


def with_entries(data, entries):
    """The same file with these header entries, and a checksum that is theirs."""
    header = read_header(data)
    return join_header(entries, header.sync) + data[header.length :]


def rewrite_entry(data, name, value):
    """The same file with another value of one header entry."""
    return with_entries(data, {**read_header(data).entries, name: value})


def without_entry(data, name):
    """The same file without one of its header entries."""
    entries = read_header(data).entries
    return with_entries(data, {key: entries[key] for key in entries if key != name})


def flip(data, bit):
    """The same bytes with one bit flipped."""
    damaged = bytearray(data)
    damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)


def compressed(clear):
    deflater = zlib.compressobj(wbits=-15)
    return base64.b64encode(deflater.compress(clear) + deflater.flush())


def test_whole_file_is_whole(whole, records):
    check_whole(whole, read_header(whole))
    assert list(read_rows(whole)) == records


def test_file_cut_at_any_block_is_not_whole(whole):
    header = read_header(whole)
    assert len(header.blocks) == 5
    for block in header.blocks:
        cut = whole[: header.length + block.offset]
        with pytest.raises(CorruptFile, match=f"^{CHECKSUM}$"):
            check_whole(cut, header)
        with pytest.raises(CorruptFile, match=f"^{CHECKSUM}$"):
            list(read_rows(cut))


def test_file_with_bytes_or_a_block_too_many_is_not_whole(whole):
    header = read_header(whole)
    last = whole[header.length + header.blocks[-1].offset :]
    for extra in (b"\0", last):
        with pytest.raises(CorruptFile, match=f"^{CHECKSUM}$"):
            list(read_rows(whole + extra))


def test_file_with_blocks_in_another_order_is_not_whole(whole):
    header = read_header(whole)
    body = whole[header.length :]
    second = header.blocks[1].offset
    with pytest.raises(CorruptFile, match=f"^{CHECKSUM}$"):
        check_whole(whole[: header.length] + body[second:] + body[:second], header)


def test_file_without_checksum_is_not_whole(whole):
    with pytest.raises(CorruptFile, match=f"^{CHECKSUM}$"):
        list(read_rows(without_entry(whole, "rally.checksum")))


@pytest.mark.parametrize(
    ("count", "message"),
    [
        (b"19", "there are not as many rows as the header says"),
        (b"21", "there are not as many rows as the header says"),
        (b"2x", "the header does not say how many rows it has"),
    ],
)
def test_other_number_of_rows_than_the_header_says_is_found(whole, count, message):
    with pytest.raises(CorruptFile, match=f"^{message}$"):
        list(read_rows(rewrite_entry(whole, "rally.rows", count)))


def test_file_that_does_not_say_its_rows_is_found(whole):
    with pytest.raises(CorruptFile, match="does not say how many rows"):
        list(read_rows(without_entry(whole, "rally.rows")))


@pytest.mark.parametrize("name", [b"record", b"string", b"deflate"])
def test_file_whose_rows_cannot_be_decoded_is_found(whole, name):
    entries = {
        key: value.replace(name, b"!" * len(name), 1)
        for key, value in read_header(whole).entries.items()
    }
    with pytest.raises(CorruptFile, match=r"^the rows are not what the header says$"):
        list(read_rows(with_entries(whole, entries)))


@given(st.data())
def test_any_flipped_bit_behind_the_header_is_found(whole, data):
    header = read_header(whole)
    bit = data.draw(st.integers(header.length * 8, len(whole) * 8 - 1))
    with pytest.raises(CorruptFile, match=f"^{CHECKSUM}$"):
        list(read_rows(flip(whole, bit)))


def test_any_flipped_bit_in_the_header_is_found(whole):
    for bit in range(read_header(whole).length * 8):
        with pytest.raises(CorruptFile):
            read_header(flip(whole, bit))


@pytest.mark.parametrize(
    "name",
    [
        *("avro.schema", "avro.codec", "rally.x", "rally.rows", "rally.checksum"),
        *("rally.index", "rally.header", "rally.row_lengths"),
    ],
)
def test_entry_that_was_changed_without_its_checksum_is_found(whole, name):
    value = read_header(whole).entries[name]
    start = whole.index(value, whole.index(name.encode()))
    with pytest.raises(CorruptFile, match=r"^the header is damaged$"):
        read_header(whole[:start] + b"!" + whole[start + 1 :])


def test_entries_in_another_order_are_not_those_that_were_sealed(whole):
    header = read_header(whole)
    seal = header.entries["rally.header"]
    turned = dict(sorted(header.entries.items()))
    data = join_header(turned, header.sync)
    own_seal = read_header(data).entries["rally.header"]
    assert own_seal != seal
    with pytest.raises(CorruptFile, match=r"^the header is damaged$"):
        read_header(data.replace(own_seal, seal))


def renamed(data, *names):
    """The same file with the first letter of entries' names changed."""
    for name in names:
        data = data.replace(name.encode(), b"_" + name[1:].encode(), 1)
    return data


def test_header_of_ours_without_a_checksum_of_its_own_is_damaged(whole):
    with pytest.raises(CorruptFile, match=r"^the header is damaged$"):
        read_header(renamed(whole, "rally.header"))


def test_header_of_somebody_else_has_no_checksum_and_is_read(whole):
    header = read_header(renamed(whole, "rally.header", "rally.checksum"))
    assert header.sync == SYNC
    assert header.blocks == read_header(whole).blocks


def test_header_whose_row_lengths_were_taken_away_is_damaged(whole):
    entries = read_header(whole).entries
    name, value = b"rally.row_lengths", entries["rally.row_lengths"]
    start = whole.index(name) - 1
    end = whole.index(value, start) + len(value)
    count = bytes([len(entries) * 2])
    assert whole[4:5] == count
    fewer = whole[:4] + bytes([count[0] - 2]) + whole[5:start] + whole[end:]
    with pytest.raises(CorruptFile, match=r"^the header is damaged$"):
        read_header(fewer)


@given(st.data())
def test_truncated_file_is_corrupt_and_its_header_reads_once_it_is_whole(whole, data):
    length = read_header(whole).length
    end = data.draw(
        st.one_of(st.integers(0, len(whole) - 1), st.integers(length - 40, length + 40))
    )
    if end < length:
        with pytest.raises(CorruptFile):
            read_header(whole[:end])
    else:
        assert read_header(whole[:end]) == read_header(whole)
    with pytest.raises(CorruptFile):
        list(read_rows(whole[:end]))


@given(st.one_of(st.binary(), st.binary().map(b"Obj\x01".__add__)))
@example(b"")
@example(b"Obj\x01")
@example(b"Obj\x01\x01")
@example(b"Obj\x01" + b"\xff" * 1_000_000)
@example(b"Obj\x01\x02\x02\xff\x02x\0" + SYNC)
@example(b"Obj\x01\x02\x01x\0" + SYNC)
@example(b"Obj\x01" + b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01" + b"\0\0" * 50)
def test_arbitrary_bytes_are_a_header_or_corrupt(data):
    with suppress(CorruptFile):
        header = read_header(data)
        assert len(header.sync) == 16
        assert header.length <= len(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no Avro container file"),
        (b"Obj\x02", "no Avro container file"),
        (b"Obj\x01", "the header is cut off"),
        (b"Obj\x01\0" + SYNC[1:], "the header is cut off"),
        (b"Obj\x01\x02\x02\xff\x02x\0" + SYNC, "the header is damaged"),
        (b"Obj\x01" + b"\x80" * 10 + b"\0" + SYNC, "the header is damaged"),
    ],
)
def test_header_says_what_is_wrong_with_it(data, message):
    with pytest.raises(CorruptFile, match=f"^{message}$"):
        read_header(data)


@pytest.mark.parametrize("codec", ["deflate", "null", "\u00fc"])
def test_header_says_its_codec_and_schema(codec):
    entries = {"avro.schema": b'"s"', "avro.codec": codec.encode()}
    header = read_header(join_header(entries, SYNC))
    assert (header.schema, header.codec, header.is_indexed) == ('"s"', codec, False)


@pytest.mark.parametrize("entries", [{}, {"avro.schema": b"\xff"}])
def test_header_without_schema_is_corrupt_and_without_codec_is_not(entries):
    header = read_header(join_header(entries, SYNC))
    assert header.codec == "null"
    with pytest.raises(CorruptFile, match=r"^the header has no schema$"):
        _ = header.schema


def test_index_is_checked_against_the_file(whole):
    header = read_header(whole)
    assert header.checked_blocks(len(whole)) == header.blocks
    for size in (len(whole) - 1, len(whole) + 1, header.length):
        with pytest.raises(CorruptFile, match=r"^the block index is not that of this"):
            header.checked_blocks(size)
    other = read_header(rewrite_entry(whole, "rally.rows", b"19"))
    with pytest.raises(CorruptFile, match=r"^the block index is not that of this"):
        other.checked_blocks(len(whole))


def test_header_with_counted_map_blocks_is_read():
    """Other writers give a map's size in bytes, after a count below zero."""
    schema = b"\x16avro.schema\x02s"
    data = b"Obj\x01\x01\x1c" + schema + b"\x02\x02c\x02d\0" + SYNC + b"body"
    assert read_header(data) == Header({"avro.schema": b"s", "c": b"d"}, SYNC, 42)


def test_header_without_a_schema_is_nobodys():
    with pytest.raises(CorruptFile, match=r"^the header is damaged$"):
        read_header(b"Obj\x01\x02\x02c\x02d\0" + SYNC)


@given(st.one_of(st.binary(), st.binary().map(base64.b64encode)))
def test_damaged_index_is_corrupt_and_nothing_else(packed):
    with suppress(CorruptFile):
        assert isinstance(Header({"rally.index": packed}, SYNC, 0).blocks, list)


@given(st.binary())
def test_index_of_anything_compressed_is_corrupt_and_nothing_else(clear):
    packed = compressed(clear)
    with suppress(CorruptFile):
        assert isinstance(Header({"rally.index": packed}, SYNC, 0).blocks, list)


def test_index_says_that_it_is_damaged():
    with pytest.raises(CorruptFile, match=r"^the block index is damaged$"):
        _ = Header({"rally.index": b"AAAA"}, SYNC, 0).blocks


def header_with(row_lengths):
    """The header of a file of three rows, with these row lengths."""
    index = pack_index([Block("a", 0, 10, 2), Block("b", 10, 5, 1)])
    return Header({"rally.index": index, "rally.row_lengths": row_lengths}, SYNC, 0)


def test_row_lengths_are_those_of_the_blocks():
    blocks = header_with(compressed(bytes([1, 2, 3, *[0] * 9]))).blocks
    assert [list(block.row_lengths) for block in blocks] == [[1, 2], [3]]


@pytest.mark.parametrize(
    "row_lengths",
    [
        pytest.param(compressed(bytes(8)), id="a row too few"),
        pytest.param(compressed(bytes(16)), id="a row too many"),
        pytest.param(compressed(bytes(11)), id="a byte too few"),
        pytest.param(compressed(b""), id="no rows"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"AAAA", id="garbage"),
        pytest.param(b"\xff\0" * 20, id="no text"),
        pytest.param(b"?" + compressed(bytes(12)), id="no base64"),
        pytest.param(compressed(bytes(12))[:-2], id="cut off"),
    ],
)
def test_damaged_row_lengths_are_a_damaged_index(row_lengths):
    with pytest.raises(CorruptFile, match=r"^the block index is damaged$"):
        _ = header_with(row_lengths).blocks


@given(st.one_of(st.binary(), st.binary().map(compressed)))
def test_any_row_lengths_are_those_of_the_rows_or_corrupt(row_lengths):
    with suppress(CorruptFile):
        blocks = header_with(row_lengths).blocks
        assert [len(block.row_lengths) for block in blocks] == [2, 1]


def test_long_of_more_than_64_bits_is_no_long():
    with pytest.raises(ValueError, match=r"^$"):
        decode_varint(b"\xff" * 10 + b"\0", 0)
    with pytest.raises(ValueError, match=r"^$"):
        decode_varint(b"\xff" * 9 + b"\x02", 0)
    assert decode_varint(b"\xff" * 9 + b"\x01", 0) == (-(2**63), 10)
    with pytest.raises(IndexError):
        decode_varint(b"\xff" * 9, 0)


def test_checksum_is_crc32c_of_what_follows_the_header(whole):
    header = read_header(whole)
    assert header.entries["rally.checksum"] == b"%08x" % google_crc32c.value(
        whole[header.length :]
    )
