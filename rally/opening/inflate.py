"""Bounded inflation: gzip is sniffed, never announced, and may be a bomb."""

from isal import isal_zlib

from rally.errors import PingFailed
from rally.outcomes import FailureReason

LIMIT = 8 * 1024 * 1024
"""Largest body and largest clear text, in bytes (the edge's and decoder's limit)."""

_DAMAGED: type[Exception] = isal_zlib.error  # type: ignore[assignment]
GZIP_MAGIC = b"\x1f\x8b"


def inflate(data: bytes, failure: FailureReason) -> bytes:
    """Unpacks `data` where it is gzip (RFC 1952), and returns it as it is elsewhere.

    Exactly one member and nothing behind it. At most LIMIT bytes are ever produced,
    whatever the data claims.

    Args:
        data: what may be gzip.
        failure: the reason where it begins as gzip and is not.

    Raises:
        PingFailed: too large, or damaged.
    """
    if not data.startswith(GZIP_MAGIC):
        if len(data) > LIMIT:
            raise PingFailed(FailureReason.TOO_LARGE)
        return data
    inflater = isal_zlib.decompressobj(wbits=31)
    try:
        clear: bytes = inflater.decompress(data, LIMIT + 1)
    except _DAMAGED:
        raise PingFailed(failure) from None
    if len(clear) > LIMIT:
        raise PingFailed(FailureReason.TOO_LARGE)
    if not inflater.eof or inflater.unused_data:
        raise PingFailed(failure)
    return clear
