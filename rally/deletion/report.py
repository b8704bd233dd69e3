"""The report of a run of deletion."""

from collections import Counter
from dataclasses import dataclass, field

from rally.deletion.old_copies import OldCopies
from rally.deletion.plan import FileResult, PlannedFile
from rally.deletion.waiting import Waiting
from rally.receipts.receipt import Stage
from rally.registry.expunges import ExpungeOrder
from rally.withdrawal.withdrawal_list import WithdrawalList


@dataclass
class DeletionReport:
    """Report of a run of deletion.

    Attributes:
        withdrawals: The withdrawal list as it is published now.
        plans: URIs of the plans of this run.
        planned: Files that the plans take rows out of.
        rewritten: Results of the files that lost rows.
        postponed: Results of the files that are not rewritten yet, since all requests
            that are about them wait.
        waits: Requests that wait, each with the time until which it does.
        faults: Results of the files that could not be dealt with.
        copies: Old copies that the stores still have, by namespace.
        verified: Results of the files that were verified at the end.
        receipts: Numbers of the receipts that were written.
        returned: Number of deleted rows of people whose requests had closed, by study;
            somebody had restored these rows.
        derived: URIs of researchers' own tables of the studies that lost rows.
        removed_parts: Number of parts of kept tables that were removed, since the
            stored files that they were made of have changed.
        missing: One line for each researchers' folder that does not exist, or has no
            marker. No request waits for these.
        unregistered: Folders of rows whose study the registry does not know.
        waiting: Number of requests that wait for studies that do not load.
        alarms: One line for each other thing that a person has to look at.
        orders: Orders to expunge that the run followed.
        late: Number of requests and unreadable withdrawals past their deadline.
    """

    withdrawals: WithdrawalList
    plans: list[str] = field(default_factory=list)
    planned: list[PlannedFile] = field(default_factory=list)
    rewritten: list[FileResult] = field(default_factory=list)
    postponed: list[FileResult] = field(default_factory=list)
    waits: Waiting = field(default_factory=dict)
    faults: list[FileResult] = field(default_factory=list)
    copies: dict[str, OldCopies] = field(default_factory=dict)
    verified: list[FileResult] = field(default_factory=list)
    receipts: list[int] = field(default_factory=list)
    returned: Counter[str] = field(default_factory=Counter)
    derived: list[str] = field(default_factory=list)
    removed_parts: int = 0
    missing: list[str] = field(default_factory=list)
    unregistered: list[str] = field(default_factory=list)
    waiting: int = 0
    alarms: list[str] = field(default_factory=list)
    orders: tuple[ExpungeOrder, ...] = ()
    late: int = 0

    def count_returned(self) -> Counter[str]:
        """Counts deleted rows of people whose requests had closed, by study."""
        closed = {
            each.request
            for each in self.withdrawals.withdrawals
            if Stage.CLOSED in each.stages
        }
        found = Counter[str]()
        for result in self.rewritten:
            for request in closed.intersection(result.requests):
                found[result.study] += result.requests[request]
        return found
