"""Damaged container files are named as such, and nothing else happens."""

import base64
import re
import zlib
from contextlib import suppress

import google_crc32c
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rally.storing.container import (
    CorruptFile,
    Header,
    check_whole,
    decode_long,
    encode_container,
    read_header,
    read_rows,
)

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


def rewrite_entry(data, name, value):
    """The same file with another value of one header entry, of the same length."""
    found = re.search(re.escape(name.encode()) + b"(.)", data, re.DOTALL)
    start = found.end()
    return data[:start] + value + data[start + len(value) :]


def without_entry(data, name):
    """The same file whose header calls one of its entries something else."""
    return data.replace(name.encode(), name[:-1].encode() + b"_", 1)


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
    damaged = whole.replace(name, b"!" * len(name), 1)
    with pytest.raises(CorruptFile, match=r"^the rows are not what the header says$"):
        list(read_rows(damaged))


@given(st.data())
def test_any_flipped_bit_behind_the_header_is_found(whole, data):
    header = read_header(whole)
    position = data.draw(st.integers(header.length, len(whole) - 1))
    damaged = bytearray(whole)
    damaged[position] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(CorruptFile, match=f"^{CHECKSUM}$"):
        list(read_rows(bytes(damaged)))


@given(st.data())
def test_any_flipped_bit_in_the_header_makes_no_other_error(whole, data):
    """The checksum does not cover it; the schema's names are not protected."""
    position = data.draw(st.integers(0, read_header(whole).length - 1))
    damaged = bytearray(whole)
    damaged[position] ^= 1 << data.draw(st.integers(0, 7))
    with suppress(CorruptFile):
        assert len(list(read_rows(bytes(damaged)))) == 20
        assert isinstance(read_header(bytes(damaged)).blocks, list)


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


def test_header_with_counted_map_blocks_is_read():
    """Other writers give a map's size in bytes, after a count below zero."""
    data = b"Obj\x01\x01\x08\x02a\x02b\x02\x02c\x02d\0" + SYNC + b"body"
    assert read_header(data) == Header({"a": b"b", "c": b"d"}, SYNC, 32)


@given(st.one_of(st.binary(), st.binary().map(base64.b64encode)))
def test_damaged_index_is_corrupt_and_nothing_else(packed):
    with suppress(CorruptFile):
        assert isinstance(Header({"rally.index": packed}, SYNC, 0).blocks, list)


@given(st.binary())
def test_index_of_anything_compressed_is_corrupt_and_nothing_else(clear):
    deflater = zlib.compressobj(wbits=-15)
    packed = base64.b64encode(deflater.compress(clear) + deflater.flush())
    with suppress(CorruptFile):
        assert isinstance(Header({"rally.index": packed}, SYNC, 0).blocks, list)


def test_index_says_that_it_is_damaged():
    with pytest.raises(CorruptFile, match=r"^the block index is damaged$"):
        _ = Header({"rally.index": b"AAAA"}, SYNC, 0).blocks


def test_long_of_more_than_64_bits_is_no_long():
    with pytest.raises(ValueError, match=r"^$"):
        decode_long(b"\xff" * 10 + b"\0", 0)
    with pytest.raises(IndexError):
        decode_long(b"\xff" * 9, 0)


def test_checksum_is_crc32c_of_what_follows_the_header(whole):
    header = read_header(whole)
    assert header.entries["rally.checksum"] == b"%08x" % google_crc32c.value(
        whole[header.length :]
    )
