"""Audits the platform's own records: events, dead letters, lists, receipts."""

from collections import Counter
from collections.abc import Container, Iterable
from contextlib import suppress
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
from rally.decisions.chain import Chain
from rally.decisions.verifying import read_chain
from rally.errors import CorruptFile, cause_of
from rally.event_log.event_log import EventLog, LogObject
from rally.event_log.log_file import open_signed_file
from rally.events import (
    MAIL,
    Event,
    EventKind,
    event_name,
)
from rally.storage.container import check_whole
from rally.storage.header import CHECKSUM, ROWS, Header, read_header
from rally.storage.layout import LOG
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectInfo,
    ObjectNotFound,
    ObjectStore,
    Snapshot,
)
from rally.storage.records import is_marker, is_record, list_records
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
        settling: Events by which dead letters were given up.
    """

    known: set[str] = field(default_factory=set)
    scopes: Counter[str] = field(default_factory=Counter)
    settled: dict[str, int] = field(default_factory=dict)
    letters: dict[str, str] = field(default_factory=dict)
    enrolments: Enrolments = field(default_factory=Enrolments)
    is_whole: bool = True
    settling: list[Event] = field(default_factory=list)

    def add(self, name: str, event: Event) -> None:
        """Takes in an event of an object of the log."""
        self.scopes[event.scope] += 1
        if event.participant:
            self.known.add(event.participant)
        if event.signal == MAIL:
            self.letters[event_name(event)] = name
        if event.kind is EventKind.SETTLED:
            self.settling.append(event)
        self.enrolments.add(event)


def read_log(platform: ObjectStore, tally: Tally) -> LogSummary:
    """Reads every event, and names the objects of the log that are not whole.

    Raises:
        OSError: The store cannot be reached, or refuses.
    """
    log, named = LogSummary(), set[str]()
    try:
        for each in EventLog(platform).objects():
            named.add(each.name)
            _read_object(each, log, tally)
    except CorruptFile as error:  # there is no root to name its files
        tally.add_unseen(Check.FILES, "events", str(error))
        log.is_whole = False
        return log
    decisions = read_chain(platform)
    _name_planted(platform, decisions, named, tally)
    log.settled = count_settled(log.settling, Rulings.of(decisions).settlements)
    return log


def _read_object(each: LogObject, log: LogSummary, tally: Tally) -> None:
    """Reads an object of the log, and names it where it is not whole."""
    odd = 0
    try:
        for event in each.read():
            odd += not _is_pseudonymous(event)
            log.add(each.name, event)
    except ObjectNotFound:
        return  # merged since it was listed, or written anew
    except CorruptFile as error:
        what = str(error).removeprefix(f"{each.name}: ")
        tally.add_broken(Check.FILES, each.name, what, 1, Unit.OBJECTS)
        log.is_whole = False
    tally.add_broken(Check.IDS, each.name, "without a pseudonym", odd, Unit.ROWS)


def _name_planted(
    platform: ObjectStore, decisions: Chain, named: Container[str], tally: Tally
) -> None:
    """Names files in the place of the log's that deletion did not write.

    What it wrote and no root names, a killed run has left: the next one removes it.
    """
    for info in list_records(platform, LOG):
        if info.name in named:
            continue
        opened = open_signed_file(platform, info.name, decisions.is_list)
        try:
            with suppress(ObjectNotFound), opened:
                pass
        except CorruptFile:
            what = "no file that deletion wrote"
            tally.add_broken(Check.COPIES, info.name, what, 1, Unit.OBJECTS)


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
