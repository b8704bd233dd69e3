"""Collects the exact sums of a release on workers: a range of participants each.

Whatever the data, there is a vector of one length for each range. It travels sealed to
a key that never leaves the launcher's memory, and nothing else of it is told: neither
a count nor a size nor a log says anything exact.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import NamedTuple

import numpy as np
import tink
from tink import hybrid

from rally.consent.index import ConsentIndex
from rally.consent.records import ConsentPurpose
from rally.dataset.names import ROW_COLUMNS
from rally.dataset.scan import Exclusions, Scan
from rally.errors import CorruptFile
from rally.keys import keysets
from rally.keys.names import Job
from rally.keys.platform_keys import PlatformKeys
from rally.keys.signing import SigningKey
from rally.registry.expunges import Expunges
from rally.registry.registry import Registry
from rally.registry.study import Study
from rally.releases.cells import Cells
from rally.releases.demographic_groups import DemographicGroups, columns_needed
from rally.releases.demographics import find_document
from rally.releases.grouping import Countable, Demographics, count_rows, join
from rally.releases.recent_people import read_people_since
from rally.releases.recipe import Grouping, Recipe, Window
from rally.releases.summing import sum_up
from rally.settings import Settings, make_pseudonyms
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.partitions import EVERYBODY, Range
from rally.storage.row_streams import UnreadableRows
from rally.validation.pseudonyms import PLATFORM, Pseudonyms
from rally.withdrawal.study_view import StudyView, expunged_rows
from rally.withdrawal.view_object import ExpungedRows

PARTICIPANT, DOCUMENT_ID, *_ = ROW_COLUMNS

_CELL = np.dtype("<i8")
_CONTEXT = "rally release"

MOST_BYTES = 48 * 1024 * 1024
"""Stored bytes of one range, of all of its days; in memory they are some times that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseSettings(Settings):
    """Settings of the job of releases.

    Attributes:
        study: Namespace of the study.
    """

    study: str

    def keys(self, registry: Registry) -> PlatformKeys:
        """Opens the keys of pseudonyms of the platform and of this study alone."""
        return PlatformKeys.open(
            self.platform_keys_uri, pseudonyms=[PLATFORM, self.study]
        )

    def release_key(self) -> SigningKey:
        """Opens the key that signs releases, which no worker needs."""
        keys = PlatformKeys.open(self.platform_keys_uri, signing=[Job.RELEASE])
        return keys.signer(Job.RELEASE)

    def of(self, study: str) -> "ReleaseSettings":
        """Gives the same for a study by its namespace."""
        return replace(self, study=study)

    def fixed_at(self, now: datetime) -> "ReleaseSettings":
        """Gives the same with a clock that says one time, on workers as well."""
        return replace(self, as_of=now.isoformat())


class Sealing:
    """Seals accumulators to a key that is made for one run, and forgotten with it."""

    def __init__(self, release: str) -> None:
        """Makes the key.

        Args:
            release: Name of the release, to which what is sealed is bound.
        """
        handle = keysets.generate("hpke")
        self._opener = handle.primitive(hybrid.HybridDecrypt)
        self._release = release
        self.public = keysets.serialise_public(handle)

    def open(self, answers: Sequence[object], cells: Cells) -> Iterator[np.ndarray]:
        """Opens the vectors of all ranges, in their order.

        Args:
            answers: Answers of the workers.
            cells: Cells of the release.

        Raises:
            CorruptFile: One of them was not sealed for this run and this range.
        """
        for number, answer in enumerate(answers):
            try:
                sealed = base64.b64decode(str(answer), validate=True)
                data = self._opener.decrypt(sealed, _context(self._release, number))
            except (binascii.Error, tink.TinkError):
                raise _not_ours() from None
            if len(data) != cells.length * _CELL.itemsize:
                raise _not_ours()
            yield np.frombuffer(data, _CELL).astype(np.int64)


