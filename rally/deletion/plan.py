"""Plans of deletion: which files lose how many rows, at which generations.

A plan is stored before anything is changed, and holds no pseudonym. A run applies
exactly what `--plan_only` shows (design: "Withdrawals and deletion").
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from itertools import chain
from typing import Any, NamedTuple, TypeVar

from rally.storage.container import canonical_json

R = TypeVar("R", "PlannedFile", "FileResult")


class ListedFile(NamedTuple):
    """A file as a listing of its study shows it.

    Attributes:
        study: Namespace of the study whose store has the file.
        name: Name in that store.
        size: Size in bytes.
        generation: Generation that was listed.
    """

    study: str
    name: str
    size: int
    generation: int


class FileOutcome(StrEnum):
    """Outcome of a deletion step for one file.

    All but the first five are faults that a report names.

    REWRITTEN: the file was rewritten as planned.
    UNTOUCHED: nothing in it is to be deleted.
    CLEAN: verification read it and found nothing wrong.
    GONE: somebody removed it.
    WAITING: all that is to go belongs to requests for which it is not rewritten yet.
    CHANGED: another writer changed it during every attempt.
    DAMAGED: it is truncated, or its index is wrong.
    CODEC: it is compressed by a codec that is not supported.
    HELD: a legal hold, or a hold or a retention policy of the bucket, forbids it.
    BUSY: another job has the lease.
    HALF_COMPACTED: a compaction of its partition was killed and could not be finished.
    UNREACHABLE: the store refused.
    UNAVAILABLE: its study does not load.
    STRAY: it is a symbolic link or the like and not followed, or has another name.
    LEFT_OVER: verification found rows or bytes of a person who has left, or what an
        order takes out.
    NOT_EXPUNGED: an order cannot be carried out in it; for people who left, and for
        other orders, the step did its part.
    """

    REWRITTEN = "rewritten"
    UNTOUCHED = "untouched"
    CLEAN = "clean"
    GONE = "gone"
    WAITING = "waiting"
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
    NOT_EXPUNGED = "not expunged"

    @property
    def is_fault(self) -> bool:
        """Whether a report names the outcome as a fault."""
        return self not in _GOOD

    @property
    def hinders_requests(self) -> bool:
        """Whether the file may keep something of people who have left."""
        return self.is_fault and self is not FileOutcome.NOT_EXPUNGED

    @property
    def may_pass(self) -> bool:
        """Whether a later attempt may succeed with the file unchanged, or has."""
        return self in _PASSING


_PASSING = (
    *(
        FileOutcome.HELD,
        FileOutcome.BUSY,
        FileOutcome.HALF_COMPACTED,
        FileOutcome.UNREACHABLE,
    ),
    *(FileOutcome.UNAVAILABLE, FileOutcome.STRAY),
)
_GOOD = (
    FileOutcome.REWRITTEN,
    FileOutcome.UNTOUCHED,
    FileOutcome.CLEAN,
    FileOutcome.GONE,
    FileOutcome.WAITING,
)


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file that a plan takes rows out of, or fields of rows.

    Attributes:
        study: Namespace of the study whose store has the file.
        name: Name in that store.
        size: Size in bytes.
        generation: Generation that was planned for; another one is not touched.
        rows: Number of rows before.
        removes: Number of rows to delete.
        blocks: Offset, from the header's end, and length of each block that changes.
        changes: Number of rows that stay and lose a field.
    """

    study: str
    name: str
    size: int
    generation: int
    rows: int
    removes: int
    blocks: tuple[tuple[int, int], ...]
    changes: int = 0


@dataclass(frozen=True, slots=True)
class DeletionPlan:
    """The files that one pass of deletion rewrites.

    Attributes:
        withdrawal_list: Counter of the withdrawal list by which rows were found.
        files: The files, sorted by study and name.
    """

    withdrawal_list: int
    files: tuple[PlannedFile, ...]

    @property
    def id(self) -> str:
        """Hash of the content, 32 hexadecimal digits; equal plans have the same id."""
        text = canonical_json(_plan_values(self))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def removes(self) -> int:
        """Number of rows that the plan deletes."""
        return sum(file.removes for file in self.files)


@dataclass(frozen=True, slots=True)
class FileResult:
    """Result of one deletion step for one file.

    Attributes:
        study: Namespace of the study whose store has the file.
        name: Name in that store.
        outcome: Outcome for the file.
        detail: Description of a fault, without anything that identifies a person.
        planned: Rows to delete, if the finding step found any.
        generation_before: Generation that was read.
        generation_after: Generation that was written.
        rows_before: Number of rows that the header named or that were counted.
        rows_removed: Number of rows that were deleted.
        checksum_before: Checksum of the blocks that were read; "" if the file has none.
        checksum_after: Checksum of the blocks that were written.
        requests: Number of rows that went, or are to go, for each request of a person
            and each order to expunge; of an order also of those that lose a field.
        rows_changed: Number of rows that stayed and lost a field.
    """

    study: str
    name: str
    outcome: FileOutcome
    detail: str = ""
    planned: PlannedFile | None = None
    generation_before: int = 0
    generation_after: int = 0
    rows_before: int = 0
    rows_removed: int = 0
    checksum_before: str = ""
    checksum_after: str = ""
    requests: Mapping[str, int] = field(default_factory=dict)
    rows_changed: int = 0

    @property
    def rows_after(self) -> int:
        """Number of rows that are left."""
        return self.rows_before - self.rows_removed


def make_plan(counter: int, results: Iterable[FileResult]) -> DeletionPlan:
    """Makes the plan for the files in which rows were found.

    Args:
        counter: Counter of the withdrawal list.
        results: Results of the finding step.
    """
    files = [each.planned for each in results if each.planned]
    return DeletionPlan(
        counter, tuple(sorted(files, key=lambda file: (file.study, file.name)))
    )


def plan_to_json(plan: DeletionPlan) -> bytes:
    """Encodes a plan as the bytes of its object."""
    return json.dumps(_plan_values(plan), indent=1).encode() + b"\n"


def plan_from_json(data: bytes) -> DeletionPlan:
    """Decodes a plan from the bytes of its object."""
    content = json.loads(data)
    files = tuple(map(_planned, content["files"]))
    return DeletionPlan(content["withdrawal_list"], files)


def result_to_json(result: FileResult) -> dict[str, Any]:
    """Returns a result as JSON values."""
    planned = result.planned and _values(result.planned)
    return {**_values(result), "planned": planned}


def result_from_json(content: Mapping[str, Any]) -> FileResult:
    """Reads a result from JSON values.

    Raises:
        AttributeError, LookupError, TypeError, ValueError: The values are no result.
    """
    planned = content["planned"]
    result = FileResult(
        **{
            **content,
            "outcome": FileOutcome(content["outcome"]),
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
    """Checks that texts and integers of a record are such. Raises TypeError."""
    for each in fields(record):
        if each.type in (str, int):
            _check(getattr(record, each.name), each.type)
    return record


def _check(value: object, wanted: object) -> None:
    if type(value) is not wanted:
        raise TypeError(f"a {type(value).__name__} in the place of a {wanted}")


def _plan_values(plan: DeletionPlan) -> dict[str, Any]:
    return {**_values(plan), "files": [_values(file) for file in plan.files]}


def _values(record: DeletionPlan | PlannedFile | FileResult) -> dict[str, Any]:
    """Returns the fields by name; `asdict` would copy thousands of blocks thrice."""
    return {each.name: getattr(record, each.name) for each in fields(record)}
