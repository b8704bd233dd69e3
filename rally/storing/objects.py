"""Objects by name under a root, on this machine or on Google Cloud Storage.

Everything that the platform keeps goes through this one interface: it is small enough
to be the same on both, and each write and delete carries the generation that it saw,
so that two writers never lose each other's work (design: "Storing").
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from rally.errors import ConfigurationError


class ObjectNotFound(Exception):
    """There is no object of that name."""


class GenerationMismatch(Exception):
    """The object is not at the generation that the caller saw: look again."""


class ObjectInfo(NamedTuple):
    """One object in a listing.

    Attributes:
        name: relative to the root of its store, parts joined by "/".
        size: in bytes.
        generation: a number that changes with each write of the name.
    """

    name: str
    size: int
    generation: int


class ObjectStore(Protocol):
    """Named objects under one root; an object is visible only when whole.

    Raises (all methods): OSError where the store cannot be reached or refuses.
    """

    uri: str

    def read(self, name: str) -> bytes:
        """The whole object. Raises ObjectNotFound."""

    def read_range(self, name: str, start: int, length: int) -> bytes:
        """Up to `length` bytes from offset `start`. Raises ObjectNotFound."""

    def stat(self, name: str) -> ObjectInfo | None:
        """The object as a listing shows it, or None."""

    def create(self, name: str, data: bytes) -> bool:
        """Makes the object; False, and nothing is changed, where the name is taken."""

    def replace(self, name: str, data: bytes, generation: int) -> int:
        """Replaces that generation and returns the new one.

        Raises GenerationMismatch where the object has changed or gone.
        """

    def delete(self, name: str, generation: int) -> None:
        """Deletes that generation; one that is gone already is fine.

        Raises GenerationMismatch where the object has changed.
        """

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Objects whose names begin with `prefix`, sorted by name."""

    def check_writable(self) -> None:
        """Makes sure that objects can be made. Raises OSError where they cannot."""


def open_store(uri: str) -> ObjectStore:
    """Opens a local folder or a `gs://bucket/prefix`. Nothing is made or read yet.

    Raises:
        ConfigurationError: the URI is empty or of a scheme that is not served.
    """
    if not uri:
        raise ConfigurationError("a store's URI is empty; give a folder or gs://…")
    if uri.startswith("gs://"):
        from rally.storing.gcs import GcsStore  # slow to import, and seldom needed

        return GcsStore(uri)
    if "://" in uri:
        raise ConfigurationError(
            f"{uri}: only local folders and gs:// are stores; give one of these"
        )
    from rally.storing.local import LocalStore

    return LocalStore(uri)
