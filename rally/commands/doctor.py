"""`rally doctor`: looks at everything that jobs need, and tells all faults at once."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rally.commands.command import Command
from rally.options import WHAT, Option
from rally.tables import Column, Results, Table, print_results

if TYPE_CHECKING:
    from rally.doctor import Check

_OPTIONS = "--store --platform --studies --keys --platform_keys --job --json"
_JOBS = ("ingest", "replay", "compact", "delete", "purge", "audit", "release")
_OWN = (
    Option(
        name="job",
        group=WHAT,
        choices=_JOBS,
        help="look at the keys and rights of this one; of all of them by default",
    ),
)
_ABOUT = """\
Looks at versions, options, the registry, stores and their markers, decisions, keys and
rights, and prints a line for each: ok, wrong or unknown, with what to do. Nothing is
changed or left behind, and no key is printed.

Exit status: 0 nothing is wrong; 1 a service is away; 2 something is wrong.
"""


def examine(args: argparse.Namespace) -> int:
    """Looks at everything, prints it, and returns the exit status."""
    from rally.doctor import Examination, exit_status  # imports Tink, which is slow
    from rally.settings import Settings

    settings = Settings(
        store=args.store or "",
        platform=args.platform or None,
        studies=args.studies or None,
        ping_keys=args.keys or None,
        platform_keys=args.platform_keys or None,
    )
    checks = Examination(settings, args.job).run()
    status = exit_status(checks)
    table = Table(_COLUMNS, checks)
    results: Results = {"checks": table, "exit_status": status}
    print_results(results, table, as_json=args.json)
    return status


_COLUMNS: "Sequence[Column[Check]]" = (
    Column(
        "state",
        lambda each: each.state.value,
        is_broken=lambda each: each.state == "wrong",
    ),
    Column("subject", lambda each: each.subject),
    Column("message", lambda each: each.message, "FOUND"),
    Column("is_away", lambda each: each.is_away, None),
)

COMMAND = Command(
    name="doctor",
    handler=examine,
    options=_OPTIONS,
    own=_OWN,
    example="--store=/srv/rally/store --keys=/srv/rally/keys",
    summary="look whether jobs find all they need, and tell all faults at once",
    about=_ABOUT,
)
