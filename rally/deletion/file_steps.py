"""The steps of deletion on one file, as a worker of any runner does them.

What is wrong with one file is named in its result, and the other files go on.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import google_crc32c

from rally.deletion.file_rows import FileRows, Scanner
from rally.deletion.people import list_files
from rally.deletion.plan import (
    FileResult,
    Outcome,
    PlannedFile,
    StoredFile,
    result_to_json,
)
from rally.deletion.rewriting import label, recognise, rewrite
from rally.deletion.settings import DeletionSettings
from rally.errors import CorruptFile, cause_of
from rally.registry.legal_holds import LegalHold, LegalHolds
from rally.registry.study import Kind
from rally.settings import make_pseudonyms
from rally.storage.codecs import UnknownCodec
from rally.storage.header import CHECKSUM, INDEX, ROW_LENGTHS, Header
from rally.storage.leases import LeaseHeld, Leases
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectHeld,
    ObjectNotFound,
    ObjectStore,
)
from rally.storage.partitions import partition_of, people_in, read_view
from rally.storage.snapshots import frame_rows, outline_of, walk_frames
from rally.withdrawal.list_object import read_people
from rally.withdrawal.people_index import PeopleIndex
from rally.withdrawal.selection import Selection


def find_rows(
    store: ObjectStore, file: StoredFile, selection: Selection, scanner: Scanner
) -> FileResult:
    """What deletion has to take out of a file.

    Raises:
        CorruptFile: the file is damaged, or its index lies.
        GenerationMismatch, ObjectNotFound: it is no longer what was listed.
    """
    blocks, removes = list[tuple[int, int]](), 0
    with store.open(file.name, file.generation) as snapshot:
        content = FileRows(snapshot, selection, scanner, outline_of)
        for offset, data in content.candidates(selection.people):
            if removed := content.part(offset, data).removed:
                blocks.append((offset, len(data)))
                removes += removed
        rows = content.rows
    if rows and not removes:
        return FileResult(file.study, file.name, Outcome.UNTOUCHED, rows_before=rows)
    planned = PlannedFile(*file, rows, removes, tuple(blocks))
    return FileResult(
        file.study, file.name, Outcome.UNTOUCHED, planned=planned, rows_before=rows
    )


def verify(
    store: ObjectStore, file: StoredFile, selection: Selection, scanner: Scanner
) -> FileResult:
    """Looks at every byte: no row is condemned, and no pseudonym stands in another's.

    The index is not believed: each block is inflated and searched, and where a
    pseudonym stands in it, its rows are judged.

    Raises:
        CorruptFile: the file is not whole, or its index lies.
        GenerationMismatch, ObjectNotFound: it is no longer what was listed.
    """
    with store.open(file.name, file.generation) as snapshot:
        content = FileRows(snapshot, selection, scanner)
        header = content.header
        checksum, rows, left_over = google_crc32c.Checksum(), 0, 0
        for frame in walk_frames(snapshot, header):
            checksum.update(frame.data)
            rows += frame.rows
            data = frame_rows(frame, header.codec)
            content.check_named(frame, data)
            if content.names_anybody(data):
                left_over += content.count_left_over(frame.offset, frame.data)
        told = header.entries.get(CHECKSUM)
        if told is not None and told != checksum.hexdigest():
            raise CorruptFile("the checksum differs: bytes are missing or changed")
        content.check_rows(rows)
    detail = f"{left_over} rows of people who left" if left_over else ""
    if scanner.found_in(_notes(header)):
        detail = detail or "a header entry names somebody who left"
    return FileResult(
        file.study,
        file.name,
        Outcome.LEFT_OVER if detail else Outcome.CLEAN,
        detail=detail,
        generation_before=file.generation,
        generation_after=file.generation,
        rows_before=rows,
        checksum_before=checksum.hexdigest().decode(),
        checksum_after=checksum.hexdigest().decode(),
    )


def _notes(header: Header) -> bytes:
    """All that stands in the header but the index, which is held against the rows."""
    index = (INDEX, ROW_LENGTHS)
    return b"\0".join(
        value for name, value in header.entries.items() if name not in index
    )


class HalfCompacted(Exception):
    """A file of the partition is spoken for by a compacted one: not to be written."""


JsonStep = Callable[[Any], dict[str, Any]]


class PlannedWork(NamedTuple):
    """One file of a plan.

    Attributes:
        file: as planned.
        plan: id of the plan.
        withdrawal_list: counter of the list that the plan follows.
    """

    file: PlannedFile
    plan: str
    withdrawal_list: int


class FileSteps:
    """Finds, rewrites and verifies files under one withdrawal list."""

    def __init__(
        self, settings: DeletionSettings, people: PeopleIndex | None = None
    ) -> None:
        """Opens keys and stores, and reads the list where none is given.

        Raises:
            ConfigurationError: one of them is not as it must be.
        """
        self._registry = settings.registry()
        self._stores = settings.stores()
        keys = settings.keys(self._registry)
        self._pseudonyms = make_pseudonyms(keys, self._registry)
        if people is None:
            people = read_people(self._stores.platform).list
        self._list = people
        self._leases = None
        if settings.run:
            self._leases = Leases(self._stores.platform, settings.run)
        self._holds = LegalHolds.read(self._stores.platform, settings.clock()())
        self._judges: dict[str, tuple[Selection, Scanner]] = {}

    def knows(self, namespace: str) -> bool:
        """Whether rows of a namespace can be anybody's: its key is not destroyed."""
        study = self._registry.studies[namespace]
        return study.kind is Kind.PLATFORM or self._pseudonyms.knows(namespace)

    def candidates(self) -> Iterator[StoredFile]:
        """The files that can have rows of anybody on the list, by where they lie."""
        for namespace in self._registry.studies:
            people = self._judge(namespace)[0].people
            for file in list_files(self._stores, [namespace]):
                if people.has_between(*people_in(file.name)):
                    yield file

    def find_rows(self, file: StoredFile) -> FileResult:
        """What deletion takes out of it."""
        store = self._stores.of(file.study)
        found = named(file, lambda: find_rows(store, file, *self._judge(file.study)))
        return self._unless_held(found) if found.planned else found

    def rewrite(self, planned: PlannedWork) -> FileResult:
        """Takes it out, by the plan of that id.

        Under another list than the plan's nothing is written: what the plan has done
        is recognised.
        """
        return self._with_requests(self._rewrite(planned))

    def _with_requests(self, result: FileResult) -> FileResult:
        """The requests in the place of the labels that a file's header has."""
        if not result.requests:
            return result
        labels = {
            label(each, result.study, result.name): each
            for each in self._list.requests()
        }
        known = {
            labels[each]: rows
            for each, rows in result.requests.items()
            if each in labels
        }
        return replace(result, requests=known)

    def _rewrite(self, planned: PlannedWork) -> FileResult:
        file, plan, counter = planned
        store = self._stores.of(file.study)
        if counter != self._list.counter:
            return named(file, lambda: recognise(store, file, plan))

        def leased() -> FileResult:
            if file.study not in self._registry.studies:
                return _unless_done(recognise(store, file, plan))
            if self._hold_over(file):
                return self._unless_held(recognise(store, file, plan))
            self._lease(file)
            return rewrite(store, file, plan, *self._judge(file.study))

        return named(file, leased)

    def verify(self, file: StoredFile) -> FileResult:
        """Whether nobody who left is in it."""
        store = self._stores.of(file.study)
        read = named(file, lambda: verify(store, file, *self._judge(file.study)))
        return self._unless_held(read) if read.outcome is Outcome.LEFT_OVER else read

    def _unless_held(self, result: FileResult) -> FileResult:
        """The result; or, where a legal hold keeps what is to go, that it does."""
        hold = self._hold_over(result)
        if hold is None or result.outcome is Outcome.REWRITTEN:
            return result
        detail = f"{hold} keeps what is to go"
        return FileResult(result.study, result.name, Outcome.HELD, detail)

    def _hold_over(self, file: PlannedFile | FileResult) -> LegalHold | None:
        partition = partition_of(file.study, file.name)
        return self._holds.over(file.study, partition.day if partition else "")

    def _lease(self, file: PlannedFile) -> None:
        """Has the partition for the rest of the run. Raises LeaseHeld."""
        partition = partition_of(file.study, file.name)
        if self._leases and partition and self._leases.acquire(partition):
            view = read_view(self._stores.of(file.study), partition)
            if any(live.dead for live in view):
                raise HalfCompacted

    def _judge(self, namespace: str) -> tuple[Selection, Scanner]:
        """Whose rows are looked for, everybody's on the list, closed or not.

        Made once for each namespace.
        """
        if namespace not in self._judges:
            study = self._registry.studies[namespace]
            selection = Selection(self._list, study, self._pseudonyms)
            self._judges[namespace] = selection, Scanner(selection.people)
        return self._judges[namespace]


