"""`rally person cases`: who waits for a copy of their data, and what for.

The handler imports what it needs, so that `--help` is quick.
"""

import argparse
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from rally.commands.command import Command
from rally.commands.options import open_platform, read_time
from rally.process import say
from rally.tables import Column, Table, describe_json, print_results

if TYPE_CHECKING:
    from rally.access.asks import AskDay
    from rally.access.cases import Case


def list_cases(args: argparse.Namespace) -> int:
    """Prints who waits for a copy and what for; 1 where somebody has for too long."""
    from rally.access.asks import match_asks, read_asks
    from rally.access.cases import fold_cases, join_records
    from rally.access.records import read_records
    from rally.withdrawal.newest_list import see

    platform, now = open_platform(args), read_time("--as_of", args.as_of)
    chain = see(platform).decisions
    records = read_records(platform, chain)
    cases = join_records(fold_cases(chain), records, now)
    requests = match_asks(cases, read_asks(platform, now))
    table = Table(_CASES, [_CaseLine(each, now) for each in requests.cases.values()])
    asks = Table(_ASKS, [_AskLine(each, now.date()) for each in requests.by_day])
    print_results({"cases": table, "asks": asks}, table, asks, as_json=args.json)
    for fault in records.faults:
        say(fault)
    return 1 if requests.has_late(now) or records.faults else 0


class _CaseLine(NamedTuple):
    """A case's line.

    Attributes:
        case: The case.
        now: Time for which it is told, UTC.
    """

    case: "Case"
    now: datetime

    @property
    def days(self) -> int:
        """Days since its person asked."""
        return (self.now - self.case.received) // timedelta(days=1)

    @property
    def is_overdue(self) -> bool:
        """Whether it is told everywhere that it is still open."""
        return self.case.is_overdue(self.now)


class _AskLine(NamedTuple):
    """A line of people who asked by a ping and have no case.

    Attributes:
        asks: Their day and number.
        today: Day for which it is told.
    """

    asks: "AskDay"
    today: date

    @property
    def days(self) -> int:
        """Days since they asked."""
        return (self.today - self.asks.day).days

    @property
    def is_overdue(self) -> bool:
        """Whether it is told everywhere that they wait."""
        from rally.access.cases import OVERDUE_AFTER

        return self.days > OVERDUE_AFTER.days


def describe_next(case: "Case") -> str:
    """Says what a case waits for; "" of one that waits for nothing."""
    from rally.access.cases import CaseState

    match case.state:
        case CaseState.OPENED if case.verified:
            return "waits for a second person who vouches for the person"
        case CaseState.OPENED:
            return "waits to be verified"
        case CaseState.VERIFIED:
            return (
                f"is verified; waits for the approval of another than {_barred(case)}"
            )
        case CaseState.APPROVED:
            return "is approved; its copy is to be made"
        case CaseState.BUILT:
            assert case.built is not None
            return f"its copy is to be fetched before {case.built.expires:%Y-%m-%d}"
    return ""


def _barred(case: "Case") -> str:
    """Names who may not approve a case."""
    alone = case.verifiers if len(case.verifiers) == 1 else ()
    return " and ".join(sorted({case.opened.by, *alone}))


_CASES: tuple[Column[_CaseLine], ...] = (
    Column("case", lambda each: each.case.id),
    Column("state", lambda each: each.case.state),
    Column("asked", lambda each: each.case.received.date()),
    Column("opened", lambda each: each.case.opened.at.date()),
    Column("days", lambda each: each.days, is_broken=lambda each: each.is_overdue),
    Column("wants_leaving", lambda each: each.case.wants_leaving, head="LEAVES"),
    Column("next", lambda each: describe_next(each.case) or None),
)
_ASKS: tuple[Column[_AskLine], ...] = (
    Column("asked", lambda each: each.asks.day, head="ASKED BY A PING"),
    Column("people", lambda each: each.asks.people, head="WITHOUT A CASE"),
    Column("days", lambda each: each.days, is_broken=lambda each: each.is_overdue),
)

COMMAND = Command(
    name="cases",
    handler=list_cases,
    options="--store --platform --as_of --json",
    example="--store=/srv/rally/store",
    json=describe_json({"cases": _CASES, "asks": _ASKS}, []),
)
