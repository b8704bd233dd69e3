"""How far each request is after a run."""

from dataclasses import dataclass, replace

from rally.decisions.chain import Chain
from rally.deletion.receipt_writer import ReceiptWriter
from rally.deletion.run_findings import RunFindings
from rally.events import RALLY
from rally.keys.signing import SigningKey
from rally.receipts.receipt import Reason, Stage
from rally.storage.objectstore.interface import ObjectStore
from rally.times import from_micros, to_micros
from rally.withdrawal.unavailable_studies import concerned
from rally.withdrawal.withdrawal_list import Withdrawal, WithdrawalList

_DAY = 86_400_000_000  # microseconds


@dataclass(frozen=True, slots=True)
class Progress:
    """Where requests are now.

    Attributes:
        withdrawals: the list with stages and receipts.
        receipts: numbers of those that it has and had not before.
        waiting: plans that did something for a request whose receipt is not due yet.
        unavailable: requests that wait for studies that do not load.
    """

    withdrawals: WithdrawalList
    receipts: list[int]
    waiting: frozenset[str]
    unavailable: int


def advance(
    platform: ObjectStore,
    decisions: Chain,
    key: SigningKey,
    withdrawals: WithdrawalList,
    findings: RunFindings,
) -> Progress:
    """Moves every open request on as far as it is, and writes receipts."""
    teller = ReceiptWriter(platform, decisions, key, withdrawals, findings)
    moved, waiting = [], set[str]()
    for each in withdrawals.withdrawals:
        before = after = teller.take_up(each)
        untold, reason = teller.untold(before), None
        if before.is_open or untold:
            if not _is_hindered(before, findings):
                after = _moved(before, findings) if before.is_open else before
                reason = _reason(before, after, late=bool(untold))
            if reason:
                after = teller.write(after, reason, untold)
            else:
                waiting.update(untold)
        moved.append(after)
    return Progress(
        replace(withdrawals, withdrawals=tuple(moved)),
        teller.numbers,
        frozenset(waiting),
        sum(each.is_open and _waits(each, findings) for each in moved),
    )


def _is_hindered(withdrawal: Withdrawal, findings: RunFindings) -> bool:
    """Whether rows may be left where this run could not look, or not delete."""
    if _waits(withdrawal, findings):
        return True
    faulty = {each.study for each in findings.faults}
    if findings.unregistered and withdrawal.scope in (RALLY, *findings.unregistered):
        return True
    return not faulty.isdisjoint(findings.covered(withdrawal))


def _waits(withdrawal: Withdrawal, findings: RunFindings) -> bool:
    """Whether rows of theirs may be in a study that does not load."""
    return bool(concerned(withdrawal, findings.registry, findings.carriers))


def _moved(withdrawal: Withdrawal, findings: RunFindings) -> Withdrawal:
    """The stages in their order, each only after the one before."""
    namespaces = findings.covered(withdrawal)
    if withdrawal.request in findings.removed and Stage.PURGED not in withdrawal.stages:
        withdrawal = withdrawal.without(Stage.REWRITTEN)  # there are new old copies
    moved = withdrawal.reached(Stage.REWRITTEN, _rewritten(namespaces, findings))
    rewritten = from_micros(moved.stages[Stage.REWRITTEN])
    if any(copies.since_before(rewritten) for copies in findings.copies_of(namespaces)):
        return moved
    moved = moved.reached(Stage.PURGED, findings.now)
    moved = moved.reached(Stage.VERIFIED, findings.now)
    since = max(withdrawal.time, withdrawal.renewed, moved.stages[Stage.SUPPRESSED])
    is_past = findings.now >= since + findings.longest_delay_days * _DAY
    if is_past and not withdrawal.deferred:
        moved = moved.reached(Stage.CLOSED, findings.now)
    return moved


def _rewritten(namespaces: list[str], findings: RunFindings) -> int:
    """Now; or later, by the store's clock, so that every old copy of now is older."""
    times = [copies.newest for copies in findings.copies_of(namespaces)]
    return max([findings.now, *(to_micros(time) for time in times if time)])


def _reason(before: Withdrawal, after: Withdrawal, *, late: bool) -> Reason | None:
    """Why a receipt is due, if one is."""
    if Stage.VERIFIED not in after.stages:
        return None
    if Stage.VERIFIED not in before.stages:
        return Reason.SETTLED if before.receipts else Reason.DELETION
    return Reason.LATE if late else None