class Collector:
    """Sums what the rows of a range of participants contribute to a release."""

    def __init__(
        self,
        settings: ReleaseSettings,
        recipe: Recipe,
        window: Window,
        public: str,
        counter: int,
    ) -> None:
        """Opens what the sums are made of.

        Args:
            settings: Settings of the job.
            recipe: Recipe that was approved.
            window: Days of the release.
            public: Key to which sums are sealed, a Tink keyset as JSON.
            counter: Counter of the withdrawal list that the launcher read; an older
                one is refused.

        Raises:
            ConfigurationError: Something is not as it must be.
            CorruptFile: The log of consents or of events is damaged.
            OSError: A store cannot be read.
        """
        registry, stores = settings.registry(), settings.stores()
        study = registry.studies[recipe.namespace]
        now = settings.clock()()
        pseudonyms = make_pseudonyms(settings.keys(registry), registry)
        self._recipe, self._cells = recipe, Cells(recipe)
        self._release = recipe.release_id(window)
        self._key = pseudonyms.release_key(
            recipe.namespace, f"{recipe.fingerprint} {self._release}"
        )
        published = read_people_since(stores, counter)
        view = StudyView.of_list(published, study, pseudonyms, now)
        store = stores.of(recipe.namespace)
        self._scans = open_scans(store, study, recipe, window, view, now)
        self._demographics: Demographics = _nobody
        if recipe.demographics:
            orders = published.expunges
            reader = _DemographicReader(settings, registry, orders, pseudonyms)
            with _naming_the_file():
                self._demographics = reader.read(recipe)
        public_keys = keysets.parse_public(public)
        self._sealer = public_keys.primitive(hybrid.HybridEncrypt)

    def __call__(self, work: tuple[int, Range]) -> str:
        """Sums one range.

        Args:
            work: Number of the range, and the range.

        Returns:
            The sealed vector, in base64.
        """
        number, people = work
        vector = self.sum_up(people)
        data = vector.astype(_CELL).tobytes()
        sealed = self._sealer.encrypt(data, _context(self._release, number))
        return base64.b64encode(sealed).decode()

    def sum_up(self, people: Range = EVERYBODY) -> np.ndarray:
        """Sums a range of participants: a vector of the cells, exact and secret."""
        with _naming_the_file():
            parts = [*self._countable(people)]
        if not parts:
            return self._cells.zeros()
        return sum_up(self._recipe, self._cells, join(parts), self._key)

    def _countable(self, people: Range) -> Iterator[Countable]:
        for scan in self._scans:
            for batch in scan.batches(people):
                yield count_rows(self._recipe, batch, self._demographics)


def open_scans(
    store: ObjectStore,
    study: Study,
    recipe: Recipe,
    window: Window,
    exclusions: Exclusions,
    now: datetime,
) -> list[Scan]:
    """Chooses what is read of each document of a recipe.

    Raises:
        ConfigurationError: A column is not there.
    """
    return [
        Scan(
            store,
            study.documents[document],
            exclusions,
            now,
            since=window.first,
            until=window.last,
            columns=[PARTICIPANT, DOCUMENT_ID, *recipe.columns],
        )
        for document in recipe.documents
    ]


def divide(scans: Iterable[Scan], window: Window) -> list[tuple[int, Range]]:
    """Divides the participants, so that the rows of each range fit into memory.

    Returns:
        The work of each worker: a number, and a range.
    """
    days = (window.last - window.first).days + 1
    most = max(1, MOST_BYTES // days)
    divided = [each.ranges(most) for each in scans]
    finest = max(map(len, divided))
    return [*enumerate(next(each for each in divided if len(each) == finest))]


class _PlatformRows(NamedTuple):
    """Exclusions from the platform's rows: none but orders, since leaving is heard.

    Who left has withdrawn every consent, see rally.consent.fold.
    """

    expunges: tuple[ExpungedRows, ...]

    def digest_of(self, people: Range) -> bytes:
        """Digests the orders, which concern everybody."""
        return sha256(repr(self.expunges).encode()).digest()

    def left_out(self, participants: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Tells that nobody is left out."""
        return np.zeros(len(participants), bool)


class _DemographicReader:
    """Reads what people told the platform, of those who agreed that a study has it."""

    def __init__(
        self,
        settings: ReleaseSettings,
        registry: Registry,
        expunges: Expunges,
        pseudonyms: Pseudonyms,
    ) -> None:
        self._settings, self._registry = settings, registry
        self._expunges, self._pseudonyms = expunges, pseudonyms

    def read(self, recipe: Recipe) -> Demographics:
        """Finds people's groups. Raises ConfigurationError, CorruptFile and OSError."""
        settings, stores = self._settings, self._settings.stores()
        now, document = settings.clock()(), find_document(self._registry)
        assert document is not None  # recipe_checks saw to it
        states = settings.states(self._registry)
        consents = ConsentIndex.read(stores.platform, self._registry, states)
        scan = Scan(
            stores.of(document.namespace),
            document,
            _PlatformRows(expunged_rows(self._expunges, document.namespace)),
            now,
            columns=columns_needed(recipe, self._registry),
        )
        purpose = ConsentPurpose.DEMOGRAPHICS

        def agreed(field: str, person: str) -> bool:
            return consents.consented(recipe.namespace, purpose, field, person, now)

        study = partial(self._pseudonyms.of_study, recipe.namespace)
        rows = scan.read()
        return DemographicGroups(recipe, self._registry, rows, agreed, study).find


def _nobody(participants: np.ndarray, grouping: Grouping) -> np.ndarray:
    """Finds no group: of a recipe without demographics nobody asks."""
    raise AssertionError(grouping.field)


@contextmanager
def _naming_the_file() -> Iterator[None]:
    """Says which file cannot be read. Raises CorruptFile."""
    try:
        yield
    except UnreadableRows as error:
        raise CorruptFile(f"{error.name}: {error.cause}") from None


def _context(release: str, number: int) -> bytes:
    return f"{_CONTEXT}\n{release}\n{number}".encode()


def _not_ours() -> CorruptFile:
    return CorruptFile("sums of a release are not as a worker of this run sealed them")
