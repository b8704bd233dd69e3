"""The plan of a purge as an object of the platform, divided into batches.

The plan's id is a hash of all entries: the same entries make the same plan. It is never
in memory as a whole.
"""

import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import IO, NamedTuple

from rally.errors import CorruptFile
from rally.retention.plan_entry import Phase, PlanEntry, Reason
from rally.storage.objectstore.interface import ObjectNotFound, ObjectStore
from rally.storage.plan_objects import PlanObject, name_plan_object

BATCH_ENTRIES = 500
"""Number of entries in a batch; a plan's folder is not divided."""

_IN_MEMORY = 4 * 1024 * 1024

TallyKey = tuple[str, str, str]
"""Study, document and reason: a line of the report's table."""

ReasonGroup = tuple[str, Reason]
"""A study, or "" for records of the platform, and the reason of deletions from it."""


class Batch(NamedTuple):
    """Entries of a plan that one worker executes.

    Attributes:
        plan: Name of the plan's object.
        offset: Offset of the first entry there.
        length: Length of the entries in bytes.
        digest: SHA-256 of these bytes.
        phase: Phase of all entries.
        studies: Concluded studies whose data may be deleted now.
        withheld: Groups that wait for a person's confirmation.
    """

    plan: str
    offset: int
    length: int
    digest: bytes
    phase: Phase
    studies: frozenset[str] = frozenset()
    withheld: frozenset[ReasonGroup] = frozenset()


@dataclass(slots=True)
class EntryTally:
    """Sums over entries.

    Attributes:
        objects: Number of objects.
        rows: Number of rows to delete, as far as files were read.
        bytes: Size of the objects that are deleted or rewritten.
        oldest: Oldest submission date, YYYY-MM-DD; "" if none has one.
    """

    objects: int = 0
    rows: int = 0
    bytes: int = 0
    oldest: str = ""

    def add(self, rows: int, size: int, day: str, objects: int = 1) -> None:
        """Adds objects.

        Args:
            rows: Number of their rows that are deleted.
            size: Size in bytes.
            day: Oldest submission date; "" if none has one.
            objects: Number of objects.
        """
        self.objects += objects
        self.rows += rows
        self.bytes += size
        self.oldest = min(filter(None, (self.oldest, day)), default="")


@dataclass(slots=True)
class GroupShare:
    """The entries of one group.

    Attributes:
        objects: Number of objects.
        rows: Number of rows to delete, as far as files were read.
    """

    objects: int = 0
    rows: int = 0
    _digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    @property
    def id(self) -> str:
        """Hash of the entries, 32 hexadecimal digits."""
        return self._digest.hexdigest()[:32]

    def add(self, entry: PlanEntry, data: bytes) -> None:
        """Adds an entry and its line of JSON."""
        self.objects += 1
        self.rows += entry.removes
        self._digest.update(data)


@dataclass(slots=True)
class PurgePlan:
    """The plan of one run.

    Attributes:
        id: Hash of the entries, 32 hexadecimal digits; "" if there are none.
        name: Name of the object; "" if there are no entries.
        batches: Batches in the order of phases.
        tallies: Sums by study, document and reason.
        shares: Entries by group; one about several concluded studies is in each.
    """

    id: str = ""
    name: str = ""
    batches: list[Batch] = field(default_factory=list)
    tallies: dict[TallyKey, EntryTally] = field(default_factory=dict)
    shares: dict[ReasonGroup, GroupShare] = field(default_factory=dict)

    def of(self, phase: Phase) -> list[Batch]:
        """Lists the batches of a phase."""
        return [each for each in self.batches if each.phase is phase]


def write_plan(platform: ObjectStore, entries: Iterable[PlanEntry]) -> PurgePlan:
    """Writes the plan's object; the same entries again change nothing.

    Args:
        platform: Store of the platform.
        entries: Entries in the order of their phases.
    """
    plan, digest = PurgePlan(), hashlib.sha256()
    with SpooledTemporaryFile(_IN_MEMORY) as spool:
        for batch in _batches(entries, plan, spool, digest.update):
            plan.batches.append(batch)
        if not plan.batches:
            return plan
        plan.id = digest.hexdigest()[:32]
        plan.name = name_plan_object(plan.id, PlanObject.PURGE)
        plan.batches = [each._replace(plan=plan.name) for each in plan.batches]
        _keep(platform, plan.name, spool)
    return plan


def read_batch(platform: ObjectStore, batch: Batch) -> list[PlanEntry]:
    """Reads the entries of a batch.

    Raises:
        CorruptFile: The plan is gone, or is not the one that the run wrote.
    """
    try:
        data = platform.read_range(batch.plan, batch.offset, batch.length)
    except ObjectNotFound:
        data = b""
    if hashlib.sha256(data).digest() != batch.digest:
        where = f"{platform.uri.rstrip('/')}/{batch.plan}"
        raise CorruptFile(f"{where}: is not the plan that this run made; remove it")
    return [PlanEntry.from_json(each) for each in data.splitlines()]


def add_to_tally(tallies: dict[TallyKey, EntryTally], entry: PlanEntry) -> None:
    """Adds an entry to the sums of its study, document and reason."""
    key = (entry.study, entry.document, str(entry.reason))
    tallies.setdefault(key, EntryTally()).add(entry.removes, entry.size, entry.day)


def _batches(
    entries: Iterable[PlanEntry],
    plan: PurgePlan,
    spool: IO[bytes],
    update: Callable[[bytes], None],
) -> Iterator[Batch]:
    """Writes the entries, and yields the batches that they make."""
    start, end, held, last, own = 0, 0, 0, None, hashlib.sha256()
    for entry in entries:
        if last and (entry.phase is not last.phase or _is_cut(held, last, entry)):
            yield Batch("", start, end - start, own.digest(), last.phase)
            start, held, own = end, 0, hashlib.sha256()
        data = entry.to_json()
        spool.write(data)
        update(data)
        own.update(data)
        add_to_tally(plan.tallies, entry)
        for study in entry.studies or (entry.study,):
            plan.shares.setdefault((study, entry.reason), GroupShare()).add(entry, data)
        end, held, last = end + len(data), held + 1, entry
    if last:
        yield Batch("", start, end - start, own.digest(), last.phase)


def _is_cut(held: int, last: PlanEntry, entry: PlanEntry) -> bool:
    """Tells whether a batch ends; one worker keeps the order in a plan's folder."""
    together = entry.reason is Reason.PLAN and entry.group == last.group
    return held >= BATCH_ENTRIES and not together


def _keep(platform: ObjectStore, name: str, spool: IO[bytes]) -> None:
    if platform.stat(name) is None:
        spool.seek(0)
        with platform.draft(name) as draft:
            shutil.copyfileobj(spool, draft.file)
            draft.create()
