"""Reads all of the platform's own records: events, dead letters, lists, receipts."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain

from rally.auditing.clear_bytes import AVRO, inflated, pieces
from rally.auditing.report import Check, Unit
from rally.auditing.searching import PSEUDONYM, Searches, search_bytes, search_header
from rally.auditing.tally import Tally
from rally.dead_letters import FOLDER as DEAD_LETTERS
from rally.events import Event, read_event_object
from rally.storing.container import check_whole
from rally.storing.corruption import CorruptFile
from rally.storing.header import CHECKSUM, ROWS, Header
from rally.storing.header_bytes import read_header
from rally.storing.layout import EVENTS
from rally.storing.objects import (
    GenerationMismatch,
    ObjectInfo,
    ObjectNotFound,
    ObjectStore,
)
from rally.storing.snapshots import header_of


@dataclass
class Log:
    """What the event log says, as far as an audit asks.

    Attributes:
        known: platform pseudonyms of everybody in it.
        scopes: how many events are about each scope.
        is_whole: whether all of it could be read.
    """

    known: set[str] = field(default_factory=set)
    scopes: Counter[str] = field(default_factory=Counter)
    is_whole: bool = True


def read_log(platform: ObjectStore, tally: Tally) -> Log:
    """Reads every event, and names the objects of the log that are not whole.

    Raises:
        OSError: the store cannot be reached, or refuses.
    """
    log = Log()
    for info in platform.list(EVENTS):
        try:
            events = read_event_object(platform, info.name)
        except ObjectNotFound:
            continue
        except CorruptFile as error:
            tally.broken(Check.FILES, info.name, str(error), 1, Unit.OBJECTS)
            log.is_whole = False
            continue
        odd = sum(not _is_pseudonymous(each) for each in events)
        tally.broken(Check.IDS, info.name, "without a pseudonym", odd, Unit.ROWS)
        log.scopes.update(each.scope for each in events)
        log.known.update(
            each.participant
            for each in events
            if each.participant and _is_pseudonym(each.participant)
        )
    return log


class PlatformAudit:
    """Searches the bytes of the platform's store."""

    def __init__(self, platform: ObjectStore, searches: Searches) -> None:
        """Reads nothing yet."""
        self._platform = platform
        self._searches = searches
        self.tally = Tally()

    def run(self) -> None:
        """Searches the log, and all records but dead letters, which are sealed.

        Raises:
            OSError: the store cannot be reached, or refuses.
        """
        for info in self._platform.list():
            if info.name.startswith(DEAD_LETTERS):
                continue
            try:
                self._search(info)
            except (ObjectNotFound, GenerationMismatch):
                continue  # a job at work: what it leaves is looked at another day
            except CorruptFile:
                continue  # of an event, told already; of others nobody promised it

    def _search(self, info: ObjectInfo) -> None:
        with self._platform.open(info.name, info.generation) as snapshot:
            if snapshot.read(0, len(AVRO)) == AVRO:
                header = header_of(snapshot)
                if not search_header(self.tally, self._searches, info.name, header):
                    self._search_pieces(info, inflated(snapshot, header))
                return
            name = f"{info.name}\0".encode()
            self._search_pieces(info, chain([name], pieces(snapshot)))

    def _search_pieces(self, info: ObjectInfo, found: Iterable[bytes]) -> None:
        """Tells of an object once, whatever is in it and however often."""
        any(search_bytes(self.tally, self._searches, info.name, each) for each in found)


def check_file(tally: Tally, name: str, data: bytes) -> Header | None:
    """An object of ours as a whole; None where it is not, which is noted."""
    try:
        header = read_header(data)
        check_whole(data, header)
        if not {CHECKSUM, ROWS} <= header.entries.keys():
            raise CorruptFile("the header does not say how many rows it has")
    except CorruptFile as error:
        tally.broken(Check.FILES, name, str(error), 1, Unit.OBJECTS)
        return None
    return header


def _is_pseudonymous(event: Event) -> bool:
    ids = filter(None, (event.participant, event.deletion_id))
    return all(map(_is_pseudonym, ids))


def _is_pseudonym(text: str) -> bool:
    return PSEUDONYM.fullmatch(text.encode()) is not None
