"""The platform's logs, of which a conclusion takes what is about its study."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

from rally.consent.records import CONSENT_LOG
from rally.event_log.event_log import EventLog
from rally.events import EVENT_LOG, Event, EventKind, write_events
from rally.storage.append_log import AppendLog
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.records import is_record
from rally.times import to_micros
from rally.version import pipeline_version

SIGNAL = "purge: nothing else of the study is left"
"""Signal of the event by which a purge tells deletion so."""


class StudyLog(NamedTuple):
    """A log whose records are each about one study, or about Rally as a whole.

    Attributes:
        log: The log.
        label: Name of its objects in a table, in parentheses.
        study_of: Function from a record to the study that it is about.
        read_studies: Function from the platform's store to the studies that any record
            is about. It raises CorruptFile where the log is damaged.
    """

    log: AppendLog[Any]
    label: str
    study_of: Callable[[Any], str]
    read_studies: Callable[[ObjectStore], set[str]]

    def about(self, records: Iterable[Any], studies: Collection[str]) -> list[Any]:
        """Gives the records about some studies that a purge takes.

        It leaves those by which it has told deletion to take others.
        """
        return [
            each
            for each in records
            if self.study_of(each) in studies and not _is_purged(each)
        ]

    def find_studies(self, platform: ObjectStore, studies: Collection[str]) -> set[str]:
        """Finds those of some studies that a record is about.

        Raises:
            CorruptFile: the log is damaged.
            OSError: it cannot be read.
        """
        return self.read_studies(platform) & {*studies} if studies else set()

    def find_loose(self, platform: ObjectStore, studies: Collection[str]) -> set[str]:
        """Finds those of some studies of which a record is left to a purge to take.

        Raises as `find_studies` does.
        """
        if not studies:
            return set()
        return set(map(self.study_of, self.about(self.log.read(platform), studies)))


def _is_purged(record: Any) -> bool:
    return isinstance(record, Event) and record.kind is EventKind.PURGED


def _consented_studies(platform: ObjectStore) -> set[str]:
    return {each.study for each in CONSENT_LOG.read(platform)}


LOGS = (
    StudyLog(
        EVENT_LOG,
        "(events)",
        attrgetter("scope"),
        lambda platform: EventLog(platform).scopes(),
    ),
    StudyLog(CONSENT_LOG, "(consents)", attrgetter("study"), _consented_studies),
)
"""All of them."""


def find_log(name: str) -> StudyLog | None:
    """Finds the log whose records by day an object has; None of any other object."""
    for each in LOGS:
        if name.startswith(each.log.days) and is_record(name):
            return each
    return None


def tell_purged(platform: ObjectStore, studies: Iterable[str], now: datetime) -> None:
    """Tells deletion that all is gone of some concluded studies but merged events.

    Only deletion writes the log's files: its next run takes the events out of them,
    and what tells of it as well.

    Args:
        platform: Store of the platform.
        studies: Namespaces of the studies.
        now: Time of the purge.

    Raises:
        OSError: the platform cannot be written.
    """
    known = {each.scope for each in EVENT_LOG.read(platform) if _is_purged(each)}
    told = (
        Event(EventKind.PURGED, each, None, to_micros(now), None, "", SIGNAL)
        for each in studies
        if each not in known
    )
    write_events(platform, told, pipeline_version())