def _unless_done(result: FileResult) -> FileResult:
    """The result of a file that a killed run had written; or that nobody may now."""
    if result.outcome is Outcome.REWRITTEN:
        return result
    return FileResult(result.study, result.name, Outcome.UNAVAILABLE)


def make_finder(settings: DeletionSettings) -> JsonStep:
    """For workers: StoredFile to the JSON of a FileResult."""
    step = FileSteps(settings).find_rows
    return lambda file: result_to_json(step(file))


def make_rewriter(settings: DeletionSettings) -> JsonStep:
    """For workers: PlannedWork to the JSON of a FileResult."""
    step = FileSteps(settings).rewrite
    return lambda planned: result_to_json(step(planned))


def make_verifier(settings: DeletionSettings) -> JsonStep:
    """For workers: StoredFile to the JSON of a FileResult."""
    step = FileSteps(settings).verify
    return lambda file: result_to_json(step(file))


def named(
    file: StoredFile | PlannedFile | FileResult, step: Callable[[], FileResult]
) -> FileResult:
    """The step's result, or the fault by its name."""
    try:
        return step()
    except UnknownCodec as error:
        outcome, detail = Outcome.CODEC, str(error)
    except CorruptFile as error:
        outcome, detail = Outcome.DAMAGED, str(error)
    except HalfCompacted:
        outcome, detail = Outcome.HALF_COMPACTED, "a compaction was killed meanwhile"
    except LeaseHeld as error:
        outcome, detail = Outcome.BUSY, str(error)
    except ObjectNotFound:
        outcome, detail = Outcome.GONE, ""
    except GenerationMismatch:
        outcome, detail = Outcome.CHANGED, "written by somebody else meanwhile"
    except ObjectHeld as error:
        until = f" until {error.until:%Y-%m-%d}" if error.until else ""
        outcome, detail = Outcome.HELD, f"the bucket holds it{until}"
    except OSError as error:
        outcome, detail = Outcome.UNREACHABLE, cause_of(error)
    return FileResult(file.study, file.name, outcome, detail)
