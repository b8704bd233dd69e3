"""The `rally` command: the jobs for people, and the commands that need no Beam."""

import importlib
import sys
from collections.abc import Sequence
from typing import NoReturn

from pipelines.catalog import COMMANDS, JOBS
from pipelines.profiles import read_profile_of, tell_profile
from pipelines.starting import start
from rally.commands.command import Command, CommandGroup
from rally.errors import ConfigurationError, describe_os_error, faults_of
from rally.exit_status import NOT_AS_PROMISED, NOT_BEGUN
from rally.parser import Parser
from rally.process import run_as_process, say
from rally.profile import OPTION, Profile, apply_profile, split_option
from rally.version import pipeline_version

_DEMO = "demo", "see all of it at work, on real pings and in a folder of its own"


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
    words, named = split_option(given)
    name = words[0] if words else ""
    rest = words[1:] if named is None else [f"{OPTION}={named}", *words[1:]]
    if name == _DEMO[0]:
        status: int = importlib.import_module("pipelines.demo.command").main(words[1:])
        return status
    for job in JOBS:
        if job.name == name:
            return start(job, rest, searches=True)
    return _run_command(name, rest)


def _run_command(name: str, rest: Sequence[str]) -> int:
    """Runs a command that is no job, with the values of the profile in force."""
    words, profile = list(rest), None
    for each in COMMANDS:
        if each.name == name:
            words, profile = read_profile_of(rest, searches=True)
            words = _with_profile(each, words, profile) if profile else words
    arguments = _parser().parse_args([name, *words] if name else words)
    if profile and arguments.command.is_changing(arguments):
        tell_profile(profile, words)
    arguments.profile = profile
    status: int = arguments.handler(arguments)
    return status


def _with_profile(
    command: Command | CommandGroup,
    words: Sequence[str],
    profile: Profile,
    section: str = "",
) -> list[str]:
    """Puts the profile's values behind the command's own words."""
    section = section or command.name
    if isinstance(command, Command):
        return apply_profile(profile, section, command.declared, words)
    first, rest = list(words[:1]), words[1:]
    for each in command.commands:
        if [each.name] == first:
            return [*first, *_with_profile(each, rest, profile, section)]
    return list(words)


def _parser() -> Parser:
    parser = Parser(
        prog="rally",
        description="The data pipeline of Mozilla Rally: studies on donated, encrypted"
        " browsing data.",
        example="rally demo",
    )
    version = f"rally {pipeline_version()}"
    parser.add_argument("--version", action="version", version=version)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for job in JOBS:
        commands.add_parser(job.name, help=job.summary, add_help=False)
    commands.add_parser(_DEMO[0], help=_DEMO[1], add_help=False)
    for each in COMMANDS:
        each.add_to(commands, "rally")
    return parser


def command() -> NoReturn:
    """What `rally` is: its process ends with the exit status."""
    run_as_process(main)


if __name__ == "__main__":
    command()
