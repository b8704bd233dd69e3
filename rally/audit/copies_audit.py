"""Audits the copies of people: each has its case, approved, and goes when it is due."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256

from rally.access.cases import Case, read_cases
from rally.access.due_copies import find_due, list_archives
from rally.access.records import DestroyedFor, read_records
from rally.audit.findings import Check, Unit
from rally.audit.tally import Tally
from rally.decisions.chain import Chain
from rally.storage.objectstore.interface import ObjectNotFound, ObjectStore
from rally.withdrawal.withdrawal_list import WithdrawalList

_CHECK = Check.COPIES
_NO_CASE = "a person's copy without a case that somebody approved"
_CHANGED = "a person's copy that is not the one that was made"
_NO_RECORD = "a record of a person's copy that the job did not sign"
_DUE = {
    DestroyedFor.FETCHED: "a person's copy that was fetched",
    DestroyedFor.EXPIRED: "a person's copy past its time",
    DestroyedFor.REFUSED: "a person's copy whose case is refused",
    DestroyedFor.LEFT: "a copy of a person who has left",
    DestroyedFor.REPLACED: "a person's copy in whose place another counts",
}


def audit_copies(
    platform: ObjectStore,
    chain: Chain,
    withdrawals: WithdrawalList,
    now: datetime,
    purge_days: float,
) -> Tally:
    """Names copies that should not be there, or are not what was made.

    Args:
        platform: Store of the platform.
        chain: Decisions of the platform.
        withdrawals: The published list.
        now: Time of the audit, UTC.
        purge_days: Days within which a purge destroys a copy that is due.

    Raises:
        OSError: The platform cannot be read.
    """
    tally, cases = Tally(), read_cases(chain, platform, now)
    for _ in read_records(platform, chain).faults:
        tally.add_broken(_CHECK, "cases", _NO_RECORD, 1, Unit.OBJECTS)
    due = {
        each.archive.info.name: each
        for each in find_due(platform, cases, withdrawals.withdrawals, now)
        if each.archive is not None
    }
    for case_id, _, info in list_archives(platform):
        if found := due.get(info.name):
            is_late = now - found.since > timedelta(days=purge_days)
            add = tally.add_broken if is_late else tally.add_apart
            add(_CHECK, info.name, _DUE[found.why], 1, Unit.OBJECTS)
        elif what := _why_wrong(platform, cases, case_id, info.name):
            tally.add_broken(_CHECK, info.name, what, 1, Unit.OBJECTS)
    return tally


def _why_wrong(
    platform: ObjectStore, cases: Mapping[str, Case], case_id: str, name: str
) -> str:
    """Says what is wrong with a copy that is not due; "" where nothing is."""
    case = cases.get(case_id)
    if case is None or case.approved is None:
        return _NO_CASE
    if case.built is None:
        return ""  # being made, or left by a killed run whose next one goes on
    try:
        data = platform.read(name)
    except ObjectNotFound:
        return ""
    return "" if sha256(data).hexdigest() == case.built.archive else _CHANGED
