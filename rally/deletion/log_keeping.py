"""Keeps the event log in a run of deletion: reads what is new, and merges it.

Only what the list has admitted is merged, and a root names the files before any loose
object goes. So who is killed anywhere loses no event, and the next run goes on.
"""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from itertools import islice

from rally.decisions.chain import Chain
from rally.errors import CorruptFile
from rally.event_log.admissible import AdmissibleEvents, find_admissible
from rally.event_log.event_log import EventLog, LogState
from rally.event_log.log_file import counter_of, open_signed_file
from rally.event_log.merging import (
    PlacedFile,
    find_signed_files,
    merge_log,
    never,
    remove_unnamed,
)
from rally.events import Event, EventKind
from rally.keys.signing import SigningKey
from rally.registry.legal_holds import LegalHolds
from rally.storage.layout import LOG
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectHeld,
    ObjectInfo,
    ObjectNotFound,
    ObjectStore,
)
from rally.storage.partitions import Bucket
from rally.storage.records import list_records
from rally.withdrawal.list_object import Published
from rally.withdrawal.root import LogFile, Root
from rally.withdrawal.rulings import Rulings
from rally.withdrawal.withdrawal_list import WithdrawalList

_SHOWN = 10  # objects that are named, of those that holds keep


class LogKeeper:
    """The event log in one run of deletion, which holds the lease.

    Attributes:
        log: Reader of the whole log.
        is_anew: Whether the root is lost or older than signed records or files, so that
            the log is what whole files and loose objects have.
        newest: Counter of the newest root that signed records, or files of the log,
            know: the next one counts on from it.
    """

    def __init__(self, platform: ObjectStore, key: SigningKey) -> None:
        """Reads nothing yet.

        Args:
            platform: Store of the platform.
            key: Deletion's signing key.
        """
        self.log = EventLog(platform)
        self.is_anew = False
        self.newest = 0
        self._platform = platform
        self._key = key
        self._former: list[PlacedFile] = []
        self._admitted: tuple[str, ...] = ()
        self._merged: tuple[str, ...] = ()
        self._held: dict[str, ObjectHeld] = {}
        self._rulings = Rulings()

    @property
    def faults(self) -> list[str]:
        """One line for each of the first objects that a hold kept from going."""
        lines = [
            f"{name}: is merged, and a hold keeps it"
            + (f" until {held.until:%Y-%m-%d}" if held.until else "")
            for name, held in islice(self._held.items(), _SHOWN)
        ]
        if (more := len(self._held) - _SHOWN) > 0:
            lines.append(f"{more:,} other objects are merged, and holds keep them")
        return lines

    def open(
        self, published: Published[WithdrawalList], newest: int, *, is_lost: bool
    ) -> None:
        """Finds the files of the log.

        Args:
            published: The list that is there, or an empty one for a lost one.
            newest: Counter of the newest list that signed records know.
            is_lost: Whether the list is lost, so that nothing counts as admitted.

        Raises:
            CorruptFile: a file that the newest root names is missing.
            OSError: the platform cannot be read.
        """
        root, decisions = published.root, published.decisions
        found = {each.name: each for each in list_records(self._platform, LOG)}
        self.newest = newest
        self.is_anew = (
            is_lost
            or root is None
            or newest > root.counter
            or self._has_later(root, decisions, found)
        )
        if root is None or self.is_anew:
            self._former = find_signed_files(self._platform, decisions.is_list)
            signed_counters = (counter_of(each.file.name) for each in self._former)
            self.newest = max(newest, *signed_counters, 0)
            if root is not None and newest <= root.counter:
                signed = {each.file for each in self._former}
                for file in root.log:
                    if file not in signed:
                        raise CorruptFile(
                            f"{file.name}: is missing or damaged; restore it"
                        )
            state = LogState(files=tuple(each.file for each in self._former))
            self.log = EventLog(self._platform, lambda: state)
            return
        for each in root.log:
            if each.name not in found:
                raise CorruptFile(
                    f"{each.name}: is missing, and the root names it; restore it"
                )
        self._former = _place(root.log_bits, root.log)
        self.log = EventLog(self._platform)

    def find_admissible(
        self, before: WithdrawalList, rulings: Rulings
    ) -> AdmissibleEvents:
        """Finds the events by which a list may change; notes that they are admitted.

        Raises:
            CorruptFile: an object of the log is damaged.
            OSError: the platform cannot be read.
        """
        if self.is_anew:
            loose = tuple(each.name for each in self.log.loose_objects())
            found = AdmissibleEvents(self.log, loose)
        else:
            found = find_admissible(self.log, before)
        self._admitted, self._rulings = found.loose, rulings
        return found

    def merge(
        self,
        counter: int,
        concluded: Collection[str],
        holds: LegalHolds,
        *,
        may_forget: bool,
    ) -> LogState:
        """Writes the files that the next root names.

        Of a concluded study loose objects are left to the purge. Once that has taken
        everything else of it, the files forget the study, unless a legal hold is over
        it.

        Args:
            counter: Counter of the next root.
            concluded: Concluded studies.
            holds: Legal holds in force.
            may_forget: Whether all decisions are there: a lost one may be a hold.

        Raises:
            CorruptFile: an object of the log is damaged.
            OSError: the platform cannot be read or written, or a KMS does not serve.
            ObjectHeld: a hold forbids to replace a file that another run left.
        """
        going = {
            event.scope
            for each in self.log.loose_objects()
            if each.name in self._admitted
            for event in each.read()
            if event.kind is EventKind.PURGED and event.scope in concluded
            if may_forget and not holds.of(event.scope)
        }
        waiting = {*concluded} - going

        def stays_loose(event: Event) -> bool:
            return event.scope in waiting or not self._rulings.is_genuine(event)

        merged = merge_log(
            self._platform,
            self._former,
            self._admitted,
            counter,
            self._key,
            stays_loose=stays_loose,
            drops=(lambda event: event.scope in going) if going else never,
        )
        self._merged = merged.merged
        return LogState(merged.bits, merged.files)

    def remove_merged(self, state: LogState, counter: int) -> None:
        """Removes what a root that is published by now has in its files.

        What is held is noted, and stays: whoever reads it takes equal events for one.

        Args:
            state: What the root says of the log.
            counter: Counter of the root.

        Raises:
            OSError: the platform cannot be read, or refuses.
        """
        for name in self._merged:
            info = self._platform.stat(name)
            try:
                if info is not None:
                    self._platform.delete(name, info.generation)
            except ObjectHeld as error:
                self._held[name] = error
            except GenerationMismatch:  # nobody writes another content there
                pass
        self._held |= remove_unnamed(self._platform, state.files, counter)
        self._former = _place(state.bits, state.files)
        self.log = EventLog(self._platform)
        self._admitted = self._merged = ()

    def _has_later(
        self, root: Root, decisions: Chain, found: Mapping[str, ObjectInfo]
    ) -> bool:
        """Tells whether a file is of a later root than the one that is there.

        A run that was killed before it published left it, or an older root was put
        back, and what is merged is in that file alone.
        """
        named = {each.name for each in root.log}
        for name in found.keys() - named:
            if counter_of(name) > root.counter:
                opened = open_signed_file(self._platform, name, decisions.is_list)
                with suppress(CorruptFile, ObjectNotFound), opened:
                    return True
        return False


def _place(bits: int, files: Iterable[LogFile]) -> list[PlacedFile]:
    return [PlacedFile(Bucket(bits, each.bucket), each) for each in files]
