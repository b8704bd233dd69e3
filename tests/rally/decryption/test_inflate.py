import gzip
import random
import struct
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from isal import isal_zlib

from rally.decryption.inflate import LIMIT, inflate, most_inflated
from rally.errors import PingFailed
from rally.outcomes import FailureReason

BAD = FailureReason.INVALID_PAYLOAD
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """1 MB of gzip that unpacks to 1 GB of zeros."""
    zeros, checksum = bytes(16 * MIB), 0
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    part = deflater.compress(zeros) + deflater.flush(zlib.Z_FULL_FLUSH)
    for _ in range(64):
        checksum = isal_zlib.crc32(zeros, checksum)
    header, last = gzip.compress(b"", mtime=0)[:10], b"\x03\x00"
    return header + part * 64 + last + struct.pack("<II", checksum, 1024 * MIB)


def reason(data: bytes) -> FailureReason:
    with pytest.raises(PingFailed) as caught:
        inflate(data, BAD)
    assert caught.value.args == (caught.value.reason.value,)
    assert caught.value.__cause__ is None
    return caught.value.reason


def peak(call) -> int:
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@given(st.binary())
def test_inflate_returns_what_was_packed_and_leaves_the_rest(data):
    assert inflate(gzip.compress(data), BAD) == data
    if not data.startswith(b"\x1f\x8b"):
        assert inflate(data, BAD) == data


@given(st.binary(max_size=200))
def test_inflate_of_any_gzip_like_bytes_fails_or_unpacks(data):
    try:
        found = inflate(b"\x1f\x8b" + data, BAD)
    except PingFailed as failed:
        found = failed.reason
    assert found is BAD or found == gzip.decompress(b"\x1f\x8b" + data)


def digits(size: int) -> bytes:
    """Hexadecimal digits at random, which deflate by less than two."""
    return random.Random(7).randbytes(size // 2 + 1).hex().encode()[:size]


def test_inflate_takes_exactly_the_limit():
    most = digits(LIMIT)
    assert inflate(most, BAD) == most
    assert inflate(gzip.compress(most, 1), BAD) == most
    assert inflate(gzip.compress(most, 0), BAD) == most


@pytest.mark.parametrize("level", [None, 0, 1])
def test_inflate_refuses_one_byte_more(level):
    more = digits(LIMIT + 1)
    data = more if level is None else gzip.compress(more, level)
    assert reason(data) is FailureReason.TOO_LARGE


@pytest.mark.parametrize(
    ("size", "most"), [(500, 262_144), (10_000, 500_000), (100_000, 5_000_000)]
)
def test_inflate_takes_what_its_size_may_become_and_not_a_byte_more(size, most):
    def of_that_size(clear):
        packed = gzip.compress(clear, mtime=0)
        name = b"n" * (size - len(packed) - 1) + b"\0"
        return packed[:3] + b"\x08" + packed[4:10] + name + packed[10:]

    most_of_it, more = of_that_size(bytes(most)), of_that_size(bytes(most + 1))
    assert len(most_of_it) == len(more) == size
    assert inflate(most_of_it, BAD) == bytes(most)
    assert reason(more) is FailureReason.TOO_LARGE


def test_inflate_of_small_bombs_makes_no_more_than_the_ratio():
    bomb = gzip.compress(bytes(64 * MIB), mtime=0)[:10_000]
    assert peak(lambda: reason(bomb)) < 4 * most_inflated(len(bomb))
    assert reason(bomb) is FailureReason.TOO_LARGE


def test_inflate_of_a_bomb_stops_at_the_limit(bomb):
    assert len(bomb) < 1.1 * MIB
    assert peak(lambda: reason(bomb)) < 4 * LIMIT
    assert reason(bomb) is FailureReason.TOO_LARGE


def test_inflate_unpacks_gzip_in_gzip_once(bomb):
    inner = gzip.compress(digits(1000))
    assert inflate(gzip.compress(inner), BAD) == inner
    assert peak(lambda: reason(gzip.compress(bomb))) < LIMIT
    assert reason(gzip.compress(bomb)) is FailureReason.TOO_LARGE


@pytest.mark.parametrize("cut", [2, 3, 9, 10, 11, 20, -9, -8, -1])
def test_inflate_refuses_truncated_gzip(cut):
    assert reason(gzip.compress(b"some clear text" * 20)[:cut]) is BAD


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(b"one") + gzip.compress(b"two"),
        gzip.compress(b"one") + b"\0",
        gzip.compress(b"one") + b"trailing",
        gzip.compress(b"one")[:-8] + bytes(8),
        b"\x1f\x8b\x08\x00" + bytes(50),
        b"\x1f\x8b" + b"\xff" * 50,
    ],
    ids=["two-members", "padded", "trailing", "checksum", "empty", "flags"],
)
def test_inflate_refuses_what_is_not_one_whole_member(data):
    assert reason(data) is BAD


def test_inflate_takes_gzip_with_a_name_and_a_comment():
    packed = gzip.compress(b"clear", mtime=0)
    named = packed[:3] + b"\x18" + packed[4:10] + b"name\0comment\0" + packed[10:]
    assert gzip.decompress(named) == b"clear"
    assert inflate(named, BAD) == b"clear"
