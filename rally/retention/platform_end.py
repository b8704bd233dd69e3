"""Takes a concluded platform's own records, one kind after the other, and its keys.

The rows of its namespaces have gone before, as those of a concluded study do. Whatever
is killed here, a plain run goes on from what it finds: the chain of decisions, which
nobody may delete, says until the end that nothing may begin again.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from rally.decisions.chain import Chain, Head
from rally.errors import ConfigurationError, cause_of
from rally.keys.folder import KeyFolder
from rally.keys.names import Job
from rally.keys.signing import SigningKey
from rally.receipts.conclusion import (
    ConclusionReceipt,
    GoneRecords,
    read_conclusion,
    write_conclusion,
)
from rally.receipts.encoding import read_sealed
from rally.receipts.purge import purge_receipts
from rally.receipts.receipt import FOLDER as RECEIPTS
from rally.receipts.receipt import number_in
from rally.registry.object_classifier import Region
from rally.retention.context import Context
from rally.retention.keys import forget_key, has_keys
from rally.retention.old_versions import purge_copies
from rally.retention.plan import EntryTally, TallyKey
from rally.retention.plan_entry import Reason
from rally.retention.platform_records import (
    GOING,
    RECEIPT_DAYS,
    RecordKind,
    find_keys,
    find_own_keys,
    list_going,
    list_keys,
)
from rally.retention.report import PurgeReport, Remains, blocked_by
from rally.retention.settings import PurgeSettings
from rally.retention.unregistered import UNREGISTERED, find_unregistered
from rally.storage.layout import DATA, study_folder
from rally.storage.objectstore.interface import (
    FOREVER,
    GenerationMismatch,
    ObjectHeld,
    ObjectInfo,
    ObjectStore,
)
from rally.storage.objectstore.strays import check_erasable, list_but_strays
from rally.storage.records import is_marker, list_records
from rally.times import from_micros

_KEYS = "keys"
_RECEIPTS = "receipts"
_LATER = "what follows waits for the next run"


class LastReceipt:
    """The platform's last receipt, which is written on before anything goes."""

    def __init__(
        self, settings: PurgeSettings, platform: ObjectStore, chain: Chain
    ) -> None:
        """Reads the receipt, and opens the key that signs it, unless it is finished.

        Raises:
            ConfigurationError: The receipt is not as it was signed, or the key does not
                open or would not count.
            ConnectionError: A key service is away.
        """
        assert chain.conclusion is not None
        self._platform = platform
        self._now = settings.clock()().replace(microsecond=0)
        found = read_conclusion(platform, chain)
        self.receipt = found or ConclusionReceipt(chain.conclusion.number, chain.head)
        self.key: SigningKey | None = None
        if self.receipt.finished is None:
            self.key = chain.check_key(Job.PURGE, settings.signer())

    @property
    def head(self) -> Head:
        """End of the chain that every later one has to go through."""
        return self.receipt.head

    def note(self, what: str, infos: list[ObjectInfo]) -> None:
        """Notes a kind of records that is about to go; one that is noted stays so."""
        if infos and not self.receipt.has(what):
            size = sum(each.size for each in infos)
            gone = GoneRecords(what, len(infos), size, self._now)
            self._write(self.receipt._replace(gone=(*self.receipt.gone, gone)))

    def finish(self) -> None:
        """Says that nothing is left, for ever."""
        if self.receipt.finished is None:
            self._write(self.receipt._replace(finished=self._now))

    def _write(self, receipt: ConclusionReceipt) -> None:
        if self.key is not None:  # else it is finished, and only strays come and go
            write_conclusion(self._platform, self.key, receipt)
            self.receipt = receipt


def note_rows(context: Context, last: LastReceipt) -> None:
    """Notes the rows of the platform's namespaces, which are about to go."""
    for namespace in context.going:
        folder = study_folder(namespace)
        found = list_but_strays(context.stores.of(namespace), folder)
        last.note(f"rows of {namespace}", [*found])


def preview_end(context: Context, report: PurgeReport) -> None:
    """Counts in a report what a run would take of the platform's own records."""
    for kind in GOING:
        for info in list_going(context.platform, kind):
            _count(report.planned, kind.what, info.size)


