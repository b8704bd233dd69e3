"""Reads the event log: the files that the root names, and every loose object beside.

An event is loose until a root names a file that has it, and only then is its object
removed. So loose objects are listed before the root is read; and if a root has come
meanwhile, what it names is read as well. Then some events come twice, as equal ones do
that were written twice: whoever reads the log takes equal events for one.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from rally.errors import ConfigurationError, CorruptFile
from rally.event_log.log_file import OpenLogFile, open_log_file
from rally.event_log.rows import decode_event, is_first, is_key, keys_of, scope_in
from rally.events import EVENT_LOG, Event
from rally.storage.layout import LOG
from rally.storage.objectstore.interface import ObjectNotFound, ObjectStore
from rally.storage.records import list_records
from rally.withdrawal.root import ROOT, LogFile, read_root

_KEY_BITS = 32
_MOST_HELD = 200_000  # loose events in memory, some 150 MB: others are read each time


class LogState(NamedTuple):
    """What the root says of the log.

    Attributes:
        bits: Number of leading bits of a key that are the number of its bucket.
        files: Files of the log, by bucket.
        may_be_gone: Whether a file may be missing: of a concluded platform, whose
            purge takes the log before the root.
    """

    bits: int = 0
    files: tuple[LogFile, ...] = ()
    may_be_gone: bool = False


class LogObject(NamedTuple):
    """An object of the log.

    Attributes:
        name: Its name.
        read: Function that reads its events. It raises CorruptFile where the object is
            damaged, or missing though the root names it; and ObjectNotFound where it is
            gone since it was listed.
    """

    name: str
    read: Callable[[], Iterator[Event]]


class EventLog:
    """The event log, for readers that go through it often and never hold all of it."""

    def __init__(
        self, platform: ObjectStore, state: Callable[[], LogState] | None = None
    ) -> None:
        """Reads nothing yet.

        Args:
            platform: Store of the platform.
            state: Reads what the root says now; by default, from the platform.
        """
        self._platform = platform
        self._state = state or _RootReader(platform).read
        self._held: dict[str, list[Event]] = {}
        self._may_hold = _MOST_HELD

    def __iter__(self) -> Iterator[Event]:
        """Reads every event, in no particular order; equal ones may come twice.

        Raises:
            CorruptFile: an object of the log is damaged, or a file that the root names
                is missing.
        """
        return _events_of(self.objects())

    def about(self, keys: Iterable[str], *, skips_damage: bool = False) -> set[Event]:
        """Reads the events of some keys, by index, and every loose object.

        Args:
            keys: Keys of events, such as platform pseudonyms of people; see
                rally.event_log.rows.keys_of.
            skips_damage: Whether a damaged object is left out, for the audit to name.

        Raises:
            CorruptFile: as of reading all.
        """
        return set(self.find(keys, skips_damage=skips_damage))

    def find(
        self, keys: Iterable[str], *, skips_damage: bool = False
    ) -> Iterator[Event]:
        """Reads what `about` reads, one by one; equal ones may come twice."""
        wanted = frozenset(keys)

        def files(state: LogState) -> Iterator[LogFile]:
            numbers = {_number(each, state.bits) for each in wanted if is_key(each)}
            return (each for each in state.files if each.bucket in numbers)

        def find(opened: OpenLogFile) -> Iterator[Event]:
            return map(decode_event, opened.find(wanted))

        objects = self._objects(files, find, skips_damage=skips_damage)
        found = _events_of(objects, skips_damage=skips_damage)
        return (each for each in found if not wanted.isdisjoint(keys_of(each)))

    def scopes(self) -> set[str]:
        """Reads the scopes that events are about. Raises as reading all does."""
        merged = set[str]()

        def read(opened: OpenLogFile) -> Iterator[Event]:
            merged.update(map(scope_in, opened.rows()))
            return iter(())

        loose = _events_of(self._objects(lambda state: state.files, read))
        return {each.scope for each in loose} | merged

    def objects(self) -> Iterator[LogObject]:
        """Lists each object of the log, some that a merge has removed since as well."""
        return self._objects(lambda state: state.files, _all_events)

    def loose_objects(self) -> Iterator[LogObject]:
        """Lists the loose objects: those that are not merged, or not removed yet."""
        for name in EVENT_LOG.list_objects(self._platform):
            yield self._loose_object(name)

    def _objects(
        self,
        files_of: Callable[[LogState], Iterable[LogFile]],
        read: Callable[[OpenLogFile], Iterator[Event]],
        *,
        skips_damage: bool = False,
    ) -> Iterator[LogObject]:
        """Lists files and loose objects until there is nothing new."""
        seen, found = set[str](), True
        while found:
            names = list(EVENT_LOG.list_objects(self._platform))
            loose = [each for each in names if each not in seen]
            try:
                state = self._state()
            except CorruptFile:
                if not skips_damage:
                    raise
                state = LogState()
            new = [each for each in files_of(state) if each.name not in seen]
            for file in new:
                yield self._file_object(file, read)
            for name in loose:
                yield self._loose_object(name)
            seen.update(loose, (each.name for each in new))
            found = bool(loose or new)

    def _file_object(
        self, file: LogFile, read: Callable[[OpenLogFile], Iterator[Event]]
    ) -> LogObject:
        def read_file() -> Iterator[Event]:
            try:
                with open_log_file(self._platform, file) as opened:
                    yield from read(opened)
            except ObjectNotFound:
                state = self._state()
                if file in state.files and not state.may_be_gone:
                    message = f"{file.name}: is missing, and the root names it"
                    raise CorruptFile(message) from None
                raise

        return LogObject(file.name, read_file)

    def _loose_object(self, name: str) -> LogObject:
        """What is in a loose object, its name says: some are held in memory."""

        def read_loose() -> Iterator[Event]:
            if name in self._held:
                return iter(self._held[name])
            try:
                events = EVENT_LOG.read_object(self._platform, name)
            except CorruptFile as error:
                raise CorruptFile(f"{name}: {error}") from None
            if len(events) <= self._may_hold:
                self._may_hold -= len(events)
                self._held[name] = events
            return iter(events)

        return LogObject(name, read_loose)


class _RootReader:
    """Reads what the root says of the log, anew whenever there is another one."""

    def __init__(self, platform: ObjectStore) -> None:
        self._platform = platform
        self._generation: int | None = None
        self._known = LogState()

    def read(self) -> LogState:
        """Reads the state of now.

        Raises:
            CorruptFile: nobody can tell which files the log has: there are some, and no
                root that can be read.
        """
        info = self._platform.stat(ROOT)
        if info is None or info.generation != self._generation:
            try:
                published = read_root(self._platform)
            except ConfigurationError as error:
                if any(True for _ in list_records(self._platform, LOG)):
                    raise CorruptFile(f"{LOG}: {error}") from None
                return LogState()  # nothing was ever merged
            root, is_over = published.root, published.decisions.conclusion is not None
            self._known = LogState(root.log_bits, root.log, is_over)
            self._generation = published.generation
        return self._known


def _events_of(
    objects: Iterable[LogObject], *, skips_damage: bool = False
) -> Iterator[Event]:
    skipped = (ObjectNotFound, CorruptFile) if skips_damage else (ObjectNotFound,)
    for each in objects:
        with suppress(*skipped):  # gone is what is merged by now, or written anew
            yield from each.read()


def _all_events(opened: OpenLogFile) -> Iterator[Event]:
    return (decode_event(row) for row in opened.rows() if is_first(row))


def _number(key: str, bits: int) -> int:
    return int(key[:8], 16) >> (_KEY_BITS - bits)
