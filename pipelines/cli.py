"""The `rally` command: the jobs for people, and the commands that need no Beam."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from pipelines.leaving import leave
from pipelines.parser import Parser
from rally.commands import (
    init,
    keys,
    plan,
    receipts,
    schedule,
    studies,
    withdraw,
    withdrawals,
)
from rally.errors import ConfigurationError, cause_of, faults_of

_JOBS = {
    "ingest": "read encrypted pings, check them, store them by study",
    "replay": "feed dead letters through ingest again after a fault was mended",
    "compact": "sort files into buckets, without duplicates and without who left",
    "purge": "take out what has expired and what was concluded, and prove it",
    "delete": "take who left out of the store, prove it, and write receipts",
    "audit": "prove the promises over the store, or name what breaks them",
    "demo": "see all of it at work, on real pings and in a folder of its own",
}
"""Each is a module with a `main(argv)`; Beam is imported only there."""

_COMMANDS = (init, withdraw, withdrawals, receipts, keys, studies, schedule, plan)
"""Each has an `add_parser(subparsers)`."""

_MODULES = {"demo": "pipelines.demo.command"}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command.

    Returns:
        0 done; 1 the job ran and something is not as promised; 2 wrong options or
        configuration, told in one line; 130 or 143 Ctrl-C or SIGTERM stopped it.
    """
    given = list(sys.argv[1:] if argv is None else argv)
    try:
        status = _run(given)
        sys.stdout.flush()
        return status
    except ConfigurationError as error:
        for fault in faults_of(error):
            print(f"rally: {fault}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # who reads what is printed has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except ConnectionError as error:  # of a command that is no job
        print(f"rally: {cause_of(error)}", file=sys.stderr)
        return 1


def _run(given: Sequence[str]) -> int:
    if given and given[0] in _JOBS:
        name = _MODULES.get(given[0], f"pipelines.{given[0]}")
        status: int = importlib.import_module(name).main(given[1:])
        return status
    arguments = _parser().parse_args(given)
    status = arguments.handler(arguments)
    return status


def _parser() -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = Parser(
        prog="rally",
        description="The data pipeline of Mozilla Rally: studies on donated, encrypted"
        " browsing data.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, text in _JOBS.items():
        commands.add_parser(name, help=text, add_help=False)
    for module in _COMMANDS:
        module.add_parser(commands)
    return parser


def command() -> NoReturn:
    """What `rally` is: its process ends with the exit status."""
    leave(main())


if __name__ == "__main__":
    command()
