"""The stores of a platform that is there: each is what its marker says, or is not used.

Whoever opens stores in this way never takes an empty folder for a store without rows.
"""

from collections.abc import Iterator
from typing import NoReturn

from rally.errors import ConfigurationError
from rally.storage.layout import Stores
from rally.storage.marker import PlaceKind, require_marker
from rally.storage.objectstore.interface import (
    ObjectInfo,
    ObjectNotFound,
    ObjectStore,
    OldCopy,
    Stray,
)


class MarkedStores(Stores):
    """The store of each study, and the platform's own, as `rally init` made them."""

    def __init__(self, store: str, platform: str | None) -> None:
        """Looks at the platform's marker, and at that of a store that studies share.

        Args:
            store: URI of `--store`; may hold `{study}`.
            platform: URI of `--platform`; None is `<store>/platform`.

        Raises:
            ConfigurationError: one of them is unmarked or marked otherwise, or they do
                not belong together.
            ConnectionError: one of them is away.
        """
        super().__init__(store, platform)
        self._marker = require_marker(self.platform, PlaceKind.PLATFORM)
        self.id = self._marker.id
        self._faults: dict[str, str | None] = {}
        if not self.is_one_a_study:
            self._require(super().of(""))

    def of(self, study: str) -> ObjectStore:
        """The store that holds a study's partitions; one without anything if unmarked.

        Raises:
            ConnectionError: it is away, and nobody can tell.
        """
        store = super().of(study)
        return NoStore(store.uri) if self.fault_of(study) else store

    def fault_of(self, study: str) -> str | None:
        """Why a study's own store is not used, in one line; None where it is.

        Raises:
            ConnectionError: it is away, and nobody can tell.
        """
        if self.is_one_a_study and study not in self._faults:
            store = super().of(study)
            try:
                self._require(store, study)
                self._faults[study] = None
            except ConfigurationError as error:
                self._faults[study] = str(error)
        return self._faults.get(study)

    def _require(self, store: ObjectStore, study: str | None = None) -> None:
        """Raises ConfigurationError where a store is not one of this platform."""
        marker = require_marker(store, PlaceKind.STORE, self.id, study)
        if marker.founded != self._marker.founded:
            raise ConfigurationError(
                f"{store.uri}: belongs to platform {self.id} as another first decision"
                f" founded it than that of {self.platform.uri}; restore the"
                " rally-store.json that was changed"
            )


class NoStore:
    """Stands for a store that is not there: it holds nothing, and takes nothing."""

    def __init__(self, uri: str) -> None:
        """Takes the URI of the place."""
        self.uri = uri

    def read(self, name: str) -> NoReturn:
        """Raises ObjectNotFound; so do all that read one object."""
        raise ObjectNotFound(name)

    def read_range(self, name: str, start: int, length: int) -> NoReturn:
        """See `read`."""
        raise ObjectNotFound(name)

    def open(self, name: str, generation: int | None = None) -> NoReturn:
        """See `read`."""
        raise ObjectNotFound(name)

    def stat(self, name: str) -> None:
        """There is none."""

    def draft(self, name: str) -> NoReturn:
        """Raises FileNotFoundError; so do all that would write."""
        raise FileNotFoundError(None, "there is no such store")

    def create(self, name: str, data: bytes) -> NoReturn:
        """See `draft`."""
        self.draft(name)

    def replace(self, name: str, data: bytes, generation: int) -> NoReturn:
        """See `draft`."""
        self.draft(name)

    def delete(self, name: str, generation: int) -> None:
        """What is gone already is fine."""

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """There is none."""
        return iter(())

    def list_dated(self, prefix: str = "") -> Iterator[NoReturn]:
        """There is none."""
        return iter(())

    def strays(self, prefix: str = "") -> Iterator[Stray]:
        """There is none."""
        return iter(())

    def old_copies(self, prefix: str) -> Iterator[OldCopy]:
        """There is none."""
        return iter(())

    def purge(self, copy: OldCopy) -> None:
        """What is gone already is fine."""

    def has_folder(self, folder: str, *, writes: bool = False) -> bool:
        """There is none."""
        return False

    def check_writable(self) -> None:
        """Nothing is written there."""

    def check_rights(self, *, writes: bool) -> None:
        """See `draft`."""
        self.draft("")

    def storage_key(self) -> None:
        """There is none."""
