"""What `rally withdrawals` prints: tables, or JSON."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from rally.receipts.receipt import Stage
from rally.tables import Block, Column, Results, Table, Value, describe_json
from rally.times import from_micros
from rally.withdrawal.overview import Due, Group, Overview
from rally.withdrawal.unreadable import UnreadableLetters
from rally.withdrawal.withdrawal_list import Withdrawal

GROUPS: tuple[Column[Group], ...] = (
    Column("scope", lambda each: each.scope),
    Column("state", lambda each: each.state),
    Column("people", lambda each: each.people),
    Column("under_7_days", lambda each: each.ages[0], "< 7 DAYS"),
    Column("under_30_days", lambda each: each.ages[1], "< 30 DAYS"),
    Column("older", lambda each: each.ages[2]),
    Column("oldest", lambda each: each.oldest, text=lambda each: each.oldest.date()),
    Column(
        "next_deadline",
        lambda each: each.deadline,
        text=lambda e: _day(e.deadline),
    ),
    Column("late", lambda each: each.late, is_broken=lambda each: each.late > 0),
)
UNREADABLE: tuple[Column[UnreadableLetters], ...] = (
    Column("study", lambda each: each.study),
    Column("day", lambda each: each.day),
    Column("letters", lambda each: each.letters, "UNREADABLE"),
    Column("deadline", lambda each: each.deadline, text=lambda e: _day(e.deadline)),
)
DEAD_LETTERS: tuple[Column[tuple[str, datetime | None]], ...] = (
    Column("name", lambda each: each[0], "DEAD LETTER OF WITHDRAWALS"),
    Column("deadline", lambda each: each[1], text=lambda each: _day(each[1])),
)
REQUESTS: tuple[Column[Due], ...] = (
    Column("request", lambda each: each.withdrawal.request or None),
    Column("scope", lambda each: each.withdrawal.scope),
    Column("state", lambda each: each.state),
    Column("", lambda each: _waits_for(each.withdrawal), "WAITS FOR"),
    Column("received", lambda each: each.received, head=None),
    Column("deadline", lambda each: each.deadline, text=lambda e: _day(e.deadline)),
    Column("deferred", lambda each: each.withdrawal.deferred, head=None),
    Column("held_for", lambda each: each.withdrawal.held_for or None, head=None),
    Column("held_until", lambda each: _held_until(each.withdrawal), head=None),
    Column(
        "stages",
        lambda each: _stages(each.withdrawal),
        text=lambda each: {
            stage: time.date() for stage, time in _stages(each.withdrawal).items()
        },
    ),
    Column("receipts", lambda each: each.withdrawal.receipts, head=None),
)
JSON = describe_json(
    {"groups": GROUPS, "unreadable": UNREADABLE},
    ["as_of", "deadline_days", "late"],
) + (
    f" With --requests there are two more lists: dead_letters, with "
    f"{', '.join(each.key for each in DEAD_LETTERS)}; and requests, with "
    f"{', '.join(each.key for each in REQUESTS if each.key)}."
)
"""What `--help` says of `--json`."""


def to_blocks(overview: Overview, requests: bool) -> list[Block]:
    """Tables: of groups, of unreadable withdrawals, and, if wanted, of requests."""
    results = to_results(overview, requests)
    tables = [each for each in results.values() if isinstance(each, Table)]
    if not any(each.rows for each in tables):
        return ["Nobody has asked to leave."]
    late = f"past the deadline of {overview.days:g} days: {overview.late}"
    return [*tables, late if overview.late else ""]


def to_results(overview: Overview, requests: bool) -> Results:
    """The same for JSON."""
    results: dict[str, Value | Table[Any]] = {
        "as_of": overview.now,
        "deadline_days": overview.days,
        "late": overview.late,
        "groups": Table(GROUPS, overview.groups),
        "unreadable": Table(UNREADABLE, overview.unreadable),
    }
    if requests:
        results["dead_letters"] = Table(DEAD_LETTERS, [*_objects(overview)])
        results["requests"] = Table(REQUESTS, overview.due)
    return results


def _objects(overview: Overview) -> Iterator[tuple[str, datetime | None]]:
    for each in overview.unreadable:
        yield from ((name, each.deadline) for name in each.objects)


def _waits_for(request: Withdrawal) -> Value:
    """Studies; or why it is held, and the day on which it counts undecided."""
    if until := _held_until(request):
        return f"{request.held_for} until {until.date()}"
    return request.deferred or request.held_for or None


def _held_until(request: Withdrawal) -> datetime | None:
    return from_micros(request.held_until) if request.held_until else None


def _stages(request: Withdrawal) -> dict[str, datetime]:
    """In their order, though several were reached in one moment."""
    stages = request.stages
    return {each.value: from_micros(stages[each]) for each in Stage if each in stages}


def _day(time: datetime | None) -> date | None:
    return time and time.date()
