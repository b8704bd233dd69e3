"""Audits the platform's own records: events, dead letters, lists, receipts."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from rally.access.records import parse_archive_name
from rally.audit.clear_bytes import (
    encode_name,
    header_in,
    overlapping_pieces,
    walk_clear,
)
from rally.audit.consents_audit import Enrolments
from rally.audit.findings import Check, Unit
from rally.audit.searching import (
    Searches,
    is_pseudonym,
    redact_id_like,
    search_bytes,
    search_header,
    search_keys,
)
from rally.audit.tally import Tally
from rally.dead_letters import FOLDER as DEAD_LETTERS
from rally.errors import CorruptFile, cause_of
from rally.events import (
    MAIL,
    Event,
    EventKind,
    event_name,
    list_event_objects,
    read_event_object,
)
from rally.storage.container import check_whole
from rally.storage.header import CHECKSUM, ROWS, Header, read_header
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectInfo,
    ObjectNotFound,
    ObjectStore,
    Snapshot,
)
from rally.storage.records import is_marker, is_record
from rally.withdrawal.people_index import MAGIC as PEOPLE_INDEX
from rally.withdrawal.rulings import Rulings
from rally.withdrawal.unreadable import count_settled


@dataclass
class LogSummary:
    """Facts of the event log that an audit needs.

    Attributes:
        known: Platform pseudonyms of everybody in the log.
        scopes: Number of events about each scope.
        settled: Number of dead letters that were given up, by study.
        letters: Object of each withdrawal that came by mail, by its event's name.
        enrolments: Numbers of enrolments.
        is_whole: Whether all of the log could be read.
    """

    known: set[str] = field(default_factory=set)
    scopes: Counter[str] = field(default_factory=Counter)
    settled: dict[str, int] = field(default_factory=dict)
    letters: dict[str, str] = field(default_factory=dict)
    enrolments: Enrolments = field(default_factory=Enrolments)
    is_whole: bool = True


def read_log(platform: ObjectStore, tally: Tally) -> LogSummary:
    """Reads every event, and names the objects of the log that are not whole.

    Raises:
        OSError: The store cannot be reached, or refuses.
    """
    log, settlements = LogSummary(), list[Event]()
    for name in list_event_objects(platform):
        try:
            events = read_event_object(platform, name)
        except ObjectNotFound:
            continue
        except CorruptFile as error:
            tally.add_broken(Check.FILES, name, str(error), 1, Unit.OBJECTS)
            log.is_whole = False
            continue
        odd = sum(not _is_pseudonymous(each) for each in events)
        tally.add_broken(Check.IDS, name, "without a pseudonym", odd, Unit.ROWS)
        log.scopes.update(each.scope for each in events)
        log.known.update(each.participant for each in events if each.participant)
        log.letters |= {event_name(e): name for e in events if e.signal == MAIL}
        for each in events:
            log.enrolments.add(each)
        settlements += (each for each in events if each.kind is EventKind.SETTLED)
    log.settled = count_settled(settlements, Rulings.read(platform).settlements)
    return log


class PlatformAudit:
    """Searches the bytes of the platform's store."""

    def __init__(self, platform: ObjectStore, searches: Searches) -> None:
        """Reads nothing yet."""
        self._platform = platform
        self._searches = searches
        self.tally = Tally()

    def run(self) -> None:
        """Searches the log, and all records but those that are sealed.

        These are dead letters, and copies of people: of such the check COPIES knows
        whether each is the one that was made.

        What is no record is named, and searched as well.

        Raises:
            OSError: The store cannot be listed.
        """
        for stray in self._platform.strays():
            self._record_foreign(stray.name, stray.kind.value)
        for info in self._platform.list():
            if info.name.startswith(DEAD_LETTERS) or parse_archive_name(info.name):
                continue
            is_foreign = not is_record(info.name) and not is_marker(info)
            try:
                if not self._search(info) and is_foreign:
                    self._record_foreign(info.name, "no record of ours")
            except (ObjectNotFound, GenerationMismatch):
                continue  # a job at work: what it leaves is looked at another day
            except OSError as error:
                why = f"cannot be read ({cause_of(error)})"
                for check in (Check.IDS, Check.NETWORK):
                    self.tally.add_unseen(check, info.name, why)

    def _record_foreign(self, name: str, what: str) -> None:
        """Names what no job wrote there; it stops none either."""
        self.tally.add_broken(Check.COPIES, redact_id_like(name), what, 1, Unit.OBJECTS)

    def _search(self, info: ObjectInfo) -> bool:
        """Searches an object; returns whether it has what it must not have."""
        name = info.name
        if search_bytes(self.tally, self._searches, name, encode_name(name)):
            return True
        with self._platform.open(name, info.generation) as snapshot:
            try:
                return self._search_clear(name, snapshot)
            except CorruptFile as error:
                if is_record(name):  # else it is named all the same
                    self.tally.add_unseen(Check.IDS, name, str(error))
                return self._search_pieces(name, overlapping_pieces(snapshot))

    def _search_clear(self, name: str, snapshot: Snapshot) -> bool:
        if snapshot.read(0, len(PEOPLE_INDEX)) == PEOPLE_INDEX:
            return any(
                search_bytes(self.tally, self._searches, name, each, is_raw=True)
                for each in overlapping_pieces(snapshot)
            )
        header = header_in(snapshot)
        if header and search_header(self.tally, self._searches, name, header):
            return True
        clear = walk_clear(snapshot, header)
        return self._search_pieces(name, clear, is_text=not header)

    def _search_pieces(
        self, name: str, found: Iterable[bytes], *, is_text: bool = False
    ) -> bool:
        """Notes an object once, whatever is in it and however often."""
        return any(
            search_bytes(self.tally, self._searches, name, each)
            or (is_text and search_keys(self.tally, name, each))
            for each in found
        )


def read_whole_header(tally: Tally, name: str, data: bytes) -> Header | None:
    """Reads the header of a whole object; None, and a note, where it is not whole."""
    try:
        header = read_header(data)
        check_whole(data, header)
        if not {CHECKSUM, ROWS} <= header.entries.keys():
            raise CorruptFile("the header does not say how many rows it has")
    except CorruptFile as error:
        tally.add_broken(Check.FILES, name, str(error), 1, Unit.OBJECTS)
        return None
    return header


def _is_pseudonymous(event: Event) -> bool:
    ids = filter(None, (event.participant, event.deletion_id))
    return all(map(is_pseudonym, ids))