class PlatformEnd:
    """One run of the purge over a concluded platform's own records."""

    def __init__(
        self,
        settings: PurgeSettings,
        context: Context,
        chain: Chain,
        last: LastReceipt,
        report: PurgeReport,
    ) -> None:
        """Reads nothing yet.

        Args:
            settings: Settings of the job.
            context: Context of the purge.
            chain: Decisions of the platform.
            last: The platform's last receipt.
            report: Report of the run, to which all that is done is added.
        """
        self._settings = settings
        self._context = context
        self._platform = context.platform
        self._chain = chain
        self._last = last
        self._report = report

    def run(self) -> None:
        """Takes kind after kind, and stops where something is left of one."""
        if self._is_held() or not self._has_namespaces_gone():
            return
        for kind in GOING:
            if self._is_held() or not self._take(kind):
                return
        if self._is_held() or not (self._take_keys() and self._take_receipts()):
            return
        self._last.finish()
        for name in find_own_keys(self._folder):
            forget_key(self._folder, name, self._report)
        self._report.remarks.append(
            "the platform: nothing is left but the chain of decisions, the last receipt"
            " and what was published"
        )

    @property
    def _folder(self) -> KeyFolder:
        return self._settings.key_folders()[1]

    def _is_held(self) -> bool:
        """Tells whether a legal hold of this moment keeps what is left."""
        holds = self._settings.holds(self._platform).holds
        for hold in holds:
            what = f"{blocked_by(hold)} keeps the platform's own records, and all keys"
            self._report.remarks.append(what)
        return bool(holds)

    def _has_namespaces_gone(self) -> bool:
        """Tells whether no row and no key of a namespace is left, and says of which."""
        settings = self._settings
        waits = [*self._find_left()]
        self._report.waits += waits
        left = [each for each in self._context.concluded if has_keys(settings, each)]
        self._report.remarks += (
            f"{each}: not all of it is gone; {_LATER}" for each in left
        )
        return not (waits or left)

    def _find_left(self) -> Iterator[str]:
        """Yields what a person has to look at before the platform's own records go."""
        registry, settings = self._context.registry, self._settings
        for each in registry.unavailable:
            yield f"{each}: does not load, so that {_LATER}"
        for each in find_unregistered(settings, registry, self._chain):
            yield f"{each}: {UNREGISTERED}; {_LATER}"
        for each in registry.studies:
            if each not in self._context.concluded and has_keys(settings, each):
                yield f"{each}: has keys, and is not concluded; {_LATER}"
        for store in self._context.stores.each(registry.studies):
            if any(map(self._is_row(store), list_but_strays(store, DATA))):
                yield f"{store.uri}: rows are left; {_LATER}"
        if settings.ping_keys is None:
            yield "the keys that open pings were not looked at; give --keys"

    def _is_row(self, store: ObjectStore) -> Callable[[ObjectInfo], bool]:
        classify, is_none = self._context.locator.classify, _NO_ROWS
        return lambda info: (
            not is_marker(info) and classify(store, info).region not in is_none
        )

    def _take(self, kind: RecordKind) -> bool:
        """Deletes all records of a kind; returns whether none is left."""
        infos = list(list_going(self._platform, kind))
        self._last.note(kind.what, infos)
        for info in infos:
            self._delete(kind.what, info)
        purge_copies(self._platform, kind.prefix, self._report)
        left = any(True for _ in list_going(self._platform, kind))
        if left and not (self._report.faults or self._report.remains):
            self._report.waits.append(f"{kind.prefix}: more of it came; {_LATER}")
        return not left

    def _delete(self, what: str, info: ObjectInfo) -> None:
        try:
            check_erasable(self._platform, info.name)
            self._platform.delete(info.name, info.generation)
        except ObjectHeld as error:
            until, why = error.until or FOREVER, "a hold or a retention policy"
            self._report.remains.append(Remains(info.name, 1, until, why))
        except GenerationMismatch:
            self._report.faults.append((info.name, "changed meanwhile"))
        except OSError as error:
            fault = f"is not deleted ({cause_of(error)})"
            self._report.faults.append((info.name, fault))
        else:
            _count(self._report.done, what, info.size)

    def _take_keys(self) -> bool:
        """Destroys all keys but the purge's, once no copy of what they name is left."""
        personal = (each.prefix for each in GOING if each.is_personal)
        copies = map(self._platform.old_copies, personal)
        if any(True for each in copies for _ in each):
            what = "the platform: its keys wait for the last old copies of its records"
            self._report.remarks.append(what)
            return False
        folders = [each for each in self._settings.key_folders() if each]
        found = [(each, self._keys_in(each)) for each in folders]
        self._last.note(
            _KEYS, [ObjectInfo(name, 0, 0) for _, files in found for name in files]
        )
        for folder, files in found:
            for name in files:
                forget_key(folder, name, self._report)
        return not any(map(list_keys, folders))

    def _keys_in(self, folder: KeyFolder) -> list[str]:
        return find_keys(folder, self._context.registry)

    def _take_receipts(self) -> bool:
        """Deletes the receipts whose time is over; returns whether none is left."""
        infos = [*self._list_receipts()]
        if not infos:
            return True
        if self._last.key is None:
            self._report.faults.append((RECEIPTS, "are there again; remove them"))
            return False
        today = self._context.now.date()
        try:
            newest = self._written(infos[-1])
            before = today - timedelta(days=RECEIPT_DAYS)
            if self._written(infos[0]) < before:
                self._last.note(_RECEIPTS, infos)
            purged = purge_receipts(self._platform, self._chain, self._last.key, before)
        except ConfigurationError as error:
            self._report.faults.append((RECEIPTS, str(error)))
            return False
        except ObjectHeld as error:
            until, why = error.until or FOREVER, "a hold or a retention policy"
            self._report.remains.append(Remains(RECEIPTS, 1, until, why))
            return False
        if purged:
            _count(self._report.done, _RECEIPTS, 0, purged)
        if left := len([*self._list_receipts()]):
            last = newest + timedelta(days=RECEIPT_DAYS)
            self._report.remarks.append(
                f"the platform: {left:,} receipts stay through {last}, by which people"
                " can prove what was done for them"
            )
        return not left

    def _list_receipts(self) -> Iterator[ObjectInfo]:
        for info in list_records(self._platform, RECEIPTS):
            if number_in(info.name):
                yield info

    def _written(self, info: ObjectInfo) -> date:
        """Returns the day on which a receipt was written; raises ConfigurationError."""
        where = f"{self._platform.uri.rstrip('/')}/{info.name}"
        data = self._platform.read(info.name)
        receipt = read_sealed(data, self._chain, number_in(info.name), where)
        return from_micros(receipt.written).date()


def _count(
    tallies: dict[TallyKey, EntryTally], what: str, size: int, objects: int = 1
) -> None:
    """Adds records of a kind to the sums of a report."""
    key = ("", f"({what})", str(Reason.CONCLUDED))
    tallies.setdefault(key, EntryTally()).add(0, size, "", objects)


_NO_ROWS = (Region.PLATFORM, Region.DERIVED, Region.MARKER, Region.STORE)
