"""Who is enrolled in what: the rule for rows of people who never were.

A row whose study requires an enrolment needs one no later than some days after the row
was submitted. The earliest enrolment counts: of who left and came back the fold decides
(rally.withdrawal.fold), and deletion takes those rows out. Events outlive the rows
that they cover, whatever `delete_after_days` says of the enrolment's own row.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import NamedTuple

from rally.events import RALLY, Event, EventKind
from rally.registry.study import Document, Means, Study, StudyKind
from rally.times import midnight, to_micros
from rally.validation.pseudonyms import Pseudonyms
from rally.withdrawal.rules import GRACE_DAYS

_MICROSECOND = timedelta(microseconds=1)


class Grace(NamedTuple):
    """Time after a row within which its enrolment may come.

    Attributes:
        days: Counted from the row's submission timestamp.
    """

    days: float = GRACE_DAYS

    @property
    def micros(self) -> int:
        """The same in microseconds."""
        return timedelta(days=self.days) // _MICROSECOND

    def is_over(self, time: int, as_of: datetime) -> bool:
        """Tells whether no enrolment can come in time any more for a row of that time.

        Args:
            time: Time of the row, microseconds.
            as_of: The job's clock, UTC.
        """
        return time + self.micros < to_micros(as_of)

    def is_due(self, day: date, as_of: datetime) -> bool:
        """Tells whether the grace is over for every row of a date."""
        last = midnight(day + timedelta(days=1))
        return self.is_over(to_micros(last) - 1, as_of)


def needs_enrolment(study: Study, document: Document) -> bool:
    """Tells whether rows of a document are there only for who is enrolled.

    Not the rows that say who joined: they are the enrolment's own.
    """
    return study.policy.enrolment_required and document.means is not Means.JOINS


class EnrolledPeople:
    """Everybody who ever enrolled in one study, by what its rows know them by.

    It holds one number a person: the time of the earliest enrolment.
    """

    def __init__(
        self,
        study: Study,
        pseudonyms: Pseudonyms,
        events: Iterable[Event],
        grace: Grace = Grace(),  # noqa: B008 - frozen
    ) -> None:
        """Reads the events once.

        Args:
            study: Study of the rows; in a platform namespace who joined Rally counts.
            pseudonyms: Pseudonyms of the platform and this study. A study whose key is
                destroyed has nobody enrolled.
            events: Events of the log, whatever their scopes.
            grace: Time after a row within which its enrolment may come.
        """
        self._grace = grace
        self._first: dict[bytes, int] = {}
        is_platform = study.kind is StudyKind.PLATFORM
        if not is_platform and not pseudonyms.knows(study.namespace):
            return
        scope = RALLY if is_platform else study.namespace
        for person, first in _earliest(events, scope).items():
            own = person
            if not is_platform:
                own = pseudonyms.of_study(study.namespace, person)
            self._first[own.encode()] = first

    def __len__(self) -> int:
        """How many people ever enrolled."""
        return len(self._first)

    def knows(self, participant: bytes) -> bool:
        """Tells whether somebody ever enrolled, whenever."""
        return participant in self._first

    def covers(self, participant: bytes, time: int) -> bool:
        """Tells whether a row is of somebody who enrolled in time for it.

        Args:
            participant: 36 ASCII bytes, as they stand in the row.
            time: The row's submission timestamp, microseconds.
        """
        first = self._first.get(participant)
        return first is not None and first <= time + self._grace.micros


def _earliest(events: Iterable[Event], scope: str) -> dict[str, int]:
    """The time of each one's first enrolment, by platform pseudonym."""
    first: dict[str, int] = {}
    for event in events:
        if event.kind is EventKind.JOINED and event.scope == scope:
            person, at = event.participant, event.submission_timestamp
            if person is not None and at < first.get(person, at + 1):
                first[person] = at
    return first
