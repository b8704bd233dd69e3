"""The bytes of any object as they can be searched: inflated, in pieces, in order."""

import zlib
from collections.abc import Iterator

from rally.storing.corruption import CorruptFile
from rally.storing.header import Header
from rally.storing.objects import Snapshot
from rally.storing.snapshots import frame_rows, walk_frames

AVRO = b"Obj\x01"

_GZIP = b"\x1f\x8b"
_PACKED = (b"PAR1", b"PK\x03\x04", b"ORC", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")
_HEAD = 8192
_CHUNK = 4 * 1024 * 1024
_OVERLAP = 64  # longer than an id or an address
_GZIP_BITS = 31


def inflated(snapshot: Snapshot, header: Header) -> Iterator[bytes]:
    """The rows of an Avro file, block by block. Raises CorruptFile."""
    for frame in walk_frames(snapshot, header):
        yield frame_rows(frame, header.codec)


def pieces(snapshot: Snapshot) -> Iterator[bytes]:
    """An object as it is, in pieces that overlap."""
    return _overlapping(_chunks(snapshot))


def unpacked(snapshot: Snapshot) -> Iterator[bytes]:
    """An object that is text, or gzip of it, in pieces that overlap.

    Raises:
        CorruptFile: it is packed in another way, so that nothing can be found in it.
    """
    head = snapshot.read(0, _HEAD)
    if head.startswith(_GZIP):
        return _overlapping(_gunzip(_chunks(snapshot)))
    if head.startswith(_PACKED) or b"\0" in head:
        raise CorruptFile("it is packed in a way that cannot be searched")
    return pieces(snapshot)


def _chunks(snapshot: Snapshot) -> Iterator[bytes]:
    position = 0
    while chunk := snapshot.read(position, _CHUNK):
        yield chunk
        position += len(chunk)


def _overlapping(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """So that nothing falls between two pieces."""
    tail = b""
    for chunk in chunks:
        yield tail + chunk
        tail = (tail + chunk)[-_OVERLAP:]


def _gunzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    inflater, packed = zlib.decompressobj(_GZIP_BITS), b""
    try:
        for chunk in chunks:
            packed += chunk
            while packed:
                if inflater.eof:  # another member follows
                    inflater = zlib.decompressobj(_GZIP_BITS)
                if clear := inflater.decompress(packed, _CHUNK):
                    yield clear
                packed = inflater.unconsumed_tail or inflater.unused_data
    except zlib.error:
        raise CorruptFile("it does not decompress") from None
    if not inflater.eof:
        raise CorruptFile("it is cut off")
