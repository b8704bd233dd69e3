"""What a run of deletion did, for people and for the requests to move on by."""

from collections import Counter
from dataclasses import dataclass, field

from rally.deletion.old_copies import Copies
from rally.deletion.plan import FileResult, PlannedFile
from rally.withdrawal.withdrawal_list import WithdrawalList


@dataclass
class Report:
    """What a run did.

    Attributes:
        withdrawals: the list as it is published now.
        plans: where the plans of this run are.
        planned: files that the plans take rows out of.
        rewritten: files that lost rows.
        faults: files that are not as promised, and why.
        copies: old copies that the stores still have, by namespace.
        verified: files that were read at the end, by namespace.
        receipts: numbers of those that were written.
        returned: rows of people whose requests had closed, by study: somebody has
            brought them back, and they are deleted again.
        derived: researchers' own tables of the studies that lost rows.
        missing: researchers' folders that are not there, or not marked, one line each.
            No request waits for them.
        unregistered: folders of rows whose study the registry does not know.
        waiting: how many requests wait for studies that do not load.
        alarms: what a person has to look at besides, one line each.
        late: how many requests on the list, and unreadable withdrawals, are past their
            deadline.
    """

    withdrawals: WithdrawalList
    plans: list[str] = field(default_factory=list)
    planned: list[PlannedFile] = field(default_factory=list)
    rewritten: list[FileResult] = field(default_factory=list)
    faults: list[FileResult] = field(default_factory=list)
    copies: dict[str, Copies] = field(default_factory=dict)
    verified: list[FileResult] = field(default_factory=list)
    receipts: list[int] = field(default_factory=list)
    returned: Counter[str] = field(default_factory=Counter)
    derived: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unregistered: list[str] = field(default_factory=list)
    waiting: int = 0
    alarms: list[str] = field(default_factory=list)
    late: int = 0
