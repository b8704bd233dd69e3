"""Each codec is the one that other writers and readers of Avro mean by its name."""

import bz2
import io
import lzma
import tracemalloc
import zlib
from contextlib import suppress

import avro.codecs
import fastavro
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from rally.errors import CorruptFile, UnknownCodec
from rally.storage.block_writer import BlockWriter
from rally.storage.codecs import compress, decompress
from rally.storage.header import join_header, read_header
from rally.storage.snapshots import parse_frame

SYNC = bytes(range(16))
PACKING = ["deflate", "bzip2", "xz", "snappy", "zstandard"]
CODECS = ["null", *PACKING]
OF_FASTAVRO = ["null", "deflate", "bzip2", "xz"]
CLEAR = b"".join(b"%d times the same, " % n for n in range(20))
DAMAGED = r"^a block does not decompress$"

codecs = st.sampled_from(CODECS)
of_fastavro = st.sampled_from(OF_FASTAVRO)
packing = st.sampled_from(PACKING)
clear_bytes = st.one_of(
    st.binary(), st.builds(bytes.__mul__, st.binary(), st.integers(0, 3000))
)


@given(codecs, clear_bytes)
def test_bytes_come_back(codec, clear):
    assert decompress(codec, compress(codec, clear)) == clear


@given(of_fastavro, st.lists(st.binary(), min_size=1))
def test_blocks_of_fastavro_are_read(codec, rows):
    stream = io.BytesIO()
    fastavro.writer(stream, "bytes", rows, codec=codec, sync_marker=SYNC)
    data = stream.getvalue()
    header = read_header(data)
    frame = parse_frame(data[header.length :], 0, SYNC)
    clear = io.BytesIO()
    for row in rows:
        fastavro.schemaless_writer(clear, "bytes", row)
    assert header.codec == codec
    assert decompress(codec, frame.data[frame.start : -16]) == clear.getvalue()


@given(of_fastavro, st.lists(st.binary(max_size=60)))
def test_blocks_of_ours_are_read_by_fastavro(codec, rows):
    body = io.BytesIO()
    writer = BlockWriter(body, SYNC, codec, indexed=False)
    for row in rows:
        writer.add(bytes([len(row) * 2]) + row)
    writer.finish()
    header = {"avro.schema": b'"bytes"', "avro.codec": codec.encode()}
    data = join_header(header, SYNC) + body.getvalue()
    assert list(fastavro.reader(io.BytesIO(data))) == rows


@pytest.mark.parametrize("codec", ["null", "deflate", "bzip2", "zstandard"])
def test_reference_implementation_and_ours_read_each_other(codec):
    """Its deflate leaves bytes of zlib's checksum behind the stream."""
    other = avro.codecs.get_codec(codec)
    packed, _ = other.compress(CLEAR)
    assert decompress(codec, packed) == CLEAR
    ours = compress(codec, CLEAR)
    length = io.BytesIO()
    fastavro.schemaless_writer(length, "bytes", ours)
    decoder = avro.io.BinaryDecoder(io.BytesIO(length.getvalue()))
    assert other.decompress(decoder).reader.read() == CLEAR


def test_bzip2_and_xz_of_several_streams_are_read_whole():
    twice = bz2.compress(CLEAR) + bz2.compress(b"more")
    assert decompress("bzip2", twice) == CLEAR + b"more"
    twice = lzma.compress(CLEAR) + lzma.compress(b"more")
    assert decompress("xz", twice) == CLEAR + b"more"


@pytest.mark.parametrize("function", [compress, decompress])
@pytest.mark.parametrize("codec", ["", "lz4", "Deflate", "zstd"])
def test_codec_that_is_not_served_is_told(function, codec):
    with pytest.raises(UnknownCodec) as caught:
        function(codec, b"")
    assert isinstance(caught.value, CorruptFile)
    assert str(caught.value) == (
        "its codec is none of null, deflate, bzip2, xz, snappy, zstandard; rewrite it"
        " with one of these"
    )


@pytest.mark.parametrize("codec", PACKING)
def test_bytes_that_are_cut_off_anywhere_are_corrupt(codec):
    packed = compress(codec, CLEAR)
    for end in range(len(packed)):
        with pytest.raises(CorruptFile, match=DAMAGED):
            decompress(codec, packed[:end])


