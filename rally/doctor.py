"""Looks whether a platform is as its jobs need it, and changes nothing: `rally doctor`.

Each thing is looked at by itself, so that all faults are told at once. What depends on
a thing that is missing is left out: its fault says enough.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from typing import NamedTuple

from rally.decisions.chain import Chain, refuse_concluded
from rally.decisions.founding import FILE as COPY
from rally.decisions.founding import digest_of, platform_in, read_copy
from rally.decisions.verifying import read_chain
from rally.errors import ConfigurationError, describe_os_error, faults_of
from rally.exit_status import DONE, NOT_AS_PROMISED, NOT_BEGUN
from rally.keys import names
from rally.keys.folder import KEYSET, KeyFolder
from rally.keys.ping_keys import PingKeys
from rally.keys.ping_keys import namespaces as with_ping_keys
from rally.keys.platform_keys import PlatformKeys
from rally.registry.approval_deadlines import name_closed
from rally.registry.registry import SHIPPED, Registry
from rally.settings import Settings, latest
from rally.storage.last_runs import AFTER_CONCLUSION
from rally.storage.layout import Stores
from rally.storage.marked_stores import MarkedStores
from rally.storage.marker import Marker, PlaceKind, require_marker
from rally.storage.objectstore.interface import ObjectStore
from rally.usage import find_faults
from rally.versions import find_versions
from rally.withdrawal.bootstrap import open_list


class State(StrEnum):
    """State of a thing: as it must be, otherwise, or unknown from here."""

    OK = "ok"
    WRONG = "wrong"
    UNKNOWN = "unknown"


class Check(NamedTuple):
    """One thing that was looked at.

    Attributes:
        subject: Kind of thing, in a word or two.
        state: Result of the look.
        message: Finding and, where one is needed, remedy; one line.
        is_away: Whether a service did not answer, so that it may be told later.
        stops: Whether no job begins where it is wrong; of the rest a job goes on
            without a study or a document, or it is for people to see to.
    """

    subject: str
    state: State
    message: str
    is_away: bool = False
    stops: bool = True

    @property
    def is_wrong(self) -> bool:
        """Whether somebody has to mend something."""
        return self.state is State.WRONG


class Needs(NamedTuple):
    """Keys and places that a job needs.

    Attributes:
        opens_pings: Whether it opens pings.
        seals: Whether it seals dead letters.
        unseals: Whether it opens dead letters.
        signs: Jobs as which it signs.
        writes: Whether it writes to the stores.
    """

    opens_pings: bool = False
    seals: bool = False
    unseals: bool = False
    signs: tuple[names.Job, ...] = ()
    writes: bool = True


JOBS: Mapping[str, Needs] = {
    "ingest": Needs(opens_pings=True, seals=True),
    "replay": Needs(opens_pings=True, seals=True, unseals=True),
    "compact": Needs(),
    "delete": Needs(signs=(names.Job.DELETE,)),
    "purge": Needs(),
    "audit": Needs(writes=False),
    "release": Needs(signs=(names.Job.RELEASE,), writes=False),
}
"""By the name of the job."""

_ALL = Needs(True, True, True, tuple(names.Job))


def exit_status(checks: list[Check]) -> int:
    """2 where something is wrong, else 1 where a service is away, else 0."""
    if any(each.is_wrong for each in checks):
        return NOT_BEGUN
    return NOT_AS_PROMISED if any(each.is_away for each in checks) else DONE


class Examination:
    """Looks at all that a platform has, from options to rights."""

    def __init__(self, settings: Settings, job: str | None = None) -> None:
        """Looks at nothing yet.

        Args:
            settings: Places of the platform; what is not named is "" or None.
            job: Job whose keys and rights are looked at; None is all jobs.
        """
        self._settings = settings
        self._job = job
        self._needs = JOBS[job] if job else _ALL
        self._checks: list[Check] = []
        self._registry: Registry | None = None
        self._stores: Stores | None = None
        self._platform: Marker | None = None
        self._marked: MarkedStores | None = None
        self._chain: Chain | None = None

    def run(self) -> list[Check]:
        """Everything that was looked at, in the order in which jobs need it."""
        self._look_at_versions()
        self._look_at_options()
        self._look_at_registry()
        self._look_at_stores()
        self._look_at_decisions()
        if not (self._chain and self._chain.conclusion):  # else keys and list go
            self._look_at_list()
            self._look_at_platform_keys()
            self._look_at_ping_keys()
        self._look_at_studies()
        self._look_at_reviews()
        self._look_at_rights()
        return self._checks

    def _look_at_versions(self) -> None:
        for version in find_versions():
            state = {True: State.OK, False: State.WRONG, None: State.UNKNOWN}
            told = state[version.is_right]
            self._tell("versions", told, version.message, stops=False)

    def _look_at_options(self) -> None:
        """Tells which of the places that the job needs are not named."""
        settings = self._settings
        faults = []
        if not settings.store:
            faults.append("--store: is missing; say where the data is")
        if not (settings.platform_keys or settings.ping_keys):
            faults.append("--platform_keys: is missing; give it, or --keys")
        if self._needs.opens_pings and not settings.ping_keys:
            faults.append("--keys: is missing; say where the keys are that open pings")
        for fault in faults:
            self._tell("options", State.WRONG, fault)
        if settings.store:
            with self._looking("options"):
                self._stores = Stores(settings.store, settings.platform)
        if self._stores and not faults:
            self._tell("options", State.OK, "all places are named")

    def _look_at_registry(self) -> None:
        uri = self._settings.studies or SHIPPED
        with self._looking("registry"):
            if self._stores:
                registry = self._settings.load_registry()
            else:
                registry = Registry.load(uri)
            self._registry = registry
            for fault in registry.faults.values():
                self._tell("registry", State.WRONG, fault, stops=False)
            number = len(registry.studies)
            self._tell("registry", State.OK, f"{uri}: {number} studies load")

    def _look_at_stores(self) -> None:
        """Looks at the markers: of the platform, and of a store that all share."""
        if self._stores is None:
            return
        platform, settings = self._stores.platform, self._settings
        with self._looking("platform"):
            self._platform = require_marker(platform, PlaceKind.PLATFORM)
            what = f"{platform.uri}: is platform {self._platform.id}"
            self._tell("platform", State.OK, what)
        if self._platform is None:
            if not self._stores.is_one_a_study:
                with self._looking("store"):
                    require_marker(self._stores.of(""), PlaceKind.STORE)
                    what = f"{settings.store}: is a store"
                    self._tell("store", State.OK, what)
            return
        with self._looking("store"):
            self._marked = MarkedStores(settings.store, settings.platform)
            whose = "each study's own" if self._marked.is_one_a_study else "is a store"
            self._tell("store", State.OK, f"{settings.store}: {whose} of that platform")

    def _look_at_decisions(self) -> None:
        """Verifies what people decided; a conclusion leaves nothing to begin."""
        if self._platform is None or self._stores is None:
            return
        with self._looking("decisions"):
            self._chain = chain = read_chain(self._stores.platform)
            for record in chain.faulty():
                what = f"decision {record.number} is {record.status}"
                what = f"{what}; {_VERIFY}"
                self._tell("decisions", State.WRONG, what, stops=False)
            kind = "development platform" if chain.development else "platform"
            what = f"{len(chain.records)} of a {kind}, founded by {chain.founder}"
            self._tell("decisions", State.OK, what)
            if self._job not in AFTER_CONCLUSION:
                refuse_concluded(chain, self._stores.platform.uri)

    def _look_at_list(self) -> None:
        """Looks for the withdrawal list, which names the last of the decisions."""
        if self._platform is None or self._stores is None:
            return
        with self._looking("withdrawal list"):
            published = open_list(self._stores.platform)
            if published.decisions.has_loss:
                what = f"names other decisions than are there; {_VERIFY}"
                self._tell("withdrawal list", State.WRONG, what, stops=False)
            what = f"list {published.list.counter} is the newest"
            self._tell("withdrawal list", State.OK, what)

    def _look_at_platform_keys(self) -> None:
        """Opens each key by itself, and holds it against what people decided."""
        settings = self._settings
        if not (settings.platform_keys or settings.ping_keys):
            return
        uri, opened = settings.platform_keys_uri, list[str]()
        folder, found = KeyFolder(uri), list[str]()
        with self._looking("platform keys"):
            folder.kek_file()
            found = folder.names()
        if found:
            with self._looking("platform keys", stops=False):
                self._look_at_founding(uri)
        else:
            return
        for purpose, attempt in self._purposes(uri, set(found)):
            with self._looking("platform keys"):
                attempt()
                opened.append(purpose)
        if opened:
            what = f"{uri}: {', '.join(opened)} open"
            self._tell("platform keys", State.OK, what)

    def _look_at_founding(self, uri: str) -> None:
        """Holds the copy of the first decision against the platform's marker."""
        copy, marker = read_copy(uri), self._platform
        where = KeyFolder(uri).where(COPY)
        if copy is None:
            raise ConfigurationError(
                f"{where}: is missing; restore it: it is the first of the platform's"
                " decisions/"
            )
        owner = platform_in(copy, uri)
        if marker and (owner != marker.id or digest_of(copy) != marker.founded):
            raise ConfigurationError(
                f"{where}: is of platform {owner}, as another decision founded it than"
                f" that of {marker.id}; correct --platform_keys or --platform"
            )

    def _purposes(
        self, uri: str, files: set[str]
    ) -> Iterator[tuple[str, Callable[[], object]]]:
        """The keys that the job needs, each with what opens it."""
        needs, used = self._needs, self._used(files)
        for namespace in (names.PLATFORM, *used):
            purpose = names.pseudonym(namespace)
            yield purpose, partial(PlatformKeys.open, uri, pseudonyms=[namespace])
        if needs.seals:
            attempt = partial(PlatformKeys.open, uri, seal=True)
            yield names.DEAD_LETTER_PUBLIC, attempt
        if needs.unseals:
            attempt = partial(PlatformKeys.open, uri, open_dead_letters=True)
            yield names.DEAD_LETTER_PRIVATE, attempt
        for job in needs.signs:
            yield names.signing(job), partial(self._check_signing, uri, job)

    def _check_signing(self, uri: str, job: names.Job) -> None:
        """Opens a signing key, which signs nothing here."""
        key = PlatformKeys.open(uri, signing=[job]).signer(job)
        if self._chain:
            self._chain.check_key(job, key)

    def _used(self, files: set[str]) -> list[str]:
        """Namespaces of the studies that are used: they have their pseudonyms' key."""
        studies = self._registry.studies if self._registry else ()
        return [each for each in studies if names.pseudonym(each) + KEYSET in files]

    def _look_at_ping_keys(self) -> None:
        """Opens what the folder has, and looks for what used studies lack."""
        uri = self._settings.ping_keys
        if not (uri and self._needs.opens_pings):
            return
        with self._looking("ping keys"):
            folder = KeyFolder(uri)
            folder.kek_file()
            found = with_ping_keys(folder)
            PingKeys.load(uri)
            number = len({*found[0], *found[1]})
            what = f"{uri}: the keys of {number} namespaces open"
            self._tell("ping keys", State.OK, what)

    def _look_at_studies(self) -> None:
        """Looks at the store and the key of each study together, as each job does."""
        registry, marked = self._registry, self._marked
        if registry is None or marked is None or self._chain is None:
            return
        if not (self._settings.platform_keys or self._settings.ping_keys):
            return
        folder = KeyFolder(self._settings.platform_keys_uri)

        def concluded() -> frozenset[str]:
            states = self._settings.states(registry)
            return states.concluded_by(latest(self._settings.clock()()))

        with self._looking("studies"):
            faults = find_faults(
                registry, marked, folder, concluded, self._settings.is_concluded
            )
            for fault in faults.values():
                self._tell("studies", State.WRONG, fault, stops=False)
            self._registry = registry.closing(faults)
            used = [
                each for each in self._used({*folder.names()}) if each not in faults
            ]
            whole = ", ".join(each for each in used if each not in faults)
            what = whole or "none; `rally init --study` begins one"
            self._tell("studies", State.OK, f"used and whole: {what}")

    def _look_at_reviews(self) -> None:
        """Names the documents that no review covers, though one should."""
        if self._registry is None or self._chain is None:
            return
        closed = name_closed(self._registry, self._chain, self._settings.clock()())
        for each in closed:
            self._tell("reviews", State.WRONG, each, stops=False)
        if not closed:
            what = "no document that is to be collected lacks one"
            self._tell("reviews", State.OK, what)

    def _look_at_rights(self) -> None:
        """Asks the system what this account may do in each store that is there."""
        if self._marked is None:
            return
        for store in self._places(self._marked):
            with self._looking("rights"):
                try:
                    store.check_rights(writes=self._needs.writes)
                except ConnectionError:
                    raise
                except OSError as error:
                    what = f"{store.uri}: {error.strerror}; give it the rights there"
                    raise ConfigurationError(what) from None
                may = "read and write" if self._needs.writes else "read"
                self._tell("rights", State.OK, f"{store.uri}: may {may}")

    def _places(self, marked: MarkedStores) -> list[ObjectStore]:
        """The platform's store and those of studies that are there."""
        studies = list(self._registry.studies) if self._registry else []
        if marked.is_one_a_study:
            with self._looking("rights"):
                studies = [each for each in studies if not marked.fault_of(each)]
        else:
            studies = studies or [""]
        return [marked.platform, *marked.each(studies)]

    @contextmanager
    def _looking(self, subject: str, *, stops: bool = True) -> Iterator[None]:
        """Around one attempt: notes what is wrong, or who does not answer."""
        try:
            yield
        except ConfigurationError as error:
            for fault in faults_of(error):
                self._tell(subject, State.WRONG, fault, stops=stops)
        except ConnectionError as error:
            what = f"{describe_os_error(error)}; try again when it answers"
            self._checks.append(Check(subject, State.UNKNOWN, what, is_away=True))
        except OSError as error:
            self._tell(subject, State.WRONG, describe_os_error(error))

    def _tell(
        self, subject: str, state: State, message: str, *, stops: bool = True
    ) -> None:
        """Notes it once: a key that is lost is missed by its study as well."""
        if all(each.message != message for each in self._checks):
            self._checks.append(Check(subject, state, message, stops=stops))


_VERIFY = "`rally decisions verify` says why"
