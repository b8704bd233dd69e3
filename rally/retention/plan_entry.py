"""Entries of a purge's plan: one object each, what becomes of it, and the reason.

An entry identifies no participant: names of objects consist of studies, documents,
dates and hashes.
"""

import json
from collections.abc import Callable, Iterable
from enum import StrEnum
from itertools import chain
from typing import NamedTuple

from rally.registry.legal_holds import LegalHold, LegalHolds
from rally.storage.container import canonical_json
from rally.storage.layout import Stores
from rally.storage.objectstore.interface import ObjectInfo, ObjectStore

STUDY, PLATFORM = "study", "platform"
"""Store of an entry's object; any other value is the URI of a store."""


class Phase(StrEnum):
    """Phases of a purge, which a concluded study completes one after the other."""

    ROWS = "rows"
    LETTERS = "dead letters"
    ENROLMENTS = "enrolments"
    EVENTS = "events"
    DERIVED = "derived"
    REST = "rest"


class Reason(StrEnum):
    """Reason for which an object, or some of its rows, is deleted.

    EXPIRED: the document's `delete_after_days` have passed.
    CONCLUDED: the study is concluded.
    UNENROLLED: the person of the rows never enrolled.
    UNREADABLE: withdrawals that nobody could read are long past their deadline.
    DEAD_LETTER, PLAN, TEMPORARY, ARCHIVE: the object is older than its limit.
    COPY: the copy of a person was fetched, has expired, or its person has left.
    """

    EXPIRED = "expired"
    CONCLUDED = "concluded"
    UNENROLLED = "unenrolled"
    UNREADABLE = "unreadable"
    DEAD_LETTER = "dead letter"
    PLAN = "plan"
    TEMPORARY = "temporary"
    ARCHIVE = "archive"
    COPY = "copy"


def is_listed(reason: Reason) -> bool:
    """Tells whether names and dates alone show what is deleted for a reason."""
    return reason in (Reason.EXPIRED, Reason.UNREADABLE, Reason.DEAD_LETTER)


class PlanEntry(NamedTuple):
    """One object of a plan, which is deleted or rewritten.

    Attributes:
        phase: Phase in which the object is deleted.
        where: STUDY, PLATFORM, or the URI of a store.
        study: Study of the object, for the table; for STUDY, the one with the store.
        document: `<type>.<version>`, or the kind of another object in parentheses.
        day: Submission date, YYYY-MM-DD; "" if it has none.
        name: Name of the object in its store.
        size: Size in bytes.
        generation: Generation that was listed; another one is not touched.
        reason: Reason for the deletion.
        about: Concluded studies that the entry is about, joined by `join_scopes`.
        removes: Number of rows, or events, to delete; 0 means all.
        rows: Number of rows that it has, if they were read.
        blocks: Offset and length of each block that loses rows, if it is rewritten.
    """

    phase: Phase
    where: str
    study: str
    document: str
    day: str
    name: str
    size: int
    generation: int
    reason: Reason
    about: str = ""
    removes: int = 0
    rows: int = 0
    blocks: tuple[tuple[int, int], ...] = ()

    @property
    def goes_whole(self) -> bool:
        """Whether the whole object is deleted, and not only some of its rows."""
        return self.removes == self.rows

    @property
    def group(self) -> str:
        """Name of the group that one lease protects: its partition, or its folder."""
        partition, bucket, _ = self.name.partition("/bucket=")
        folder = partition if bucket else self.name.rpartition("/")[0]
        return f"{self.where} {folder}"

    @property
    def is_listed(self) -> bool:
        """Whether its name and date alone tell that it is deleted."""
        return is_listed(self.reason)

    @property
    def studies(self) -> frozenset[str]:
        """Concluded studies that the entry is about."""
        return split_scopes(self.about)

    def to_json(self) -> bytes:
        """Returns the entry as one line of JSON."""
        return canonical_json(self).encode() + b"\n"

    @classmethod
    def from_json(cls, data: bytes | str) -> "PlanEntry":
        """Reads an entry from a line of JSON.

        Raises:
            TypeError, ValueError: The line is no entry.
        """
        entry = cls(*json.loads(data))
        numbers = (entry.size, entry.generation, entry.removes, entry.rows)
        if not _are(str, entry[1:6]) or not _are(str, (entry.about,)):
            raise TypeError("a name that is no text")
        if not _are(int, (*numbers, *chain.from_iterable(entry.blocks))):
            raise TypeError("a number that is no whole number")
        return entry._replace(
            phase=Phase(entry.phase),
            reason=Reason(entry.reason),
            blocks=tuple((offset, length) for offset, length in entry.blocks),
        )


def _are(kind: type, values: Iterable[object]) -> bool:
    return all(type(each) is kind for each in values)


def whole_entry(
    phase: Phase,
    where: str,
    labels: tuple[str, str, str],
    info: ObjectInfo,
    reason: Reason,
    about: str = "",
) -> PlanEntry:
    """Makes the entry of an object that is deleted as a whole.

    Args:
        phase: Phase in which it is deleted.
        where: STUDY, PLATFORM, or the URI of a store.
        labels: Study, document and day.
        info: The object as listed.
        reason: Reason for the deletion.
        about: The concluded study, if that is the reason.
    """
    return PlanEntry(phase, where, *labels, *info, reason, about)


def apply_holds(
    entry: PlanEntry, holds: LegalHolds
) -> tuple[PlanEntry | None, LegalHold | None]:
    """Applies legal holds to an entry.

    A hold on a study and day keeps rows, dead letters and researchers' tables. Of an
    object of the event log it keeps the events of its study alone.

    Returns:
        The entry of what may be deleted, or None; and a hold that keeps the rest.
    """
    if entry.phase is not Phase.EVENTS:
        hold = holds.over(entry.study, entry.day)
        return (None if hold else entry), hold
    found = {each: holds.over(each, entry.day) for each in sorted(entry.studies)}
    about = join_scopes(each for each, hold in found.items() if hold is None)
    free = entry._replace(study=about, about=about) if about else None
    return free, next(filter(None, found.values()), None)


def join_scopes(studies: Iterable[str]) -> str:
    """Some studies as `Line.about` has them."""
    return "+".join(sorted(studies))


def split_scopes(about: str) -> frozenset[str]:
    """Splits what `join_scopes` has joined."""
    return frozenset(filter(None, about.split("+")))


def store_of(
    stores: Stores, entry: PlanEntry, open_other: Callable[[str], ObjectStore]
) -> ObjectStore:
    """Returns the store of an entry's object.

    Args:
        stores: Stores of the studies and the platform.
        entry: The entry.
        open_other: Opens any other store by its URI.
    """
    if entry.where == STUDY:
        return stores.of(entry.study)
    return stores.platform if entry.where == PLATFORM else open_other(entry.where)
