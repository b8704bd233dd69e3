"""Searches the files of partitions on a worker for rows that are to be deleted.

A file is read once, block by block. Of each block only the participants are compared,
unless one of them may have rows to delete.
"""

from collections import Counter
from collections.abc import Callable, Collection, Container, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from rally.deletion.file_rows import FileRows, RowPolicy
from rally.deletion.rewriting import PlanMismatch
from rally.deletion.scanner import Scanner
from rally.errors import CorruptFile, cause_of
from rally.event_log.event_log import EventLog
from rally.events import EventKind
from rally.results import as_number, as_text
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
from rally.times import midnight, to_micros
from rally.withdrawal.enrolments import EnrolledPeople, Grace
from rally.withdrawal.fold import KEPT, Judgement, Verdict


class UnenrolledRows:
    """Row policy that condemns rows of people who never enrolled in time for them.

    It decides on rows of one date, for all of which the grace has to be over.
    """

    def __init__(self, enrolled: EnrolledPeople, since: int) -> None:
        """Stores who enrolled.

        Args:
            enrolled: People who enrolled in the study.
            since: First moment of the date, microseconds since 1970.
        """
        self._enrolled = enrolled
        self.people: Container[bytes] = _NotCovered(enrolled, since)

    def judge(self, participant: bytes, document_id: bytes, time: int) -> Judgement:
        """Condemns a row unless its person enrolled in time."""
        if self._enrolled.covers(participant, time):
            return KEPT
        return Judgement(Verdict.UNENROLLED, "unenrolled")


class RowsAboutStudy:
    """Row policy that condemns the platform's rows of enrolments in some studies."""

    def __init__(self, document_ids: Collection[bytes]) -> None:
        """Stores the document ids of the enrolments, 36 ASCII bytes each."""
        self._document_ids = document_ids
        self.people: Container[bytes] = Everybody()

    def judge(self, participant: bytes, document_id: bytes, time: int) -> Judgement:
        """Condemns a row if it is one of the enrolments."""
        if document_id not in self._document_ids:
            return KEPT
        return Judgement(Verdict.WITHDRAWN, "concluded")


class RowsWithoutEvent:
    """Row policy that condemns enrolments without an event in the log.

    Ingest writes the event before the row, so the event of such a row was lost.
    """

    def __init__(self, heard: Collection[bytes]) -> None:
        """Stores the document ids of all enrolments in the log, 36 ASCII bytes each."""
        self._heard = heard
        self.people: Container[bytes] = Everybody()

    def judge(self, participant: bytes, document_id: bytes, time: int) -> Judgement:
        """Condemns a row if its event is lost."""
        if document_id in self._heard:
            return KEPT
        return Judgement(Verdict.UNENROLLED, "event_only")


class _NotCovered:
    """Everybody whose enrolment does not cover every row since a time."""

    def __init__(self, enrolled: EnrolledPeople, since: int) -> None:
        self._enrolled = enrolled
        self._since = since

    def __contains__(self, participant: object) -> bool:
        return not isinstance(participant, bytes) or not self._enrolled.covers(
            participant, self._since
        )


