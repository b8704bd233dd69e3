"""Audits who decided: the chain is whole and signed, and nothing lies beside it.

What exactly is wrong with an entry is for who verifies the chain: a forger chose the
words that are in it, and a report may leave the environment.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping

from rally.access.cases import find_ignored
from rally.audit.findings import Check, Unit
from rally.audit.tally import Tally
from rally.decisions.chain import Chain, EntryStatus
from rally.decisions.contents import DecisionKind, Letters, RequestDecision
from rally.decisions.entry import FOLDER, Entry, entry_name
from rally.storage.records import is_record
from rally.withdrawal.requests import key_of, subject_of
from rally.withdrawal.rulings import Ruling, Rulings
from rally.withdrawal.withdrawal_list import WithdrawalList

_CHECK = Check.DECISIONS


def audit_entries(chain: Chain) -> Tally:
    """Names entries that are not as somebody signed them, and what is beside them."""
    tally = Tally()
    for record in chain.faulty():
        where = entry_name(record.number)
        tally.add_broken(_CHECK, where, record.status, 1, Unit.OBJECTS)
    for name in filter(is_record, chain.foreign):  # the check COPIES has all others
        tally.add_broken(_CHECK, name, "no part of the chain", 1, Unit.OBJECTS)
    if chain.has_loss:
        what = "other decisions than the withdrawal list names"
        tally.add_broken(_CHECK, FOLDER, what, 1, Unit.OBJECTS)
    for record in chain.records:
        where, status = entry_name(record.number), record.status
        if status is EntryStatus.WAITING:
            tally.add_apart(_CHECK, where, status, 1, Unit.OBJECTS)
        elif status is not EntryStatus.COUNTS and record.number <= chain.accepted:
            what = f"{status}, as two owners accepted"
            tally.add_apart(_CHECK, where, what, 1, Unit.OBJECTS)
    return tally


def audit_letters(
    before: Chain, logged: Mapping[str, str], after: Chain, concluded: Collection[str]
) -> Tally:
    """Holds letters of who leaves against what people signed.

    Args:
        before: Chain as it was read before the log.
        logged: Objects of all letters in the log, by the event's name.
        after: Chain as it was read after the log, which is written first.
        concluded: Scopes whose events are purged.
    """
    tally = Tally()
    for entry, letters in _letters(before):
        if letters.scope not in concluded:
            lost = sum(each not in logged for each in letters.events)
            what = "letters that the event log has lost"
            tally.add_broken(_CHECK, entry_name(entry.number), what, lost, Unit.PEOPLE)
    signed = {each for _, letters in _letters(after) for each in letters.events}
    for event, name in logged.items():
        if event not in signed:
            what = "a letter that nobody signed for, and that counts for nothing"
            tally.add_broken(_CHECK, name, what, 1, Unit.ROWS)
    return tally


def audit_rulings(chain: Chain, withdrawals: WithdrawalList) -> Tally:
    """Counts withdrawals on which somebody decided in vain.

    They were not held when that was signed, or another decision was first.
    """
    tally, rulings = Tally(), Rulings.of(chain)
    counts = dict[str, Ruling | None]()
    for each in withdrawals.withdrawals:
        subject = subject_of(key_of(each))
        is_held = each.held_since > 0
        counts[subject] = rulings.first(subject, each.held_since) if is_held else None
    for entry, subjects in _decided(chain):
        vain = sum(
            (ruling := counts[each]) is None or ruling.number != entry.number
            for each in subjects
            if each in counts
        )
        what = f"{entry.kind}, which counts for nothing: not held, or decided before"
        tally.add_apart(_CHECK, entry_name(entry.number), what, vain, Unit.PEOPLE)
    return tally


def audit_cases(chain: Chain) -> Tally:
    """Counts decisions on people's cases that break a rule, such as of two people."""
    tally = Tally()
    for entry in find_ignored(chain):
        what = f"{entry.kind}, which counts for nothing: it breaks a rule of cases"
        tally.add_apart(_CHECK, entry_name(entry.number), what, 1, Unit.OBJECTS)
    return tally


def _letters(chain: Chain) -> Iterator[tuple[Entry, Letters]]:
    for entry in chain.of(DecisionKind.RECORD_LETTERS):
        assert isinstance(entry.content, Letters)
        yield entry, entry.content


def _decided(chain: Chain) -> Iterator[tuple[Entry, Iterable[str]]]:
    for entry in chain.of(DecisionKind.CONFIRM, DecisionKind.REJECT):
        assert isinstance(entry.content, RequestDecision)
        yield entry, entry.content.subjects
