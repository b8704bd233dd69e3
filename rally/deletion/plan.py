"""The plan of a deletion: which files lose how many rows, at which generations.

It is a file, made before anything is changed, and holds no pseudonym: a run applies
exactly what `--plan_only` shows (design: "Withdrawals and deletion").
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from enum import StrEnum
from itertools import chain
from typing import Any, NamedTuple, TypeVar

from rally.errors import CorruptFile
from rally.storage.container import canonical_json
from rally.storage.layout import Partition
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.partitions import partition_of
from rally.storage.records import list_records

R = TypeVar("R", "PlannedFile", "FileResult")


class StoredFile(NamedTuple):
    """A file as a listing shows it.

    Attributes:
        study: whose store it is in.
        name: in that store.
        size: in bytes.
        generation: that was seen.
    """

    study: str
    name: str
    size: int
    generation: int


class Outcome(StrEnum):
    """What became of a file; all but the first four are faults that a report names.

    REWRITTEN: as planned. UNTOUCHED: nothing in it is to be deleted. CLEAN: read by
    verification, and as it must be. GONE: somebody removed it.
    CHANGED: somebody else wrote it in between, more often than was worth waiting for.
    DAMAGED: not whole, or its index lies. CODEC: compressed as nobody here can read.
    HELD: a legal hold, or a hold or a retention policy of the bucket, forbids it.
    BUSY: another job has the lease.
    HALF_COMPACTED: its partition is, and compaction could not go on.
    UNREACHABLE: the store refused. UNAVAILABLE: its study does not load.
    STRAY: it is a link, or the like, and not followed; or has another name.
    LEFT_OVER: verification found rows or bytes of a person who has left.
    """

    REWRITTEN = "rewritten"
    UNTOUCHED = "untouched"
    CLEAN = "clean"
    GONE = "gone"
    CHANGED = "changed"
    DAMAGED = "damaged"
    CODEC = "codec"
    HELD = "held"
    BUSY = "busy"
    HALF_COMPACTED = "half compacted"
    UNREACHABLE = "unreachable"
    UNAVAILABLE = "unavailable"
    STRAY = "not followed"
    LEFT_OVER = "left over"

    @property
    def is_fault(self) -> bool:
        """Whether the run is not as promised because of it."""
        return self not in _GOOD

    @property
    def may_pass(self) -> bool:
        """Whether the same try may succeed later, with the file as it is; or has."""
        return self in _PASSING


_PASSING = (
    *(Outcome.HELD, Outcome.BUSY, Outcome.HALF_COMPACTED, Outcome.UNREACHABLE),
    *(Outcome.UNAVAILABLE, Outcome.STRAY),
)
_GOOD = (Outcome.REWRITTEN, Outcome.UNTOUCHED, Outcome.CLEAN, Outcome.GONE)


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file that loses rows.

    Attributes:
        study: whose store it is in.
        name: in that store.
        size: in bytes.
        generation: that the plan saw; another one is not touched.
        rows: it has.
        removes: how many of these.
        blocks: offset (from the header's end) and length of each block that loses one.
    """

    study: str
    name: str
    size: int
    generation: int
    rows: int
    removes: int
    blocks: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What one pass of deletion does.

    Attributes:
        withdrawal_list: counter of the list that it follows.
        files: sorted by study and name.
    """

    withdrawal_list: int
    files: tuple[PlannedFile, ...]

    @property
    def id(self) -> str:
        """A hash of the content: equal plans are the same plan."""
        text = canonical_json(_plan_values(self))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def removes(self) -> int:
        """How many rows it deletes."""
        return sum(file.removes for file in self.files)


@dataclass(frozen=True, slots=True)
class FileResult:
    """What a step found or did in one file.

    Attributes:
        study: whose store it is in.
        name: in that store.
        outcome: what became of it.
        detail: of a fault, what is wrong; no name of a person in it.
        planned: by the finding step, where the file loses rows.
        generation_before: that was read.
        generation_after: that was written.
        rows_before: as the header said, or as counted.
        rows_removed: taken out.
        checksum_before: of the blocks; "" where the file had none.
        checksum_after: of the blocks that were written.
        requests: how many rows went by each request.
    """

    study: str
    name: str
    outcome: Outcome
    detail: str = ""
    planned: PlannedFile | None = None
    generation_before: int = 0
    generation_after: int = 0
    rows_before: int = 0
    rows_removed: int = 0
    checksum_before: str = ""
    checksum_after: str = ""
    requests: Mapping[str, int] = field(default_factory=dict)

    @property
    def rows_after(self) -> int:
        """How many rows are left."""
        return self.rows_before - self.rows_removed


def make_plan(counter: int, results: Iterable[FileResult]) -> Plan:
    """The plan that follows from what was found."""
    files = [each.planned for each in results if each.planned]
    return Plan(counter, tuple(sorted(files, key=lambda file: (file.study, file.name))))


def plan_to_json(plan: Plan) -> bytes:
    """The plan's object."""
    return json.dumps(_plan_values(plan), indent=1).encode() + b"\n"


def plan_from_json(data: bytes) -> Plan:
    """The inverse of plan_to_json."""
    content = json.loads(data)
    files = tuple(map(_planned, content["files"]))
    return Plan(content["withdrawal_list"], files)