@dataclass(slots=True)
class SearchResult:
    """Result of a search of partitions.

    Attributes:
        entries: Entries of files that lose rows.
        rows: Number of rows by study that were checked.
        faults: Names of what could not be read, and the causes.
    """

    entries: list[PlanEntry] = field(default_factory=list)
    rows: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[str, str]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Returns the result as JSON values."""
        return {
            "lines": [entry.to_json().decode() for entry in self.entries],
            "rows": [list(each) for each in self.rows.items()],
            "faults": [list(fault) for fault in self.faults],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "SearchResult":
        """Reads a result from JSON values.

        Raises:
            LookupError, TypeError, ValueError: The values are no result.
        """
        return cls(
            entries=[PlanEntry.from_json(line) for line in value["lines"]],
            rows=Counter(
                {as_text(study): as_number(rows) for study, rows in value["rows"]}
            ),
            faults=[(as_text(name), as_text(what)) for name, what in value["faults"]],
        )


HALF_COMPACTED = "is compacted by half; run `rally compact`, then purge again"


class SearchTask(NamedTuple):
    """Partitions that one worker searches.

    Attributes:
        partitions: Partitions of any studies.
        about: Concluded studies whose enrolments are searched for, as in
            `PlanEntry.about`; "" searches for rows of unenrolled people.
        event_only: Whether enrolments without an event are searched for; the entries
            then only count them.
    """

    partitions: tuple[Partition, ...]
    about: str = ""
    event_only: bool = False


class Searcher:
    """Searches partitions, with keys and events that are read once in each worker."""

    def __init__(self, settings: PurgeSettings) -> None:
        """Opens registry, stores and keys. Raises ConfigurationError."""
        self._registry = settings.registry()
        self._stores = settings.stores()
        self._pseudonyms = make_pseudonyms(
            settings.keys(self._registry), self._registry
        )
        self._grace = Grace(settings.limits.grace_days)
        self._enrolled: dict[str, EnrolledPeople] = {}
        self._documents: dict[str | None, frozenset[bytes]] = {}

    def search(self, task: SearchTask) -> SearchResult:
        """Searches partitions for rows to delete."""
        found = SearchResult()
        for partition in task.partitions:
            try:
                if task.event_only:
                    self._count_event_only(partition, found)
                else:
                    self._search_partition(partition, task.about, found)
            except GenerationMismatch:
                found.faults.append((partition.folder, "is written all the time"))
            except CorruptFile as error:
                found.faults.append((partition.folder, f"damaged ({error})"))
            except OSError as error:  # of the partition, or of the log
                where = partition.folder
                if isinstance(error, StrayInTheWay):
                    where = error.filename
                found.faults.append((where, f"cannot be read ({cause_of(error)})"))
        return found

    def _count_event_only(self, partition: Partition, found: SearchResult) -> None:
        """Counts enrolments without an event.

        A file is searched again with a newer log, since it may be newer than the log
        that was read.
        """
        store = self._stores.of(partition.study)
        for live in read_view(store, partition):
            for _ in range(2):
                policy = RowsWithoutEvent(self._enrolments(None))
                try:
                    entry, _ = find_rows(store, live.file, policy, "")
                except (GenerationMismatch, ObjectNotFound):
                    entry = None  # the next run looks at what took its place
                if entry is None:
                    break
                self._documents.pop(None)
            else:
                if entry is not None:
                    found.entries.append(entry)

    def _search_partition(
        self, partition: Partition, about: str, found: SearchResult
    ) -> None:
        store = self._stores.of(partition.study)
        policy = self.policy_for(partition, about)
        view = read_view(store, partition)
        if any(live.dead for live in view):
            found.faults.append((partition.folder, HALF_COMPACTED))
            return
        for live in view:
            name = live.file.info.name
            try:
                entry, rows = find_rows(store, live.file, policy, about)
            except (GenerationMismatch, ObjectNotFound):
                if about:  # once the study's events are gone nobody would look again
                    found.faults.append((name, "changed meanwhile"))
                continue  # the next run looks at what took its place
            except CorruptFile as error:
                found.faults.append((name, f"damaged ({error})"))
                continue
            found.rows[partition.study] += rows
            if entry is not None:
                found.entries.append(entry)

    def check(self, store: ObjectStore, entry: PlanEntry) -> None:
        """Checks that all rows of a file are still to be deleted.

        Raises:
            PlanMismatch: An enrolment has arrived since, or the file differs.
            CorruptFile: The file is damaged.
            GenerationMismatch, ObjectNotFound: The file is not as planned.
        """
        found = self.find_again(store, entry, entry.about)
        if found is None or found.removes != entry.removes:
            raise PlanMismatch("its rows are not those that the plan found")

    def find_again(
        self, store: ObjectStore, entry: PlanEntry, about: str
    ) -> PlanEntry | None:
        """Searches a planned file again for rows about some studies.

        Returns:
            The entry of the file; None if no row is to be deleted.

        Raises:
            CorruptFile: The file is damaged.
            GenerationMismatch, ObjectNotFound: The file is not as planned.
        """
        partition = Partition(entry.study, entry.document, entry.day)
        info = ObjectInfo(entry.name, entry.size, entry.generation)
        file = StoredFile(info, partition, None, False)
        return find_rows(store, file, self.policy_for(partition, about), about)[0]

    def policy_for(self, partition: Partition, about: str) -> RowPolicy:
        """Returns the row policy for a partition.

        It condemns enrolments in some studies, or else rows of unenrolled people.
        """
        if about:
            return RowsAboutStudy(self._enrolments(about))
        day = date.fromisoformat(partition.day)
        since = to_micros(midnight(day))
        return UnenrolledRows(self._people(partition.study), since)

    def _people(self, namespace: str) -> EnrolledPeople:
        if namespace not in self._enrolled:
            study = self._registry.studies[namespace]
            log = EventLog(self._stores.platform)
            people = EnrolledPeople(study, self._pseudonyms, log, self._grace)
            self._enrolled[namespace] = people
        return self._enrolled[namespace]

    def _enrolments(self, about: str | None) -> frozenset[bytes]:
        """Reads the document ids of enrolments in some studies; None means in any."""
        if about not in self._documents:
            studies = None if about is None else split_scopes(about)
            self._documents[about] = frozenset(
                event.document_id.encode()
                for event in EventLog(self._stores.platform)
                if event.kind is EventKind.JOINED
                and (studies is None or event.scope in studies)
            )
        return self._documents[about]


def make_search_step(settings: PurgeSettings) -> Callable[[SearchTask], dict[str, Any]]:
    """Makes the step of a worker: from a SearchTask to the JSON of its result."""
    search = Searcher(settings).search
    return lambda task: search(task).to_json()


def find_rows(
    store: ObjectStore, file: StoredFile, policy: RowPolicy, about: str
) -> tuple[PlanEntry | None, int]:
    """Searches a file for rows that a policy condemns.

    Returns:
        The entry of the file, or None if it loses no row; and its number of rows.

    Raises:
        CorruptFile: The file is damaged, or its index is wrong.
        GenerationMismatch, ObjectNotFound: The file is not as it was listed.
    """
    blocks, removes, rows = list[tuple[int, int]](), 0, 0
    with store.open(*file.identity) as snapshot:
        content = FileRows(snapshot, policy, Scanner(()))
        for offset, data, count in _suspects(snapshot, content, policy):
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
    snapshot: Snapshot, content: FileRows, policy: RowPolicy
) -> Iterator[tuple[int, bytes, int]]:
    """Yields offset, bytes and number of rows of each block.

    The bytes are empty if all rows of the block stay.
    """
    if not content.header.is_indexed:
        for frame in walk_frames(snapshot, content.header):
            yield frame.offset, frame.data, frame.rows
        return
    for offset, block in content.index.items():
        data = content.read(offset, block.length)
        if block.row_lengths:
            rows = cut_block(data, content.header, block)
            if not any(
                each in policy.people for each in {r[PARTICIPANT] for r in rows}
            ):
                data = b""
        yield offset, data, block.rows


def _line(
    file: StoredFile,
    about: str,
    removes: int,
    rows: int,
    blocks: tuple[tuple[int, int], ...],
) -> PlanEntry:
    reason = Reason.CONCLUDED if about else Reason.UNENROLLED
    phase = Phase.ENROLMENTS if about else Phase.ROWS
    return PlanEntry(
        phase,
        STUDY,
        *file.partition,
        *file.info,
        reason,
        about,
        removes,
        rows,
        blocks,
    )
