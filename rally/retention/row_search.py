"""Reads the files of partitions for rows that go, as a worker of any runner does it.

A file is read once, block by block; of a block only the participants are looked at,
unless one of them has rows that may go.
"""

from collections.abc import Callable, Collection, Container, Iterator
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple

from rally.deletion.file_rows import FileRows, RowPolicy, Scanner
from rally.deletion.rewriting import PlanMismatch
from rally.errors import CorruptFile, cause_of
from rally.events import EventKind, EventLog
from rally.retention.plan_entry import STUDY, Phase, PlanEntry, Reason, split_scopes
from rally.retention.settings import PurgeSettings
from rally.settings import make_pseudonyms
from rally.storage.layout import Partition
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectInfo,
    ObjectNotFound,
    ObjectStore,
    Snapshot,
    StrayInTheWay,
)
from rally.storage.partitions import StoredFile, read_view
from rally.storage.row_keys import PARTICIPANT, Everybody
from rally.storage.snapshots import cut_block, walk_frames
from rally.times import to_micros
from rally.withdrawal.enrolments import EnrolledPeople, Grace
from rally.withdrawal.fold import KEPT, Judgement, Verdict


class UnenrolledRows:
    """Condemns the rows of people who never enrolled in time for them.

    It judges rows of one date; for all of that date the grace has to be over.
    """

    def __init__(self, enrolled: EnrolledPeople, since: int) -> None:
        """Takes who enrolled, and the date's first moment, microseconds."""
        self._enrolled = enrolled
        self.people: Container[bytes] = _NotCovered(enrolled, since)

    def judge(self, participant: bytes, document_id: bytes, time: int) -> Judgement:
        """Whether nobody enrolled in time whose row it is."""
        if self._enrolled.covers(participant, time):
            return KEPT
        return Judgement(Verdict.UNENROLLED, "unenrolled")


class RowsAboutStudy:
    """Condemns the platform's rows about some studies: of who enrolled in them."""

    def __init__(self, document_ids: Collection[bytes]) -> None:
        """Takes the document ids of the enrolments, 36 ASCII bytes each."""
        self._document_ids = document_ids
        self.people: Container[bytes] = Everybody()

    def judge(self, participant: bytes, document_id: bytes, time: int) -> Judgement:
        """Whether it is one of the enrolments."""
        if document_id not in self._document_ids:
            return KEPT
        return Judgement(Verdict.WITHDRAWN, "concluded")


class RowsWithoutEvent:
    """Condemns enrolments of which the event log knows nothing.

    Ingest writes the event before the row, so of such a row the event was lost.
    """

    def __init__(self, heard: Collection[bytes]) -> None:
        """Takes the document ids of all enrolments in the log, 36 ASCII bytes each."""
        self._heard = heard
        self.people: Container[bytes] = Everybody()

    def judge(self, participant: bytes, document_id: bytes, time: int) -> Judgement:
        """Whether its event is lost."""
        if document_id in self._heard:
            return KEPT
        return Judgement(Verdict.UNENROLLED, "event_only")


class _NotCovered:
    """Everybody who is not surely enrolled for every row since a time."""

    def __init__(self, enrolled: EnrolledPeople, since: int) -> None:
        self._enrolled = enrolled
        self._since = since

    def __contains__(self, participant: object) -> bool:
        return not isinstance(participant, bytes) or not self._enrolled.covers(
            participant, self._since
        )


Found = dict[str, Any]
"""JSON: `lines` of a plan, `rows` that were looked at, `faults` as [name, what]."""


HALF_COMPACTED = "is compacted by half; run `rally compact`, then purge again"


class Search(NamedTuple):
    """Partitions that a worker reads.

    Attributes:
        partitions: of any studies.
        about: the concluded studies whose enrolments are looked for there, as
            `Line.about` has them; "" for rows of who is not enrolled.
        event_only: whether enrolments are looked for of which the log has no event; the
            lines then only count them.
    """

    partitions: tuple[Partition, ...]
    about: str = ""
    event_only: bool = False


