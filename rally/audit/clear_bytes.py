"""Reads any object so that it can be searched: inflated, in pieces, in order."""

import zlib
from collections.abc import Iterator
from itertools import chain

from rally.errors import CorruptFile
from rally.storage.header import Header
from rally.storage.objectstore.interface import Snapshot
from rally.storage.snapshots import frame_rows, header_of, walk_frames

_AVRO = b"Obj\x01"
_GZIP = b"\x1f\x8b"
_PACKED = (b"PAR1", b"PK\x03\x04", b"ORC", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")
_HEAD = 8192
_CHUNK = 4 * 1024 * 1024
_OVERLAP = 64  # longer than an id or an address
_GZIP_BITS = 31


def encode_name(name: str) -> bytes:
    """Encodes an object's name; a folder here may hold some that are not UTF-8."""
    return name.encode(errors="surrogateescape")


def header_in(snapshot: Snapshot) -> Header | None:
    """Reads the header of an Avro file; None of other objects. Raises CorruptFile."""
    is_avro = snapshot.read(0, len(_AVRO)) == _AVRO
    return header_of(snapshot) if is_avro else None


def walk_clear(snapshot: Snapshot, header: Header | None) -> Iterator[bytes]:
    """Yields what can be searched of an object: rows, or text, or gzip of text.

    Args:
        snapshot: Object.
        header: Result of header_in.

    Raises:
        CorruptFile: The object is damaged, or packed in a way that hides its text.
    """
    if header:
        for frame in walk_frames(snapshot, header):
            yield frame_rows(frame, header.codec)
    else:
        yield from _unpacked(snapshot)


def overlapping_pieces(snapshot: Snapshot) -> Iterator[bytes]:
    """Yields an object as it is, in pieces that overlap."""
    return _overlapping(_chunks(snapshot))


def _unpacked(snapshot: Snapshot) -> Iterator[bytes]:
    head = snapshot.read(0, _HEAD)
    if not head.startswith(_GZIP):
        _check_text(head)
        return overlapping_pieces(snapshot)
    clear = _gunzip(_chunks(snapshot))
    first = next(clear, b"")
    _check_text(first[:_HEAD])
    return _overlapping(chain([first], clear))


def _check_text(head: bytes) -> None:
    if head.startswith((_AVRO, _GZIP, *_PACKED)) or b"\0" in head:
        raise CorruptFile("it is packed in a way that cannot be searched")


def _chunks(snapshot: Snapshot) -> Iterator[bytes]:
    position = 0
    while chunk := snapshot.read(position, _CHUNK):
        yield chunk
        position += len(chunk)


def _overlapping(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Repeats the end of each piece in the next, so that nothing falls between."""
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
