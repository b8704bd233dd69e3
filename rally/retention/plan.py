"""A purge's plan as an object of the platform: written, read and counted in pieces.

    plans/<id>/purge.ndjson    a line an object; the id is a hash of all of them

It is never in memory as a whole. The same findings make the same plan.
"""

import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import IO, NamedTuple

from rally.deletion.plan_store import FOLDER
from rally.errors import CorruptFile
from rally.retention.plan_entry import Phase, PlanEntry, Reason
from rally.storage.objectstore.interface import ObjectNotFound, ObjectStore

BATCH = 500
"""Lines that a worker takes at once; the rest of a folder goes with its first."""

_IN_MEMORY = 4 * 1024 * 1024

Key = tuple[str, str, str]
"""Study, document, why: a line of the table."""

Group = tuple[str, Reason]
"""A study, "" for the platform's own records, and why something of it goes."""


class Batch(NamedTuple):
    """Some lines of a plan.

    Attributes:
        plan: name of the plan's object.
        offset: where they begin there.
        length: in bytes.
        digest: SHA-256 of these bytes.
        phase: of all of them.
        studies: the concluded studies that may lose something now.
        withheld: what waits for a person's confirmation.
    """

    plan: str
    offset: int
    length: int
    digest: bytes
    phase: Phase
    studies: frozenset[str] = frozenset()
    withheld: frozenset[Group] = frozenset()


@dataclass(slots=True)
class Tally:
    """Sums of some lines.

    Attributes:
        objects: how many.
        rows: that go of files that were read.
        bytes: of the objects, or of those that are rewritten.
        oldest: submission date, YYYY-MM-DD; "" where none has one.
    """

    objects: int = 0
    rows: int = 0
    bytes: int = 0
    oldest: str = ""

    def add(self, rows: int, size: int, day: str, objects: int = 1) -> None:
        """Adds an object."""
        self.objects += objects
        self.rows += rows
        self.bytes += size
        self.oldest = min(filter(None, (self.oldest, day)), default="")


@dataclass(slots=True)
class Share:
    """The lines of one group.

    Attributes:
        objects: how many.
        rows: that go of files that were read.
    """

    objects: int = 0
    rows: int = 0
    _digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    @property
    def id(self) -> str:
        """A hash of the lines, 32 hexadecimal digits: the same lines have the same."""
        return self._digest.hexdigest()[:32]

    def add(self, line: PlanEntry, data: bytes) -> None:
        """Adds a line."""
        self.objects += 1
        self.rows += line.removes
        self._digest.update(data)


@dataclass(slots=True)
class Plan:
    """What one run does.

    Attributes:
        id: of 32 hexadecimal digits; "" where there is nothing to do.
        name: of the object; "" likewise.
        batches: in the order of phases.
        tallies: sums by study, document and why.
        shares: of each group; a line about several concluded studies is in all theirs.
    """

    id: str = ""
    name: str = ""
    batches: list[Batch] = field(default_factory=list)
    tallies: dict[Key, Tally] = field(default_factory=dict)
    shares: dict[Group, Share] = field(default_factory=dict)

    def of(self, phase: Phase) -> list[Batch]:
        """The batches of a phase."""
        return [each for each in self.batches if each.phase is phase]


def write_plan(platform: ObjectStore, lines: Iterable[PlanEntry]) -> Plan:
    """Makes the plan's object; the same lines again change nothing.

    Args:
        platform: the platform's store.
        lines: in the order of their phases.
    """
    plan, digest = Plan(), hashlib.sha256()
    with SpooledTemporaryFile(_IN_MEMORY) as spool:
        for batch in _batches(lines, plan, spool, digest.update):
            plan.batches.append(batch)
        if not plan.batches:
            return plan
        plan.id = digest.hexdigest()[:32]
        plan.name = f"{FOLDER}{plan.id}/purge.ndjson"
        plan.batches = [each._replace(plan=plan.name) for each in plan.batches]
        _keep(platform, plan.name, spool)
    return plan


def read_batch(platform: ObjectStore, batch: Batch) -> list[PlanEntry]:
    """The lines of a batch.

    Raises:
        CorruptFile: the plan is gone, or is not the one that the run has made.
    """
    try:
        data = platform.read_range(batch.plan, batch.offset, batch.length)
    except ObjectNotFound:
        data = b""
    if hashlib.sha256(data).digest() != batch.digest:
        where = f"{platform.uri.rstrip('/')}/{batch.plan}"
        raise CorruptFile(f"{where}: is not the plan that this run made; remove it")
    return [PlanEntry.from_json(each) for each in data.splitlines()]


def tally(tallies: dict[Key, Tally], line: PlanEntry) -> None:
    """Adds a line to its sums."""
    key = (line.study, line.document, str(line.why))
    tallies.setdefault(key, Tally()).add(line.removes, line.size, line.day)


def _batches(
    lines: Iterable[PlanEntry],
    plan: Plan,
    spool: IO[bytes],
    update: Callable[[bytes], None],
) -> Iterator[Batch]:
    """Writes the lines, and deals them out."""
    start, end, held, last, own = 0, 0, 0, None, hashlib.sha256()
    for line in lines:
        if last and (line.phase is not last.phase or _is_cut(held, last, line)):
            yield Batch("", start, end - start, own.digest(), last.phase)
            start, held, own = end, 0, hashlib.sha256()
        data = line.to_json()
        spool.write(data)
        update(data)
        own.update(data)
        tally(plan.tallies, line)
        for study in line.studies or (line.study,):
            plan.shares.setdefault((study, line.why), Share()).add(line, data)
        end, held, last = end + len(data), held + 1, line
    if last:
        yield Batch("", start, end - start, own.digest(), last.phase)


def _is_cut(held: int, last: PlanEntry, line: PlanEntry) -> bool:
    """Whether a batch is full; the order in a plan's folder is kept by one worker."""
    together = line.why is Reason.PLAN and line.group == last.group
    return held >= BATCH and not together


def _keep(platform: ObjectStore, name: str, spool: IO[bytes]) -> None:
    if platform.stat(name) is None:
        spool.seek(0)
        with platform.draft(name) as draft:
            shutil.copyfileobj(spool, draft.file)
            draft.create()
