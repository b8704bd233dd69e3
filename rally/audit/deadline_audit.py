"""Audits deadlines, counted exactly as `rally withdrawals` counts them."""

from rally.audit.findings import Check, Unit
from rally.audit.tally import Tally
from rally.withdrawal.overview import Due, Overview, is_late


def audit_deadlines(overview: Overview) -> Tally:
    """Names what is late, by scope and state; unreadable withdrawals by study and day.

    A request that waits for a person or for a legal hold is late like any other: its
    sender was promised a time.
    """
    tally = Tally()
    people: dict[tuple[str, str], set[str | None]] = {}
    for each in overview.late_requests:
        people.setdefault(_group_of(each), set()).add(each.who)
    for (scope, state), late in sorted(people.items()):
        what = f"past their deadline, {state}"
        tally.add_broken(Check.WITHDRAWN, scope, what, len(late), Unit.PEOPLE)
    for letters in overview.unreadable:
        where = f"{letters.study}/withdrawal/{letters.day}"
        what, number = "unreadable withdrawals", letters.letters
        if is_late(letters, overview.now):
            what = f"{what}, past their deadline"
            tally.add_broken(Check.DEAD_LETTERS, where, what, number, Unit.ROWS)
        elif letters.deadline:
            until = letters.deadline.date()
            tally.add_apart(Check.DEAD_LETTERS, where, what, number, Unit.ROWS, until)
    return tally


def _group_of(each: Due) -> tuple[str, str]:
    return each.withdrawal.scope, each.state