def result_to_json(result: FileResult) -> dict[str, Any]:
    """A result as JSON values."""
    planned = result.planned and _values(result.planned)
    return {**_values(result), "planned": planned}


def result_from_json(content: Mapping[str, Any]) -> FileResult:
    """The inverse of result_to_json.

    Raises:
        TypeError, ValueError: it is no result.
    """
    planned = content["planned"]
    result = FileResult(
        **{
            **content,
            "outcome": Outcome(content["outcome"]),
            "planned": None if planned is None else _planned(planned),
        }
    )
    for request, rows in result.requests.items():
        _check(request, str)
        _check(rows, int)
    return _checked(result)


def _planned(content: Mapping[str, Any]) -> PlannedFile:
    blocks = tuple((offset, length) for offset, length in content["blocks"])
    for number in chain.from_iterable(blocks):
        _check(number, int)
    return _checked(PlannedFile(**{**content, "blocks": blocks}))


def _checked(record: R) -> R:
    """The record, where its texts and whole numbers are. Raises TypeError."""
    for each in fields(record):
        if each.type in (str, int):
            _check(getattr(record, each.name), each.type)
    return record


def _check(value: object, wanted: object) -> None:
    if type(value) is not wanted:
        raise TypeError(f"a {type(value).__name__} in the place of a {wanted}")


def _plan_values(plan: Plan) -> dict[str, Any]:
    return {**_values(plan), "files": [_values(file) for file in plan.files]}


def _values(record: Plan | PlannedFile | FileResult) -> dict[str, Any]:
    """The fields; `asdict` would copy each of thousands of blocks three times over."""
    return {each.name: getattr(record, each.name) for each in fields(record)}


FOLDER = "plans/"

_OBJECT = re.compile(FOLDER + "([0-9a-f]{32})/(plan|begun|applied|done).json")


class Plans:
    """The plans of a platform."""

    def __init__(self, platform: ObjectStore) -> None:
        """Takes the platform's store."""
        self._platform = platform

    def record(self, plan: Plan) -> str:
        """Keeps a plan, and returns where it is."""
        name = f"{FOLDER}{plan.id}/plan.json"
        self._platform.create(name, plan_to_json(plan))
        return f"{self._platform.uri.rstrip('/')}/{name}"

    def begin(self, plan: Plan) -> None:
        """Says that it is being applied."""
        self._platform.create(f"{FOLDER}{plan.id}/begun.json", b"{}\n")

    def finish(self, plan: Plan, results: Sequence[FileResult]) -> None:
        """Says what became of each file; of some, better than a run before.

        Raises:
            GenerationMismatch: another run says so in this moment.
        """
        name = f"{FOLDER}{plan.id}/applied.json"
        text = json.dumps([result_to_json(each) for each in results], indent=1)
        data = text.encode() + b"\n"
        if not self._platform.create(name, data):
            info = self._platform.stat(name)
            if info and self._platform.read(name) != data:
                self._platform.replace(name, data, info.generation)

    def tell(self, ids: Iterable[str]) -> None:
        """Says that receipts tell these."""
        for each in ids:
            self._platform.create(f"{FOLDER}{each}/done.json", b"{}\n")

    def unfinished(self) -> list[tuple[Plan, list[FileResult]]]:
        """Those that were begun and not applied to every file, by their ids.

        Returns:
            Each with the results that are settled. The others may have been done, or
            may be done once the store lets us.

        Raises:
            CorruptFile: an object is not what a run wrote there.
        """
        found = []
        for each, steps in self._steps().items():
            if "begun" not in steps or "done" in steps:
                continue
            results = self._applied(each) if "applied" in steps else []
            settled = [result for result in results if not result.outcome.may_pass]
            if "applied" not in steps or settled != results:
                found.append((self._plan(each), settled))
        return found

    def partitions(self) -> set[Partition]:
        """Where a run that was killed has to go on: until then their files stay.

        What compaction merged meanwhile could not be told in receipts.
        """
        found = {
            partition_of(file.study, file.name)
            for plan, _ in self.unfinished()
            for file in plan.files
        }
        return {each for each in found if each is not None}

    def untold(self) -> dict[str, list[FileResult]]:
        """What became of the files of those that no receipt tells yet, by their ids.

        Raises:
            CorruptFile: an object is not what a run wrote there.
        """
        return {
            each: self._applied(each)
            for each, steps in self._steps().items()
            if "applied" in steps and "done" not in steps
        }

    def _plan(self, plan: str) -> Plan:
        name = f"{FOLDER}{plan}/plan.json"
        with _reading(name):
            found = plan_from_json(self._platform.read(name))
            if found.id != plan:
                raise ValueError
        return found

    def _applied(self, plan: str) -> list[FileResult]:
        name = f"{FOLDER}{plan}/applied.json"
        with _reading(name):
            results = json.loads(self._platform.read(name))
            return [result_from_json(each) for each in results]

    def _steps(self) -> dict[str, set[str]]:
        steps: dict[str, set[str]] = {}
        for info in list_records(self._platform, FOLDER):
            if match := _OBJECT.fullmatch(info.name):
                steps.setdefault(match[1], set()).add(match[2])
        return dict(sorted(steps.items()))


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """Refuses what no run wrote, whatever is wrong with it."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        raise CorruptFile(
            f"{name}: is not what a run of deletion wrote there"
        ) from None
