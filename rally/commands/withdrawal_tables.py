"""What `rally withdrawals` prints: tables, or JSON."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from rally.receipts.receipt import Stage
from rally.registry.report import moment, said, table
from rally.times import from_micros
from rally.withdrawal.overview import Due, Group, Overview
from rally.withdrawal.unreadable import Unreadable
from rally.withdrawal.withdrawal_list import Withdrawal

_GROUP_HEAD = (
    "SCOPE",
    "STATE",
    "PEOPLE",
    "< 7 DAYS",
    "< 30 DAYS",
    "OLDER",
    "OLDEST",
    "NEXT DEADLINE",
    "LATE",
)
_UNREADABLE_HEAD = ("STUDY", "DAY", "UNREADABLE", "DEADLINE")
_OBJECT_HEAD = ("DEAD LETTER OF WITHDRAWALS", "DEADLINE")
_REQUEST_HEAD = ("REQUEST", "SCOPE", "STATE", "WAITS FOR", "DEADLINE", "STAGES")


def to_text(overview: Overview, requests: bool) -> str:
    """Tables: of groups, of unreadable withdrawals, and, if wanted, of requests."""
    tables = [
        _table(_GROUP_HEAD, map(_group_row, overview.groups)),
        _table(_UNREADABLE_HEAD, map(_unreadable_row, overview.unreadable)),
        _table(_OBJECT_HEAD, _object_rows(overview)) if requests else "",
        _table(_REQUEST_HEAD, map(_request_row, overview.due)) if requests else "",
    ]
    if overview.late:
        days = f"{overview.days:g}"
        tables.append(f"past the deadline of {days} days: {overview.late}")
    return "\n\n".join(filter(None, tables)) or "Nobody has asked to leave."


def to_json(overview: Overview, requests: bool) -> str:
    """One line of JSON, of the same."""
    content: dict[str, Any] = {
        "as_of": moment(overview.now),
        "deadline_days": overview.days,
        "late": overview.late,
        "groups": [_group_json(each) for each in overview.groups],
        "unreadable": [_unreadable_json(each) for each in overview.unreadable],
    }
    if requests:
        content["dead_letters"] = [name for name, _ in _object_rows(overview)]
        content["requests"] = [_request_json(each) for each in overview.due]
    return json.dumps(content)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    filled = list(rows)
    return "\n".join(table([head, *filled])) if filled else ""


def _group_row(each: Group) -> tuple[str, ...]:
    numbers = map(str, (each.people, *each.ages))
    dates = _day(each.oldest), _day(each.deadline)
    return (each.scope, each.state, *numbers, *dates, str(each.late))


def _unreadable_row(each: Unreadable) -> tuple[str, ...]:
    return (each.study, each.day, str(each.letters), _day(each.deadline))


def _object_rows(overview: Overview) -> Iterator[tuple[str, str]]:
    for each in overview.unreadable:
        yield from ((name, _day(each.deadline)) for name in each.objects)


def _request_row(each: Due) -> tuple[str, ...]:
    request = each.withdrawal
    return (
        request.request or said(None),
        request.scope,
        each.state,
        _waits_for(request),
        _day(each.deadline),
        ", ".join(f"{stage} {_day(time)}" for stage, time in _stages(request)),
    )


def _waits_for(request: Withdrawal) -> str:
    """Studies; or why it is held, and the day on which it counts undecided."""
    if request.held_until:
        return f"{request.held_for} until {_day(from_micros(request.held_until))}"
    return ", ".join(request.deferred) or request.held_for or said(None)


def _stages(request: Withdrawal) -> list[tuple[Stage, datetime]]:
    """In their order, though several were reached in one moment."""
    stages = request.stages
    return [(each, from_micros(stages[each])) for each in Stage if each in stages]


def _day(time: datetime | None) -> str:
    return said(time and time.date())


def _group_json(each: Group) -> dict[str, Any]:
    return {
        "scope": each.scope,
        "state": each.state,
        "people": each.people,
        "under_7_days": each.ages[0],
        "under_30_days": each.ages[1],
        "older": each.ages[2],
        "oldest": moment(each.oldest),
        "next_deadline": each.deadline and moment(each.deadline),
        "late": each.late,
    }


def _unreadable_json(each: Unreadable) -> dict[str, Any]:
    return {
        "study": each.study,
        "day": each.day,
        "letters": each.letters,
        "deadline": each.deadline and moment(each.deadline),
    }


def _request_json(each: Due) -> dict[str, Any]:
    request = each.withdrawal
    return {
        "request": request.request or None,
        "scope": request.scope,
        "state": each.state,
        "received": moment(each.received),
        "deadline": each.deadline and moment(each.deadline),
        "deferred": request.deferred,
        "held_for": request.held_for or None,
        "held_until": moment(from_micros(request.held_until))
        if request.held_until
        else None,
        "stages": {stage: moment(time) for stage, time in _stages(request)},
        "receipts": request.receipts,
    }
