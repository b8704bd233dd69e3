"""Reads the event log: the files that the root names, and every loose object beside.

An event is loose until a root names a file that has it, and only then is its object
removed. So loose objects are listed before the root is read; and if a root has come
meanwhile, what it names is read as well. Then some events come twice, as equal ones do
that were written twice: whoever reads the log takes equal events for one.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from rally.errors import CorruptFile
from rally.event_log.log_file import OpenLogFile, open_log_file
from rally.event_log.rows import decode_event, is_first, is_key
from rally.events import EVENT_LOG, Event
from rally.storage.objectstore.interface import ObjectNotFound, ObjectStore
from rally.withdrawal.root import LogFile

_KEY_BITS = 32
_MOST_HELD = 200_000  # loose events in memory, some 150 MB: others are read each time


class LogState(NamedTuple):
    """What the root says of the log.

    Attributes:
        bits: Number of leading bits of a key that are the number of its bucket.
        files: Files of the log, by bucket.
    """

    bits: int = 0
    files: tuple[LogFile, ...] = ()


class EventLog:
    """The event log, for readers that go through it often and never hold all of it."""

    def __init__(self, platform: ObjectStore, state: Callable[[], LogState]) -> None:
        """Reads nothing yet.

        Args:
            platform: Store of the platform.
            state: Reads what the root says now.
        """
        self._platform = platform
        self._state = state
        self._held: dict[str, list[Event]] = {}
        self._may_hold = _MOST_HELD

    def __iter__(self) -> Iterator[Event]:
        """Reads every event, in no particular order; equal ones may come twice.

        Raises:
            CorruptFile: an object of the log is damaged, or a file that the root names
                is missing.
        """
        return self._read(lambda state: state.files, _all_events, lambda _: True)

    def about(self, pseudonyms: Iterable[str]) -> set[Event]:
        """Reads the events of some people, by index, and every loose object.

        Args:
            pseudonyms: Platform pseudonyms of people, and pseudonyms of deletion ids.

        Returns:
            Events whose person, or whose deletion id, is one of them.

        Raises:
            CorruptFile: as of reading all.
        """
        keys = frozenset(pseudonyms)

        def files(state: LogState) -> Iterator[LogFile]:
            numbers = {_number(each, state.bits) for each in keys if is_key(each)}
            return (each for each in state.files if each.bucket in numbers)

        def find(opened: OpenLogFile) -> Iterator[Event]:
            return map(decode_event, opened.find(keys))

        def is_wanted(event: Event) -> bool:
            return event.participant in keys or event.deletion_id in keys

        return set(self._read(files, find, is_wanted))

    def loose(self) -> list[str]:
        """Lists the loose objects: those that are not merged, or not removed yet."""
        return [*EVENT_LOG.list_objects(self._platform)]

    def loose_objects(self) -> Iterator[tuple[str, list[Event]]]:
        """Reads each loose object: its name, and its events.

        Raises:
            CorruptFile: one is damaged.
        """
        for name in EVENT_LOG.list_objects(self._platform):
            with suppress(ObjectNotFound):  # merged by now, or written anew
                yield name, self._read_loose(name)

    def _read(
        self,
        files_of: Callable[[LogState], Iterable[LogFile]],
        read: Callable[[OpenLogFile], Iterator[Event]],
        is_wanted: Callable[[Event], bool],
    ) -> Iterator[Event]:
        """Reads files and loose objects until there is nothing new."""
        seen, found = set[str](), True
        while found:
            loose = [each for each in self.loose() if each not in seen]
            state = self._state()
            new = [each for each in files_of(state) if each.name not in seen]
            for file in new:
                yield from self._read_file(file, state, read)
            for name in loose:
                with suppress(ObjectNotFound):  # merged by now, or written anew
                    yield from filter(is_wanted, self._read_loose(name))
            seen.update(loose, (each.name for each in new))
            found = bool(loose or new)

    def _read_file(
        self,
        file: LogFile,
        state: LogState,
        read: Callable[[OpenLogFile], Iterator[Event]],
    ) -> Iterator[Event]:
        try:
            with open_log_file(self._platform, file) as opened:
                yield from read(opened)
        except ObjectNotFound:
            if file in self._state().files:
                message = f"{file.name}: is missing, and the root names it"
                raise CorruptFile(message) from None

    def _read_loose(self, name: str) -> list[Event]:
        """Reads a loose object, whose name says what is in it: some are held."""
        if name not in self._held:
            try:
                events = EVENT_LOG.read_object(self._platform, name)
            except CorruptFile as error:
                raise CorruptFile(f"{name}: {error}") from None
            if len(events) > self._may_hold:
                return events
            self._may_hold -= len(events)
            self._held[name] = events
        return self._held[name]


def _all_events(opened: OpenLogFile) -> Iterator[Event]:
    return (decode_event(row) for row in opened.rows() if is_first(row))


def _number(key: str, bits: int) -> int:
    return int(key[:8], 16) >> (_KEY_BITS - bits)
