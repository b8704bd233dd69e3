"""What a run of deletion found out, for the requests to move on by."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rally.deletion.old_copies import Copies
from rally.deletion.people import namespaces_of
from rally.deletion.plan import FileResult
from rally.registry.registry import Registry
from rally.withdrawal.withdrawal_list import Withdrawal


@dataclass(frozen=True, slots=True)
class RunFindings:
    """What a run found out.

    Attributes:
        registry: of the studies.
        now: microseconds.
        longest_delay_days: how long a ping may be on its way.
        results: what the plans did that not all receipts tell yet, by plan.
        faults: files that are not as promised.
        unregistered: studies with rows that the registry does not know.
        copies: old copies that are left, by namespace.
        removed: requests for which this very run took rows out.
        verified: what verification read.
        counter: of the list under which all of it was done.
        carriers: of the studies that do not load, those with rows about others.
    """

    registry: Registry
    now: int
    longest_delay_days: float
    results: Mapping[str, Sequence[FileResult]]
    faults: Sequence[FileResult]
    unregistered: Sequence[str]
    copies: Mapping[str, Copies]
    removed: frozenset[str]
    verified: Sequence[FileResult]
    counter: int
    carriers: frozenset[str]

    def covered(self, withdrawal: Withdrawal) -> list[str]:
        """The namespaces in which a withdrawal is carried out now."""
        return [
            namespace
            for namespace in namespaces_of(withdrawal, self.registry)
            if namespace not in withdrawal.deferred
        ]

    def copies_of(self, namespaces: Iterable[str]) -> Iterator[Copies]:
        """The old copies in some namespaces."""
        return (self.copies[each] for each in namespaces if each in self.copies)
