"""Which rows of a file go though the file may stay: judges of rows."""

from collections.abc import Collection, Container

from rally.storage.row_keys import Everybody
from rally.withdrawal.enrolments import EnrolledPeople
from rally.withdrawal.fold import KEPT, Judgement, Verdict


class Strangers:
    """Condemns the rows of people who never enrolled in time for them.

    It judges rows of one date; for all of that date the grace has to be over.
    """

    def __init__(self, enrolled: EnrolledPeople, since: int) -> None:
        """Takes who enrolled, and the date's first moment, microseconds."""
        self._enrolled = enrolled
        self.people: Container[bytes] = _NotCovered(enrolled, since)

    def judge(self, participant: bytes, document_id: bytes, time: int) -> Judgement:
        """Whether nobody enrolled in time whose row it is."""
        if self._enrolled.covers(participant, time):
            return KEPT
        return Judgement(Verdict.UNENROLLED, "unenrolled")


class AboutStudy:
    """Condemns the platform's rows about some studies: of who enrolled in them."""

    def __init__(self, document_ids: Collection[bytes]) -> None:
        """Takes the document ids of the enrolments, 36 ASCII bytes each."""
        self._document_ids = document_ids
        self.people: Container[bytes] = Everybody()

    def judge(self, participant: bytes, document_id: bytes, time: int) -> Judgement:
        """Whether it is one of the enrolments."""
        if document_id not in self._document_ids:
            return KEPT
        return Judgement(Verdict.WITHDRAWN, "concluded")


class WithoutEvent:
    """Condemns enrolments of which the event log knows nothing.

    Ingest writes the event before the row, so of such a row the event was lost.
    """

    def __init__(self, heard: Collection[bytes]) -> None:
        """Takes the document ids of all enrolments in the log, 36 ASCII bytes each."""
        self._heard = heard
        self.people: Container[bytes] = Everybody()

    def judge(self, participant: bytes, document_id: bytes, time: int) -> Judgement:
        """Whether its event is lost."""
        if document_id in self._heard:
            return KEPT
        return Judgement(Verdict.UNENROLLED, "unheard")


class _NotCovered:
    """Everybody who is not surely enrolled for every row since a time."""

    def __init__(self, enrolled: EnrolledPeople, since: int) -> None:
        self._enrolled = enrolled
        self._since = since

    def __contains__(self, participant: object) -> bool:
        return not isinstance(participant, bytes) or not self._enrolled.covers(
            participant, self._since
        )
