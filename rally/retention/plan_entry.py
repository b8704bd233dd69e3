"""The lines of a purge's plan: one object each, what becomes of it, and why.

There is nothing of a participant in a line: names of objects are made of studies,
documents, dates and hashes.
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
"""Which store a line's object is in; any other word is a store's URI."""


class Phase(StrEnum):
    """The steps of a purge, in their order; a concluded study takes one at a time."""

    ROWS = "rows"
    LETTERS = "dead letters"
    ENROLMENTS = "enrolments"
    EVENTS = "events"
    DERIVED = "derived"
    REST = "rest"


class Reason(StrEnum):
    """Why an object, or rows of it, go.

    EXPIRED: past its document's `delete_after_days`. CONCLUDED: its study is.
    UNENROLLED: nobody enrolled whose rows they are. UNREADABLE: withdrawals that nobody
    could read, long past their deadline. DEAD_LETTER, PLAN, TEMPORARY, ARCHIVE: older
    than the limit of such objects.
    """

    EXPIRED = "expired"
    CONCLUDED = "concluded"
    UNENROLLED = "unenrolled"
    UNREADABLE = "unreadable"
    DEAD_LETTER = "dead letter"
    PLAN = "plan"
    TEMPORARY = "temporary"
    ARCHIVE = "archive"


def is_listed(why: Reason) -> bool:
    """Whether names and dates alone tell what goes for a reason."""
    return why in (Reason.EXPIRED, Reason.UNREADABLE, Reason.DEAD_LETTER)


class PlanEntry(NamedTuple):
    """One object of a plan.

    Attributes:
        phase: in which step it is dealt with.
        where: STUDY, PLATFORM, or the URI of a store.
        study: whose it is, for the table; of STUDY, whose store.
        document: `<type>.<version>`, or what else it is.
        day: submission date, YYYY-MM-DD; "" where it has none.
        name: in its store.
        size: in bytes.
        generation: that was seen; another one is not touched.
        why: it goes.
        about: of CONCLUDED, the study; of events and enrolments, their studies.
        removes: how many rows, or events, go; 0 is all that there are.
        rows: how many it has, where that was looked at.
        blocks: of a file that is rewritten, those that lose rows.
    """

    phase: Phase
    where: str
    study: str
    document: str
    day: str
    name: str
    size: int
    generation: int
    why: Reason
    about: str = ""
    removes: int = 0
    rows: int = 0
    blocks: tuple[tuple[int, int], ...] = ()

    @property
    def goes_whole(self) -> bool:
        """Whether the object goes, and not only some of its rows."""
        return self.removes == self.rows

    @property
    def group(self) -> str:
        """What it is dealt with together with: its partition, or its folder."""
        partition, bucket, _ = self.name.partition("/bucket=")
        folder = partition if bucket else self.name.rpartition("/")[0]
        return f"{self.where} {folder}"

    @property
    def is_listed(self) -> bool:
        """Whether its name and date alone tell that it goes, whatever is concluded."""
        return is_listed(self.why)

    @property
    def studies(self) -> frozenset[str]:
        """The concluded studies that it is about."""
        return split_scopes(self.about)

    def to_json(self) -> bytes:
        """One line of JSON, with its end."""
        return canonical_json(self).encode() + b"\n"

    @classmethod
    def from_json(cls, data: bytes | str) -> "PlanEntry":
        """The inverse of to_json.

        Raises:
            TypeError, ValueError: it is no line.
        """
        line = cls(*json.loads(data))
        numbers = (line.size, line.generation, line.removes, line.rows)
        if not _are(str, line[1:6]) or not _are(str, (line.about,)):
            raise TypeError("a name that is no text")
        if not _are(int, (*numbers, *chain.from_iterable(line.blocks))):
            raise TypeError("a number that is no whole number")
        return line._replace(
            phase=Phase(line.phase),
            why=Reason(line.why),
            blocks=tuple((offset, length) for offset, length in line.blocks),
        )


def _are(kind: type, values: Iterable[object]) -> bool:
    return all(type(each) is kind for each in values)


def whole_object(
    phase: Phase,
    where: str,
    labels: tuple[str, str, str],
    info: ObjectInfo,
    why: Reason,
    about: str = "",
) -> PlanEntry:
    """The line of an object that goes as it is.

    Args:
        phase: in which step.
        where: STUDY, PLATFORM, or the URI of a store.
        labels: study, document and day.
        info: as listed.
        why: it goes.
        about: of CONCLUDED, the study.
    """
    return PlanEntry(phase, where, *labels, *info, why, about)


def without_holds(
    line: PlanEntry, holds: LegalHolds
) -> tuple[PlanEntry | None, LegalHold | None]:
    """What of a line may go, and the legal hold that keeps the rest of it.

    Rows, dead letters and researchers' tables are held by their study and day; in an
    object of the event log the events of one study may be, and those of another not.
    """
    if line.phase is not Phase.EVENTS:
        hold = holds.over(line.study, line.day)
        return (None if hold else line), hold
    found = {each: holds.over(each, line.day) for each in sorted(line.studies)}
    about = join_scopes(each for each, hold in found.items() if hold is None)
    free = line._replace(study=about, about=about) if about else None
    return free, next(filter(None, found.values()), None)


def join_scopes(studies: Iterable[str]) -> str:
    """Some studies as `Line.about` has them."""
    return "+".join(sorted(studies))


def split_scopes(about: str) -> frozenset[str]:
    """The inverse of joined."""
    return frozenset(filter(None, about.split("+")))


def store_of(
    stores: Stores, line: PlanEntry, elsewhere: Callable[[str], ObjectStore]
) -> ObjectStore:
    """The store that a line's object is in.

    Args:
        stores: of the studies and the platform.
        line: of a plan.
        elsewhere: opens any other by its URI.
    """
    if line.where == STUDY:
        return stores.of(line.study)
    return stores.platform if line.where == PLATFORM else elsewhere(line.where)
