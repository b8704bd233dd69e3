"""Findings of a run of deletion, by which requests move through their stages."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rally.deletion.old_copies import OldCopies
from rally.deletion.plan import FileResult
from rally.deletion.scope import namespaces_of
from rally.events import RALLY
from rally.registry.expunges import ExpungeOrder
from rally.registry.registry import Registry
from rally.withdrawal.withdrawal_list import Withdrawal

RowsOfPeople = Mapping[str, Collection[tuple[str, str]]]
"""Scope of the request under which rows are reported, and their study, by person."""


def find_people(
    results: Iterable[FileResult], withdrawals: Iterable[Withdrawal]
) -> RowsOfPeople:
    """Finds whose rows files have, or had, by platform pseudonym.

    Args:
        results: Results of files.
        withdrawals: Requests of the published list.
    """
    studies = defaultdict[str, set[str]](set)
    for result in results:
        for request in result.requests:
            studies[request].add(result.study)
    people = defaultdict[str, set[tuple[str, str]]](set)
    for each in withdrawals:
        if each.participant is not None:
            own = studies.get(each.request, ())
            people[each.participant].update((each.scope, study) for study in own)
    return {participant: own for participant, own in people.items() if own}


@dataclass(frozen=True, slots=True)
class RunFindings:
    """Findings of a run.

    Attributes:
        registry: Registry of the studies.
        now: Time of the run, microseconds since 1970.
        longest_delay_days: Longest time in days from a ping to its arrival.
        results: Results of the plans that receipts do not tell yet, by plan id.
        faults: Results of the files that could not be dealt with.
        unregistered: Studies with rows that the registry does not know.
        copies: Old copies that are left, by namespace.
        removed: Whose rows this run deleted, and in which studies.
        verified: Results of verification.
        counter: Counter of the withdrawal list that the run followed.
        carriers: Studies that do not load and may have rows about other studies.
        orders: Orders to expunge that the run followed.
        waiting: Whose rows are in files that wait, and in which studies.
    """

    registry: Registry
    now: int
    longest_delay_days: float
    results: Mapping[str, Sequence[FileResult]]
    faults: Sequence[FileResult]
    unregistered: Sequence[str]
    copies: Mapping[str, OldCopies]
    removed: RowsOfPeople
    verified: Sequence[FileResult]
    counter: int
    carriers: frozenset[str]
    orders: Sequence[ExpungeOrder] = ()
    waiting: RowsOfPeople = field(default_factory=dict)

    def covered(self, withdrawal: Withdrawal) -> list[str]:
        """Lists the namespaces in which a withdrawal is carried out now."""
        return [
            namespace
            for namespace in namespaces_of(withdrawal, self.registry)
            if namespace not in withdrawal.deferred
        ]

    def takes_any(self, withdrawal: Withdrawal, rows: RowsOfPeople) -> bool:
        """Tells whether a request may take some of those rows.

        The fold reports a row under one of the requests that take it.
        """
        own = rows.get(withdrawal.participant or "", ())
        namespaces = namespaces_of(withdrawal, self.registry) if own else ()
        return any(
            study in namespaces
            and (scope == withdrawal.scope or RALLY in (scope, withdrawal.scope))
            for scope, study in own
        )

    def copies_of(self, namespaces: Iterable[str]) -> Iterator[OldCopies]:
        """Yields the old copies that some namespaces have."""
        return (self.copies[each] for each in namespaces if each in self.copies)
