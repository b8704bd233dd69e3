"""`rally studies due`: who has to renew or confirm which review, and by when."""

import argparse
from datetime import date
from typing import NamedTuple

from rally import numbers
from rally.commands.command import Command
from rally.commands.options import maybe_chain, name_faults, read_time
from rally.options import WHAT, Option
from rally.registry.approval_deadlines import SOON_DAYS, Due, find_due
from rally.registry.approvals import UNCHECKED, Approvals
from rally.registry.registry import Registry
from rally.registry.transitions import States
from rally.tables import Column, Table, describe_json, print_results

DAYS = Option(
    name="days",
    group=WHAT,
    metavar="DAYS",
    type=numbers.whole(0, numbers.DAYS),
    default=SOON_DAYS,
    help="how far to look ahead (default: %(default)s)",
)


class _Line(NamedTuple):
    """A line of the survey.

    Attributes:
        due: Deadline.
        today: Day of the survey, UTC.
    """

    due: Due
    today: date


_DUE: tuple[Column[_Line], ...] = (
    Column("owner", lambda each: each.due.owner),
    Column("study", lambda each: each.due.study),
    Column("review", lambda each: each.due.review),
    Column("document", lambda each: each.due.document),
    Column("what", lambda each: each.due.what, "WHAT ENDS"),
    Column("day", lambda each: each.due.day),
    Column("days", lambda each: each.due.days_from(each.today)),
    Column(
        "fields",
        lambda each: each.due.fields,
        text=lambda each: each.due.fields or None,
    ),
)
_ABOUT = """\
Lists by owner what ends within some days, or has ended, in studies that are open: the
last day of a review (it takes a renewal, or the data is given up), a year without a
confirmation (`rally studies confirm`), and the last days of fields.

What ends with its study is not listed.
"""


def list_due(args: argparse.Namespace) -> int:
    """Lists by owner which reviews have to be renewed or confirmed, and by when."""
    registry = Registry.load(args.studies)
    chain, now = maybe_chain(args), read_time("--as_of", args.as_of)
    states = States.known(registry, chain)
    approvals = Approvals.known(registry, chain)
    due = find_due(registry, states, approvals, now, args.days)
    table = Table(_DUE, [_Line(each, now.date()) for each in due])
    print_results(
        {"due": table},
        table if due else f"Nothing ends within {args.days:,} days.",
        "" if chain else f"Reviews: {UNCHECKED}.",
        as_json=args.json,
    )
    return name_faults(registry)


COMMAND = Command(
    name="due",
    handler=list_due,
    options="--days --studies --store --platform --as_of --json",
    own=(DAYS,),
    example="--store=/srv/rally/store --days=90",
    about=_ABOUT,
    json=describe_json({"due": _DUE}),
)