@given(packing, clear_bytes, st.data())
def test_any_bytes_that_are_cut_off_are_corrupt(codec, clear, data):
    packed = compress(codec, clear)
    end = data.draw(st.integers(0, len(packed) - 1))
    with pytest.raises(CorruptFile, match=DAMAGED):
        decompress(codec, packed[:end])


@given(codecs, st.binary())
def test_any_bytes_are_rows_or_corrupt(codec, data):
    with suppress(CorruptFile):
        assert isinstance(decompress(codec, data), bytes)


@given(packing, clear_bytes, st.data())
def test_any_flipped_bit_is_corrupt_or_makes_other_bytes(codec, clear, data):
    """Deflate has no checksum of its own, zstandard need not; the others have."""
    damaged = bytearray(compress(codec, clear))
    position = data.draw(st.integers(0, len(damaged) - 1))
    damaged[position] ^= 1 << data.draw(st.integers(0, 7))
    with suppress(CorruptFile):
        found = decompress(codec, bytes(damaged))
        assert found == clear or codec in ("deflate", "zstandard")


def test_older_format_of_lzma_is_no_xz():
    """It has no checksum, and says itself how much memory reading it takes."""
    old = lzma.compress(CLEAR, lzma.FORMAT_ALONE)
    with pytest.raises(CorruptFile, match=DAMAGED):
        decompress("xz", old)


def test_snappy_is_as_others_write_it():
    """The format's own description has it byte by byte (google/snappy)."""
    literal = b"\x05\x10Rally" + zlib.crc32(b"Rally").to_bytes(4, "big")
    assert decompress("snappy", literal) == b"Rally"
    # "ab" as a literal, and a copy of eight bytes from two back.
    copied = b"\x0a\x04ab\x11\x02" + zlib.crc32(b"ab" * 5).to_bytes(4, "big")
    assert decompress("snappy", copied) == b"ab" * 5


@pytest.mark.parametrize("change", [0, 1, -5, -1])
def test_snappy_with_another_checksum_or_size_is_corrupt(change):
    packed = bytearray(compress("snappy", CLEAR))
    packed[change] ^= 1
    with pytest.raises(CorruptFile, match=DAMAGED):
        decompress("snappy", bytes(packed))


def test_zstandard_of_a_writer_that_does_not_say_the_size_is_read():
    packed = zstandard.ZstdCompressor(write_content_size=False).compress(CLEAR)
    assert zstandard.frame_content_size(packed) == -1
    assert decompress("zstandard", packed) == CLEAR


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("clear", [b"a", CLEAR, bytes(300_000)], ids=len)
def test_block_inflates_to_its_bound_and_no_further(codec, clear):
    packed = compress(codec, clear)
    assert decompress(codec, packed, len(clear)) == clear
    with pytest.raises(CorruptFile, match=r"^a block is far larger than its bytes are"):
        decompress(codec, packed, len(clear) - 1)


BOMBS = {
    "deflate": lambda clear: compress("deflate", clear),
    "bzip2": bz2.compress,
    "bzip2 in streams": lambda clear: bz2.compress(clear[: len(clear) // 60]) * 60,
    "xz": lzma.compress,
    "xz in streams": lambda clear: lzma.compress(clear[: len(clear) // 60]) * 60,
    "snappy": lambda clear: compress("snappy", clear),
    "zstandard": lambda clear: compress("zstandard", clear),
    "zstandard of no size": zstandard.ZstdCompressor(write_content_size=False).compress,
}


@pytest.mark.parametrize("name", BOMBS)
def test_bomb_makes_no_more_than_its_bound(name):
    packed = BOMBS[name](bytes(60_000_000))
    tracemalloc.start()
    with pytest.raises(CorruptFile, match=r"^a block (is far larger|does not)"):
        decompress(name.partition(" ")[0], packed, 1_000_000)
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert used < 12_000_000  # of xz, most is its dictionary


@pytest.mark.parametrize("codec", ["bzip2", "xz"])
def test_many_streams_are_no_block(codec):
    with pytest.raises(CorruptFile, match=r"^a block is far larger"):
        decompress(codec, compress(codec, b"") * 100_000)
