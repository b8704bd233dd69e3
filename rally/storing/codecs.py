"""The codecs of Avro container files that are read and written here.

Those of the Avro 1.11 specification that Python itself brings. A file of another
codec is a fault that is named, and never a file that is left out.
"""

import bz2
import lzma
from collections.abc import Callable

from isal import isal_zlib

from rally.storing.corruption import CorruptFile

_ISAL_ERROR: type[Exception] = isal_zlib.error  # type: ignore[assignment]
_DAMAGED = (_ISAL_ERROR, lzma.LZMAError, OSError, ValueError, EOFError)
_LEVEL = 3  # a tenth of the time of zlib 6 for a tenth more bytes


class UnknownCodec(CorruptFile):
    """The file's codec is none that is served."""


def compress(codec: str, data: bytes) -> bytes:
    """Compresses the rows of a block. Raises UnknownCodec."""
    return _known(_COMPRESS, codec)(data)


def decompress(codec: str, data: bytes) -> bytes:
    """The rows of a block.

    Raises:
        UnknownCodec: the codec is not served.
        CorruptFile: the bytes are not of this codec.
    """
    inflate = _known(_DECOMPRESS, codec)
    try:
        return inflate(data)
    except _DAMAGED:
        raise CorruptFile("a block does not decompress") from None


def _known(
    functions: dict[str, Callable[[bytes], bytes]], codec: str
) -> Callable[[bytes], bytes]:
    if codec not in functions:
        raise UnknownCodec(
            f"its codec is none of {', '.join(functions)}; rewrite it with one of these"
        )
    return functions[codec]


def _deflate(data: bytes) -> bytes:
    deflater = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, -15)
    return deflater.compress(data) + deflater.flush()


def _inflate(data: bytes) -> bytes:
    inflater = isal_zlib.decompressobj(wbits=-15)
    clear: bytes = inflater.decompress(data)
    if not inflater.eof:
        raise EOFError
    return clear


def _bunzip2(data: bytes) -> bytes:
    if not data:  # which bz2 takes for the whole of nothing
        raise EOFError
    return bz2.decompress(data)


def _unxz(data: bytes) -> bytes:
    # No other format: the older one has no checksum, and asks for any memory it likes.
    return lzma.decompress(data, lzma.FORMAT_XZ)


def _same(data: bytes) -> bytes:
    return data


_COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "null": _same,
    "deflate": _deflate,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}
_DECOMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "null": _same,
    "deflate": _inflate,
    "bzip2": _bunzip2,
    "xz": _unxz,
}
