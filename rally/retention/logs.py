"""The platform's logs, of which a conclusion takes what is about its study."""

from collections.abc import Callable, Collection, Iterable
from operator import attrgetter
from typing import Any, NamedTuple

from rally.consent.records import CONSENT_LOG
from rally.events import EVENT_LOG
from rally.storage.append_log import AppendLog
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.records import is_record


class StudyLog(NamedTuple):
    """A log whose records are each about one study, or about Rally as a whole.

    Attributes:
        log: The log.
        label: Name of its objects in a table, in parentheses.
        study_of: Function from a record to the study that it is about.
    """

    log: AppendLog[Any]
    label: str
    study_of: Callable[[Any], str]

    def about(self, records: Iterable[Any], studies: Collection[str]) -> list[Any]:
        """Gives the records that are about one of some studies."""
        return [each for each in records if self.study_of(each) in studies]

    def find_studies(self, platform: ObjectStore, studies: Collection[str]) -> set[str]:
        """Finds those of some studies that a record is about.

        Raises:
            CorruptFile: the log is damaged.
            OSError: it cannot be read.
        """
        if not studies:
            return set()
        return {self.study_of(each) for each in self.log.read(platform)} & {*studies}


LOGS = (
    StudyLog(EVENT_LOG, "(events)", attrgetter("scope")),
    StudyLog(CONSENT_LOG, "(consents)", attrgetter("study")),
)
"""All of them."""


def find_log(name: str) -> StudyLog | None:
    """Finds the log that an object belongs to; None of any other object."""
    for each in LOGS:
        if name.startswith(each.log.folder) and is_record(name):
            return each
    return None
