"""Bytes to and from Cloud Storage; raises what the client raises."""

import base64
import io
from typing import BinaryIO

import google_crc32c
from google.api_core import exceptions
from google.cloud import storage

CHUNK_BYTES = 8 * 1024 * 1024
"""What of an upload is held in memory, and sent again when a connection breaks."""


def download(blob: storage.Blob, start: int, length: int) -> bytes:
    """Up to `length` bytes from offset `start`, of the generation that `blob` has."""
    end = start + max(length, 1) - 1  # a range of HTTP has at least one byte
    try:
        data: bytes = blob.download_as_bytes(start=start, end=end)
    except exceptions.RequestRangeNotSatisfiable:
        return b""
    return data[:length]


def upload(blob: storage.Blob, file: BinaryIO, generation: int) -> int:
    """Makes the whole file the object in place of that generation; returns the new one.

    Larger files go in chunks, and go on where they were when a chunk is lost. The
    precondition makes it safe to send any of it twice.
    """
    blob.chunk_size = CHUNK_BYTES
    size, checksum = file.seek(0, io.SEEK_END), _checksum(file)
    try:
        blob.upload_from_file(
            file,
            rewind=True,
            size=size,
            content_type="application/octet-stream",
            if_generation_match=generation,
            checksum="crc32c",
            crc32c_checksum_value=checksum,
        )
    except ValueError:  # the client cannot go on from within a chunk
        raise OSError(None, "Cloud Storage took a part of a chunk alone") from None
    return int(blob.generation)


def _checksum(file: BinaryIO) -> str:
    """What the service must find before it makes the object, base64.

    Without it the client compares afterwards, and deletes whatever is live by then.
    """
    file.seek(0)
    found = 0
    while part := file.read(CHUNK_BYTES):
        found = google_crc32c.extend(found, part)
    return base64.b64encode(found.to_bytes(4, "big")).decode()
