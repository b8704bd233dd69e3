"""Inflates gzip within bounds: bodies do not announce it, and may be a bomb."""

from isal import isal_zlib

from rally.errors import PingFailed
from rally.outcomes import FailureReason

LIMIT = 8 * 1024 * 1024
"""Largest body and largest clear text, in bytes (the edge's and decoder's limit)."""

GZIP_MAGIC = b"\x1f\x8b"

_RATIO = 50
_ALWAYS = 256 * 1024
"""Real bodies are ciphertexts, which deflate by 1.3 as base64. Clear text deflates by
2 to 4, a megabyte of equal events by 26, sparse histograms by 34. Only short texts,
such as histograms of zeros, go beyond 50, so the first 256 KiB are free."""

_DAMAGED: type[Exception] = isal_zlib.error  # type: ignore[assignment]


def most_inflated(compressed: int) -> int:
    """Gives the most bytes that a number of compressed bytes may become."""
    return max(_ALWAYS, _RATIO * compressed)


def inflate(data: bytes, failure: FailureReason) -> bytes:
    """Unpacks `data` where it is gzip (RFC 1952), and returns it as it is otherwise.

    The gzip has exactly one member and nothing behind it. Whatever the data claims,
    this never produces more than LIMIT, nor more than `most_inflated` of its size.

    Args:
        data: bytes that may be gzip.
        failure: reason to raise where they begin as gzip and are not.

    Raises:
        PingFailed: the data is too large, or damaged.
    """
    if not data.startswith(GZIP_MAGIC):
        if len(data) > LIMIT:
            raise PingFailed(FailureReason.TOO_LARGE)
        return data
    most = min(LIMIT, most_inflated(len(data)))
    inflater = isal_zlib.decompressobj(wbits=31)
    try:
        clear: bytes = inflater.decompress(data, most + 1)
    except _DAMAGED:
        raise PingFailed(failure) from None
    if len(clear) > most:
        raise PingFailed(FailureReason.TOO_LARGE)
    if not inflater.eof or inflater.unused_data:
        raise PingFailed(failure)
    return clear
