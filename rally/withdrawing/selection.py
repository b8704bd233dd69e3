"""Whose rows of one namespace the withdrawal list speaks of, by stored pseudonym."""

from collections.abc import Collection

from rally.checking.pseudonyms import Pseudonyms
from rally.events import RALLY
from rally.studies.study import Kind, Study
from rally.withdrawing.fold import KEPT, Judgement, Person, judge_row
from rally.withdrawing.withdrawal_list import WithdrawalList

_ENROLS_IN_NONE: frozenset[str] = frozenset()


class Selection:
    """Judges the rows of one namespace by the withdrawal list.

    Attributes:
        people: those on the list, by what the namespace's rows know them by: 36 ASCII
            bytes, as they stand in a row.
    """

    def __init__(
        self,
        withdrawals: WithdrawalList,
        study: Study,
        pseudonyms: Pseudonyms,
        only: Collection[str] | None = None,
    ) -> None:
        """Makes the pseudonyms.

        Args:
            withdrawals: the list.
            study: whose rows are judged.
            pseudonyms: of the platform and this study.
            only: platform pseudonyms of those who matter; None is everybody.
        """
        self._scope = RALLY if study.kind is Kind.PLATFORM else study.namespace
        self.people: dict[bytes, Person] = {}
        if self._scope != RALLY and not pseudonyms.knows(study.namespace):
            return  # concluded, and its key destroyed: nothing there is of anybody
        for platform, person in withdrawals.people().items():
            if only is None or platform in only:
                own = platform
                if self._scope != RALLY:
                    own = pseudonyms.of_study(study.namespace, platform)
                self.people[own.encode()] = person

    def judge(self, participant: bytes, document_id: bytes, time: int) -> Judgement:
        """What becomes of a stored row; see rally.withdrawing.fold."""
        person = self.people.get(participant)
        if person is None:
            return KEPT
        about = _ENROLS_IN_NONE
        if self._scope == RALLY:
            about = person.enrolments.get(document_id.decode(), _ENROLS_IN_NONE)
        return judge_row(person, self._scope, time, about)
