"""The `rally` command: the jobs for people, and the commands that need no Beam."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import NoReturn

from pipelines.command_line import Parser
from rally.commands import (
    decisions,
    estimate,
    init,
    keys,
    people,
    receipts,
    schedule,
    studies,
    withdraw,
    withdrawals,
)
from rally.errors import ConfigurationError, describe_os_error, faults_of
from rally.exit_status import NOT_AS_PROMISED, NOT_BEGUN
from rally.process import run_as_process, say

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

_COMMANDS = (
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
)
"""Each has an `add_parser(subparsers)`."""

_MODULES = {"demo": "pipelines.demo.command"}


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
    run_as_process(main)


if __name__ == "__main__":
    command()
