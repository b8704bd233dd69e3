"""What a file's `rally.content` says: a hash of its place, its schema and its rows.

Ingest names a new file by it; of a compacted file, whose name says its bucket, it is a
note in the header. Whoever reads all rows can tell by it that a file lies where it was
written.
"""

import hashlib
from typing import Protocol

from rally.storage.layout import Partition

CONTENT = "rally.content"
"""The header's entry."""


class Digest(Protocol):
    """A hash in the making."""

    def update(self, data: bytes, /) -> None:
        """Takes rows, in the order in which they are stored."""

    def hexdigest(self) -> str:
        """The hash of all that was taken."""


def of_new(partition: Partition, fingerprint: str) -> Digest:
    """Begins that of a file as ingest writes it.

    Args:
        partition: of its rows.
        fingerprint: of the payload's schema.
    """
    return _begin(*partition, fingerprint)


def of_compacted(name: str, fingerprint: str) -> Digest:
    """Begins that of a compacted file, by the object's name."""
    return _begin(name, fingerprint)


def _begin(*parts: str) -> Digest:
    return hashlib.sha256(b"".join(part.encode() + b"\0" for part in parts))
