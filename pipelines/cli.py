"""The `rally` command: the jobs for people, and the commands that need no Beam."""

import importlib
import sys
from collections.abc import Sequence
from typing import NoReturn

from pipelines import audit, compact, delete, ingest, purge, replay
from rally.commands import (
    decisions,
    doctor,
    estimate,
    init,
    keys,
    people,
    receipts,
    schedule,
    status,
    studies,
    withdraw,
    withdrawals,
)
from rally.errors import ConfigurationError, describe_os_error, faults_of
from rally.exit_status import NOT_AS_PROMISED, NOT_BEGUN
from rally.parser import Parser
from rally.process import run_as_process, say

JOBS = tuple(each.JOB for each in (ingest, replay, compact, purge, delete, audit))
"""Each is a module with a `main(argv)`; Beam is imported when the job begins."""

_DEMO = "see all of it at work, on real pings and in a folder of its own"

_COMMANDS = (
    status,
    init,
    withdraw,
    withdrawals,
    receipts,
    studies,
    people,
    decisions,
    keys,
    schedule,
    estimate,
    doctor,
)
"""Each has a `COMMAND`."""

_MODULES = {
    **{each.name: f"pipelines.{each.name}" for each in JOBS},
    "demo": "pipelines.demo.command",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command.

    Returns:
        See `rally.exit_status`.
    """
    given = list(sys.argv[1:] if argv is None else argv)
    try:
        status = _run(given)
        sys.stdout.flush()
        return status
    except ConfigurationError as error:
        for fault in faults_of(error):
            say(fault, NOT_BEGUN)
        return NOT_BEGUN
    except OSError as error:  # of a command that is no job
        return say(describe_os_error(error), NOT_AS_PROMISED)


def _run(given: Sequence[str]) -> int:
    if given and given[0] in _MODULES:
        status: int = importlib.import_module(_MODULES[given[0]]).main(given[1:])
        return status
    arguments = _parser().parse_args(given)
    status = arguments.handler(arguments)
    return status


def _parser() -> Parser:
    parser = Parser(
        prog="rally",
        description="The data pipeline of Mozilla Rally: studies on donated, encrypted"
        " browsing data.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for job in JOBS:
        commands.add_parser(job.name, help=job.summary, add_help=False)
    commands.add_parser("demo", help=_DEMO, add_help=False)
    for module in _COMMANDS:
        module.COMMAND.add_to(commands, "rally")
    return parser


def command() -> NoReturn:
    """What `rally` is: its process ends with the exit status."""
    run_as_process(main)


if __name__ == "__main__":
    command()
