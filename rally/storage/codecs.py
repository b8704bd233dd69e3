"""The codecs of Avro container files that are read and written here.

All of the Avro 1.12 specification. A file of another codec is a fault that is named,
and never a file that is left out. No block inflates beyond a bound.
"""

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Protocol

import pyarrow
import zstandard
from isal import isal_zlib

from rally.errors import CorruptFile, UnknownCodec

LARGEST_BLOCK = 256 * 1024 * 1024
"""Bytes of a block, inflated; writers cut blocks at some kilobytes or megabytes."""

_ISAL_ERROR: type[Exception] = isal_zlib.error  # type: ignore[assignment]
_DAMAGED = (
    _ISAL_ERROR,
    zstandard.ZstdError,
    lzma.LZMAError,
    OSError,  # of bz2 and of pyarrow, whose ArrowInvalid is a ValueError
    ValueError,
    EOFError,
)
_LEVEL = 3  # a tenth of the time of zlib 6 for a tenth more bytes
_XZ_MEMORY = 128 * 1024 * 1024  # the highest preset takes half of it
_ZSTANDARD_WINDOW = 128 * 1024 * 1024  # the most that its command line takes
_CHECKSUM_BYTES = 4
_MOST_STREAMS = 64


class _TooLarge(ValueError):
    """A block inflates beyond its bound."""


def compress(codec: str, data: bytes) -> bytes:
    """Compresses the rows of a block. Raises UnknownCodec."""
    check_codec(codec)
    return _COMPRESS[codec](data)


def decompress(codec: str, data: bytes, most: int = LARGEST_BLOCK) -> bytes:
    """The rows of a block.

    Args:
        codec: Its name in the file's header.
        data: The bytes as they stand in the file.
        most: Bytes that may come of it; little more is ever produced.

    Raises:
        UnknownCodec: the codec is not served.
        CorruptFile: the bytes are not of this codec, or too many come of them.
    """
    check_codec(codec)
    try:
        clear = _DECOMPRESS[codec](data, most)
    except _TooLarge:
        clear = None
    except _DAMAGED:
        raise CorruptFile("a block does not decompress") from None
    if clear is None or len(clear) > most:
        raise CorruptFile("a block is far larger than its bytes are")
    return clear


def check_codec(codec: str) -> None:
    """Looks whether a codec is served. Raises UnknownCodec."""
    if codec not in _DECOMPRESS:
        raise UnknownCodec(
            f"its codec is none of {', '.join(_DECOMPRESS)}; rewrite it with one of"
            " these"
        )


def _deflate(data: bytes) -> bytes:
    deflater = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, -15)
    return deflater.compress(data) + deflater.flush()


def _inflate(data: bytes, most: int) -> bytes:
    inflater = isal_zlib.decompressobj(wbits=-15)
    clear: bytes = inflater.decompress(data, most + 1)
    if not inflater.eof and len(clear) <= most:
        raise EOFError
    return clear


class _Decompressor(Protocol):
    """Decompressor of one stream, as bz2 and lzma have them."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


def _streams(make: Callable[[], _Decompressor], data: bytes, most: int) -> bytes:
    """What is in one stream, or in several one behind the other."""
    clear = b""
    for _ in range(_MOST_STREAMS):
        stream = make()
        clear += stream.decompress(data, most + 1 - len(clear))
        if len(clear) > most:
            raise _TooLarge
        if not stream.eof:
            raise EOFError
        data = stream.unused_data
        if not data:
            return clear
    raise _TooLarge


def _bunzip2(data: bytes, most: int) -> bytes:
    return _streams(bz2.BZ2Decompressor, data, most)


def _unxz(data: bytes, most: int) -> bytes:
    # No other format: the older one has no checksum, and asks for any memory it likes.
    return _streams(
        lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, _XZ_MEMORY), data, most
    )


def _to_snappy(data: bytes) -> bytes:
    packed: bytes = pyarrow.compress(data, "snappy", asbytes=True)
    return packed + zlib.crc32(data).to_bytes(_CHECKSUM_BYTES, "big")


def _from_snappy(data: bytes, most: int) -> bytes:
    """Snappy as Avro has it: the size, what is packed, and a CRC32 of what it was."""
    packed, checksum = data[:-_CHECKSUM_BYTES], data[-_CHECKSUM_BYTES:]
    size = _size_of_snappy(packed)
    if size > most:
        raise _TooLarge
    clear: bytes = pyarrow.decompress(packed, size, "snappy", asbytes=True)
    if zlib.crc32(clear).to_bytes(_CHECKSUM_BYTES, "big") != checksum:
        raise ValueError
    return clear


def _size_of_snappy(packed: bytes) -> int:
    """What the first bytes say: seven bits each, the lowest first (Snappy's format)."""
    size = 0
    for shift, byte in zip(range(0, 35, 7), packed, strict=False):
        size |= (byte & 0x7F) << shift
        if byte < 0x80:
            return size
    raise ValueError


def _to_zstandard(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


def _from_zstandard(data: bytes, most: int) -> bytes:
    """One frame; many writers do not say in it how much will come of it."""
    if zstandard.frame_content_size(data) > most:
        raise _TooLarge
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTANDARD_WINDOW)
    return decompressor.decompress(data, max_output_size=most)


def _same(data: bytes, most: int = 0) -> bytes:
    return data


_COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "null": _same,
    "deflate": _deflate,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "snappy": _to_snappy,
    "zstandard": _to_zstandard,
}
_DECOMPRESS: dict[str, Callable[[bytes, int], bytes]] = {
    "null": _same,
    "deflate": _inflate,
    "bzip2": _bunzip2,
    "xz": _unxz,
    "snappy": _from_snappy,
    "zstandard": _from_zstandard,
}
