"""What a run of deletion goes by: the list, the orders, and which requests wait."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rally.deletion.plan import ListedFile
from rally.deletion.waiting import Waiting
from rally.registry.expunges import ExpungeOrder, Expunges
from rally.storage.partitions import partition_of
from rally.withdrawal.withdrawal_list import WithdrawalList


class RunBasis(NamedTuple):
    """List and orders that a run goes by.

    Attributes:
        withdrawals: The published list.
        expunges: Orders to expunge that count under that list.
        open: Orders whose study is still searched and verified.
        waiting: Requests for which alone no file is rewritten yet.
    """

    withdrawals: WithdrawalList
    expunges: Expunges
    open: Sequence[ExpungeOrder]
    waiting: Waiting

    @property
    def searched(self) -> frozenset[str]:
        """Ids of the orders whose files are looked at.

        Of an order that takes whole rows no file is left, so that looking costs
        nothing.
        """
        rows = (each for each in self.expunges.orders if each.field is None)
        return frozenset(each.id for each in (*self.open, *rows))

    def reopening(self, files: Iterable[ListedFile]) -> "RunBasis":
        """Opens the closed orders that are about some files again.

        Verification reads all files of a study, and so finds what somebody restored.
        """
        partitions = (partition_of(each.study, each.name) for each in files)
        about = {it for each in partitions if each for it in self.expunges.over(*each)}
        more = sorted(about.difference(self.open))
        return self._replace(open=(*self.open, *more)) if more else self