class Searcher:
    """Looks through partitions; keys and events are read once in each worker."""

    def __init__(self, settings: PurgeSettings) -> None:
        """Opens what it needs. Raises ConfigurationError."""
        self._registry = settings.registry()
        self._stores = settings.stores()
        self._pseudonyms = make_pseudonyms(
            settings.keys(self._registry), self._registry
        )
        self._grace = Grace(settings.limits.grace_days)
        self._enrolled: dict[str, EnrolledPeople] = {}
        self._documents: dict[str | None, frozenset[bytes]] = {}

    def search(self, search: Search) -> Found:
        """What goes out of the files of these partitions."""
        found: Found = {"lines": [], "rows": [], "faults": []}
        for partition in search.partitions:
            try:
                if search.event_only:
                    self._count_event_only(partition, found)
                else:
                    self._look(partition, search.about, found)
            except GenerationMismatch:
                found["faults"].append([partition.folder, "is written all the time"])
            except CorruptFile as error:
                found["faults"].append([partition.folder, f"damaged ({error})"])
            except OSError as error:  # of the partition, or of the log
                where = partition.folder
                if isinstance(error, StrayInTheWay):
                    where = error.filename
                reason = cause_of(error)
                found["faults"].append([where, f"cannot be read ({reason})"])
        return found

    def _count_event_only(self, partition: Partition, found: Found) -> None:
        """Looks at each file; a row may be younger than what was read of the log."""
        store = self._stores.of(partition.study)
        for live in read_view(store, partition):
            for _ in range(2):
                judge = RowsWithoutEvent(self._enrolments(None))
                try:
                    line, _ = find(store, live.file, judge, "")
                except (GenerationMismatch, ObjectNotFound):
                    line = None  # the next run looks at what took its place
                if line is None:
                    break
                self._documents.pop(None)
            else:
                if line is not None:
                    found["lines"].append(line.to_json().decode())

    def _look(self, partition: Partition, about: str, found: Found) -> None:
        store, judge = self._stores.of(partition.study), self.judge(partition, about)
        view = read_view(store, partition)
        if any(live.dead for live in view):
            found["faults"].append([partition.folder, HALF_COMPACTED])
            return
        for live in view:
            name = live.file.info.name
            try:
                line, rows = find(store, live.file, judge, about)
            except (GenerationMismatch, ObjectNotFound):
                if about:  # once the study's events are gone nobody would look again
                    found["faults"].append([name, "changed meanwhile"])
                continue  # the next run looks at what took its place
            except CorruptFile as error:
                found["faults"].append([name, f"damaged ({error})"])
                continue
            found["rows"].append([partition.study, rows])
            if line is not None:
                found["lines"].append(line.to_json().decode())

    def check(self, store: ObjectStore, line: PlanEntry) -> None:
        """Looks again at a file that goes as a whole for what its rows are.

        Raises:
            PlanMismatch: somebody's enrolment has arrived since, or it is another file.
            CorruptFile: the file is damaged.
            GenerationMismatch, ObjectNotFound: it is no longer what was planned.
        """
        found = self.find_again(store, line, line.about)
        if found is None or found.removes != line.removes:
            raise PlanMismatch("its rows are not those that the plan found")

    def find_again(
        self, store: ObjectStore, line: PlanEntry, about: str
    ) -> PlanEntry | None:
        """The line of a file as it is about some studies; None where nothing goes.

        Raises:
            CorruptFile: the file is damaged.
            GenerationMismatch, ObjectNotFound: it is no longer what was planned.
        """
        partition = Partition(line.study, line.document, line.day)
        info = ObjectInfo(line.name, line.size, line.generation)
        file = StoredFile(info, partition, None, False)
        return find(store, file, self.judge(partition, about), about)[0]

    def judge(self, partition: Partition, about: str) -> RowPolicy:
        """Who goes of a partition: the enrolments in studies, or who never enrolled."""
        if about:
            return RowsAboutStudy(self._enrolments(about))
        day = date.fromisoformat(partition.day)
        since = to_micros(datetime.combine(day, time.min, UTC))
        return UnenrolledRows(self._people(partition.study), since)

    def _people(self, namespace: str) -> EnrolledPeople:
        if namespace not in self._enrolled:
            study = self._registry.studies[namespace]
            log = EventLog(self._stores.platform)
            people = EnrolledPeople(study, self._pseudonyms, log, self._grace)
            self._enrolled[namespace] = people
        return self._enrolled[namespace]

    def _enrolments(self, about: str | None) -> frozenset[bytes]:
        """Document ids of who enrolled in some studies; None is in anything."""
        if about not in self._documents:
            studies = None if about is None else split_scopes(about)
            self._documents[about] = frozenset(
                event.document_id.encode()
                for event in EventLog(self._stores.platform)
                if event.kind is EventKind.JOINED
                and (studies is None or event.scope in studies)
            )
        return self._documents[about]


def make_searcher(settings: PurgeSettings) -> Callable[[Search], Found]:
    """For workers: a Search to what it found."""
    return Searcher(settings).search


def find(
    store: ObjectStore, file: StoredFile, judge: RowPolicy, about: str
) -> tuple[PlanEntry | None, int]:
    """The line of a file that loses rows, or None; and how many rows it has.

    Raises:
        CorruptFile: the file is damaged, or its index lies.
        GenerationMismatch, ObjectNotFound: it is no longer what was listed.
    """
    blocks, removes, rows = list[tuple[int, int]](), 0, 0
    with store.open(*file.identity) as snapshot:
        content = FileRows(snapshot, judge, Scanner(()))
        for offset, data, count in _suspects(snapshot, content, judge):
            rows += count
            if data and (removed := content.split(offset, data).removed):
                blocks.append((offset, len(data)))
                removes += removed
        content.check_rows(rows)
    if not removes:
        return None, rows
    kept = () if removes == rows else tuple(blocks)
    return _line(file, about, removes, rows, kept), rows


def _suspects(
    snapshot: Snapshot, content: FileRows, judge: RowPolicy
) -> Iterator[tuple[int, bytes, int]]:
    """Each block: its offset, its bytes, none where all its rows stay, and its rows."""
    if not content.header.is_indexed:
        for frame in walk_frames(snapshot, content.header):
            yield frame.offset, frame.data, frame.rows
        return
    for offset, block in content.index.items():
        data = content.read(offset, block.length)
        if block.row_lengths:
            rows = cut_block(data, content.header, block)
            if not any(each in judge.people for each in {r[PARTICIPANT] for r in rows}):
                data = b""
        yield offset, data, block.rows


def _line(
    file: StoredFile,
    about: str,
    removes: int,
    rows: int,
    blocks: tuple[tuple[int, int], ...],
) -> PlanEntry:
    why = Reason.CONCLUDED if about else Reason.UNENROLLED
    phase = Phase.ENROLMENTS if about else Phase.ROWS
    return PlanEntry(
        phase,
        STUDY,
        *file.partition,
        *file.info,
        why,
        about,
        removes,
        rows,
        blocks,
    )
