"""Finds who has left, as the fold of the event log says now; publishes nothing.

The audit folds the log on top of the published list, as deletion is about to, and asks
of each row what became of it: so it finds rows that deletion forgot, too.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import count

from rally.errors import CorruptFile
from rally.event_log.event_log import EventLog
from rally.events import RALLY
from rally.receipts.receipt import Stage
from rally.registry.registry import Registry
from rally.registry.study import Study
from rally.registry.transitions import States
from rally.storage.objectstore.interface import ObjectStore
from rally.times import to_micros
from rally.validation.pseudonyms import Pseudonyms
from rally.withdrawal.admission import admit
from rally.withdrawal.fold import Judgement, RequestStatus, Verdict
from rally.withdrawal.list_object import Published, read_list
from rally.withdrawal.newest_list import newest_signed
from rally.withdrawal.overview import Due, deadline_of, find_due
from rally.withdrawal.rules import LOOKING
from rally.withdrawal.rulings import Rulings
from rally.withdrawal.selection import Selection
from rally.withdrawal.withdrawal_list import RequestState, WithdrawalList


class OlderLog(CorruptFile):
    """The log is not whole, and its root is older than signed records know of."""


OLDER_LIST = "an older list than signed records know of"
"""What is said of a list that was put back."""


class Fate(StrEnum):
    """Fate of a row of somebody who has left; the first breaks the promise."""

    LEFT_OVER = "of people who have left"
    ON_ITS_WAY = "of people who have left, on its way"
    DEFERRED = "deferred until the study is concluded"
    HELD = "held for a person's decision"
    LEGAL_HOLD = "of people who have left, under a legal hold"


class CurrentWithdrawals:
    """Withdrawal requests, with what the event log says since the published list.

    Attributes:
        published: List as deletion published it.
        decisions: Decisions beside the list.
        newest: Counter of the newest list that signed records know.
        folded: List with what the log says since.
    """

    def __init__(
        self,
        published: Published[WithdrawalList],
        folded: WithdrawalList,
        newest: int,
        pseudonyms: Pseudonyms,
        as_of: datetime,
        deadline_days: float,
    ) -> None:
        """Takes both lists; `read` makes them.

        Args:
            published: List as deletion published it.
            folded: List with what the log says since; each request has an id.
            newest: Counter of the newest list that signed records know.
            pseudonyms: Pseudonyms of the platform and the studies.
            as_of: Clock of the audit, UTC.
            deadline_days: Time from the receipt of a request until its rows are gone.
        """
        self.published = published.list
        self.decisions = published.decisions
        self.newest = newest
        self.folded = folded
        self._pseudonyms = pseudonyms
        self._as_of = as_of
        self._days = deadline_days
        self._people = folded.people()
        self._requests = {each.request: each for each in folded.withdrawals}

    @classmethod
    def read(
        cls,
        platform: ObjectStore,
        registry: Registry,
        pseudonyms: Pseudonyms,
        as_of: datetime,
        deadline_days: float,
    ) -> "CurrentWithdrawals":
        """Reads the list and folds the log.

        Raises:
            ConfigurationError: The list is missing, or not as it was published.
            CorruptFile: An object of the log is not whole.
        """
        published = read_list(platform)
        states = States.of_chain(registry, published.decisions)
        numbers = count()
        newest = newest_signed(platform, published)
        try:
            folded = admit(
                EventLog(platform),
                published.list,
                registry,
                states,
                as_of,
                LOOKING,
                Rulings.of(published.decisions),
                lambda: f"{next(numbers):032x}",
            )
        except CorruptFile as error:
            older = newest > published.list.counter
            raise OlderLog(str(error)) if older else error from None
        return cls(published, folded, newest, pseudonyms, as_of, deadline_days)

    @property
    def is_older(self) -> bool:
        """Whether the published list is older than signed records know of."""
        return self.newest > self.published.counter

    def selection(self, study: Study) -> Selection:
        """Returns what judges a namespace's rows of everybody on the list."""
        return Selection(self._people, study, self._pseudonyms)

    def due(self, under_hold: Collection[str]) -> tuple[Due, ...]:
        """Returns each request with its deadline; legal holds are over some studies."""
        return find_due(self.published, self.folded, self._days, under_hold)

    def fate(
        self,
        selection: Selection,
        row: tuple[bytes, bytes, int],
        is_held: bool = False,
    ) -> tuple[Fate | None, Verdict]:
        """Returns the fate of a row, and the verdict on it.

        The fate is None where nobody asked for the row to go.

        Args:
            selection: Judge of the namespace's rows.
            row: Participant, document id and time of the row.
            is_held: Whether a legal hold is over the row.
        """
        judgement = selection.judge(*row)
        return self._fate(judgement, selection, row, is_held), judgement.verdict

    def _fate(
        self,
        judgement: Judgement,
        selection: Selection,
        row: tuple[bytes, bytes, int],
        is_held: bool,
    ) -> Fate | None:
        if judgement.verdict is Verdict.KEPT:
            return None
        if judgement.verdict is Verdict.DEFERRED:
            return Fate.DEFERRED
        if judgement.verdict is Verdict.HELD:
            return Fate.HELD
        if is_held:
            return Fate.LEGAL_HOLD
        # Of the requests that take the row, the one it is reported under may be young.
        is_over = self._is_over(judgement.request) or (
            selection.judge(*row, self._is_over).verdict.condemns
        )
        return Fate.LEFT_OVER if is_over else Fate.ON_ITS_WAY

    def gone_from(self, study: Study) -> dict[Fate, list[bytes]]:
        """Returns the pseudonyms of people who are not in a study any more, by fate.

        LEFT_OVER has those whose request is done or late, ON_ITS_WAY the others. People
        who came back, or who wait for the study's conclusion, are in neither.
        """
        selection, now = self.selection(study), to_micros(self._as_of)
        gone: dict[Fate, list[bytes]] = {}
        for pseudonym, person in selection.people.items():
            counts = any(
                left.status is RequestStatus.ACTIVE
                and study.namespace not in left.deferred
                for scope in (study.namespace, RALLY)
                for left in person.left.get(scope, ())
            )
            fate, verdict = self.fate(selection, (pseudonym, b"", now))
            if counts and verdict.condemns:
                gone.setdefault(fate or Fate.ON_ITS_WAY, []).append(pseudonym)
        return gone

    def _is_over(self, request_id: str) -> bool:
        """Returns whether the rows of a request should be gone by now."""
        request = self._requests[request_id]
        if Stage.VERIFIED in request.stages or request.state is RequestState.CLOSED:
            return True
        deadline = deadline_of(request, timedelta(days=self._days))
        return deadline is not None and deadline < self._as_of
