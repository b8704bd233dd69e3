"""Findings of a run of deletion, by which requests move through their stages."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rally.deletion.old_copies import OldCopies
from rally.deletion.plan import FileResult
from rally.deletion.scope import namespaces_of
from rally.deletion.waiting import WaitingRows
from rally.registry.expunges import ExpungeOrder
from rally.registry.registry import Registry
from rally.withdrawal.withdrawal_list import Withdrawal


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
        removed: Ids of the requests for which this run deleted rows.
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
    removed: frozenset[str]
    verified: Sequence[FileResult]
    counter: int
    carriers: frozenset[str]
    orders: Sequence[ExpungeOrder] = ()
    waiting: WaitingRows = field(default_factory=dict)

    def covered(self, withdrawal: Withdrawal) -> list[str]:
        """Lists the namespaces in which a withdrawal is carried out now."""
        return [
            namespace
            for namespace in namespaces_of(withdrawal, self.registry)
            if namespace not in withdrawal.deferred
        ]

    def copies_of(self, namespaces: Iterable[str]) -> Iterator[OldCopies]:
        """Yields the old copies that some namespaces have."""
        return (self.copies[each] for each in namespaces if each in self.copies)
