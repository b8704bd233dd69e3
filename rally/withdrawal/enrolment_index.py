"""Who joined what, and when, of those people who asked to leave something."""

from bisect import bisect_right
from collections.abc import Iterable

from rally.events import RALLY, Event, EventKind
from rally.withdrawal.people_index import Enrolment
from rally.withdrawal.withdrawal_list import WithdrawalList


class EnrolmentIndex:
    """Reads their enrolments out of the log, and finds whose their deletion ids are.

    Nobody else's enrolments are held in memory.
    """

    def __init__(
        self, people: set[str], deletion_ids: set[str], before: WithdrawalList
    ) -> None:
        """Begins with what the former list knows.

        Args:
            people: Platform pseudonyms of who asked.
            deletion_ids: Pseudonyms of the deletion ids by which others did.
            before: The former list.
        """
        self._times: dict[tuple[str, str, str], int] = {}
        self._owners: dict[str, set[str]] = {each: set() for each in deletion_ids}
        self._people = set(people)
        self._read: set[str] | None = None if people or deletion_ids else set()
        for each in before.withdrawals:
            self._own(each.deletion_id, each.participant)
        for enrolment in before.enrolments:
            self._join(enrolment)

    @property
    def is_complete(self) -> bool:
        """Whether the log was read for everybody who asked."""
        return self._read == self._people

    def read(self, events: Iterable[Event]) -> None:
        """Reads the log for those who are known so far."""
        people = set(self._people)
        for event in events:
            if event.kind is not EventKind.JOINED or event.participant is None:
                continue
            self._own(event.deletion_id, event.participant)
            if event.participant in people:
                self._join(_enrolment(event, event.participant))
        self._read = people

    def owners(self, deletion_id: str) -> list[str]:
        """Whose deletion id it is: everybody who joined with it, sorted."""
        return sorted(self._owners.get(deletion_id, ()))

    def enrolments(self) -> tuple[Enrolment, ...]:
        """Sorted; events of one document are one, of the earliest time."""
        found = [
            Enrolment(participant, scope, time, document_id)
            for (participant, scope, document_id), time in self._times.items()
        ]
        return tuple(sorted(found, key=_order))

    def _own(self, deletion_id: str | None, participant: str | None) -> None:
        if deletion_id in self._owners and participant:
            self._owners[deletion_id].add(participant)
            self._people.add(participant)

    def _join(self, each: Enrolment) -> None:
        key = (each.participant, each.scope, each.document_id)
        self._times[key] = min(each.time, self._times.get(key, each.time))


class Enrolled:
    """Times at which people joined."""

    def __init__(self, enrolments: Iterable[Enrolment]) -> None:
        """Sorts them by person and scope."""
        self._times: dict[str, dict[str, list[int]]] = {}
        for each in enrolments:
            scopes = self._times.setdefault(each.participant, {})
            scopes.setdefault(each.scope, []).append(each.time)
        for scopes in self._times.values():
            for times in scopes.values():
                times.sort()

    def ever(self, participant: str, scope: str) -> bool:
        """Tells whether somebody ever joined a scope; for RALLY, joined anything."""
        joined = self._times.get(participant, {})
        return bool(joined) if scope == RALLY else scope in joined

    def first(self, participant: str, scope: str) -> int | None:
        """When somebody first joined a scope, microseconds; of RALLY, anything."""
        joined = self._times.get(participant, {})
        scopes = joined if scope == RALLY else {scope} & joined.keys()
        return min((joined[each][0] for each in scopes), default=None)

    def last(self, participant: str, scope: str, time: int) -> int | None:
        """When they had last joined it at that time, microseconds."""
        times = self._times.get(participant, {}).get(scope, [])
        found = bisect_right(times, time)
        return times[found - 1] if found else None


def _enrolment(event: Event, participant: str) -> Enrolment:
    return Enrolment(
        participant, event.scope, event.submission_timestamp, event.document_id
    )


def _order(each: Enrolment) -> tuple[str, str, int, str]:
    return each.participant, each.scope, each.time, each.document_id
