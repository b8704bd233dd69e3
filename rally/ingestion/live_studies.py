"""The studies as a running job knows them, with what opens and judges their pings."""

from typing import NamedTuple

from rally.decryption.opener import Opener
from rally.errors import ConfigurationError
from rally.ingestion.routes import Routes
from rally.ingestion.settings import IngestSettings
from rally.keys.ping_keys import PingKeys
from rally.keys.platform_keys import PlatformKeys
from rally.keys.secret import Secret
from rally.observability.measures import Measures, Sum
from rally.registry.registry import SHIPPED, Registry
from rally.storage.objectstore.interface import ObjectInfo
from rally.storage.objectstore.open_store import open_store
from rally.validation.pseudonyms import PLATFORM, Prf, Pseudonyms

_GONE = "is in the registry no more; restore it, or start the job again"

_PING_KEYS = 1
"""Place of the ping keys' folder among those that are listed."""

Listing = frozenset[ObjectInfo] | None
"""The files of a folder; None where it cannot be listed."""


class KnownStudies(NamedTuple):
    """The studies as they were at one moment, all of it made of one registry.

    Attributes:
        registry: registry of the studies.
        routes: routes of their documents.
        opener: opener of their pings.
        pseudonyms: pseudonyms of the platform and of each study that has a key.
    """

    registry: Registry
    routes: Routes
    opener: Opener
    pseudonyms: Pseudonyms


class LiveStudies(Secret):
    """Studies and their keys, loaded again where a file of theirs has changed.

    A study that no longer loads is closed, as at the start of a job: its withdrawals
    are heard, and its other pings wait as dead letters. So is one whose folder is gone,
    and all of them where the registry is: a file that is lost, or half written, makes
    nobody's withdrawal unknown. No fault of theirs ends the job.

    What concerns all studies, such as keys that do not open or a service that is
    unavailable, leaves the job with what it knows, less the studies that no longer
    load, and is tried again at each look. A pseudonym key that is known stays: another
    would make other pseudonyms of the same people.
    """

    def __init__(self, settings: IngestSettings, measures: Measures) -> None:
        """Loads the studies and their keys.

        Args:
            settings: settings of the job.
            measures: measures of the worker, in which each load after this one counts.

        Raises:
            ConfigurationError: registry, stores or keys are not as they must be.
            ConnectionError: one of them is unavailable.
        """
        self._settings, self._measures = settings, measures
        uris = settings.studies or SHIPPED, settings.ping_keys
        self._folders = [
            open_store(uri, follows=True) for uri in (*uris, settings.platform_keys_uri)
        ]
        self._prfs: dict[str, Prf] = {}
        self._seen: list[Listing] | None = self._list()
        self._known = self._open(
            settings.registry(), None, Opener(PingKeys.load(settings.ping_keys))
        )

    def look(self) -> KnownStudies:
        """Looks for changes, and gives the studies as they are now."""
        try:
            seen = self._list()
            if seen == self._seen:
                return self._known
            registry = self._load_registry()
        except ConnectionError:
            self._measures.add(Sum.RELOAD_FAILURES, 1)
            return self._known
        try:
            registry = self._settings.close_unusable(registry)
            opener = self._open_ping_keys(seen)
            self._known = self._open(registry, self._known.routes, opener)
            self._seen = seen
            self._measures.add(Sum.RELOADS, 1)
        except (ConfigurationError, ConnectionError) as error:
            self._measures.add(Sum.RELOAD_FAILURES, 1)
            self._seen = None  # to be tried again, although no file may change
            self._known = self._close(registry, str(error))
        return self._known

    def _list(self) -> list[Listing]:
        """Lists the folders. Raises ConnectionError where one is unavailable."""
        found = list[Listing]()
        for folder in self._folders:
            try:
                found.append(frozenset(folder.list()))
            except ConnectionError:
                raise
            except OSError:
                found.append(None)  # who loads it says what is wrong
        return found

    def _load_registry(self) -> Registry:
        """Loads the studies; those that were known and are not there stay registered.

        Raises:
            ConnectionError: the registry's folder is unavailable.
        """
        try:
            registry, fault = self._settings.load_registry(), _GONE
        except ConfigurationError as error:  # no study loads, or there is none
            registry, fault = Registry({}), str(error)
        return registry.keeping(self._known.registry, fault)

    def _open_ping_keys(self, seen: list[Listing]) -> Opener:
        """Opens the ping keys, where one of their files has changed.

        Raises:
            ConfigurationError: one of them does not open.
            ConnectionError: a key service is unavailable.
        """
        if self._seen is not None and self._seen[_PING_KEYS] == seen[_PING_KEYS]:
            return self._known.opener
        return Opener(PingKeys.load(self._settings.ping_keys))

    def _open(
        self, registry: Registry, routes: Routes | None, opener: Opener
    ) -> KnownStudies:
        """Makes what opens and judges the pings of a registry's studies.

        Args:
            registry: registry of the studies.
            routes: routes that are known; None at the start.
            opener: opener of their pings.

        Raises:
            ConfigurationError: a schema cannot be served, or keys do not open.
            ConnectionError: a key service is unavailable.
        """
        settings, names = self._settings, [PLATFORM, *registry.studies]
        new = [name for name in names if name not in self._prfs]
        keys = PlatformKeys.open(settings.platform_keys_uri, pseudonyms=new)
        self._prfs |= {name: keys.prf(name) for name in new if keys.has_prf(name)}
        return KnownStudies(
            registry,
            Routes(registry, routes),
            opener,
            Pseudonyms({it: self._prfs[it] for it in names if it in self._prfs}),
        )

    def _close(self, registry: Registry, fault: str) -> KnownStudies:
        """Gives what is known, in which a study is closed that does not load now.

        A study that is new is registered, and closed as well.

        Args:
            registry: registry as it is now.
            fault: reason for which the studies of it are not opened.
        """
        known = self._known
        closed = known.registry.closing(registry.faults).keeping(registry, fault)
        if closed.unavailable == known.registry.unavailable:
            return known
        return known._replace(registry=closed, routes=Routes(closed, known.routes))
