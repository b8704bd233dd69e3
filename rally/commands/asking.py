"""Asks whoever sits at a terminal before something is done that nothing undoes.

A script has nobody who could answer: it says `--yes`. Without either, nothing is done.
"""

import argparse
import sys

from rally.errors import ConfigurationError
from rally.printing import print_lines

_AGREED = ("y", "yes")


def ask(args: argparse.Namespace, what: str) -> None:
    """Asks for a plain yes.

    Args:
        args: arguments of the command, with `yes`.
        what: question that names what will be done.

    Raises:
        ConfigurationError: nobody agrees, or nobody can be asked.
    """
    if not args.yes and _answer(f"{what} [y/N] ").lower() not in _AGREED:
        raise ConfigurationError("nothing is done; the answer was not yes")


def ask_for_name(args: argparse.Namespace, what: str, name: str) -> None:
    """Asks for a name to be typed: what follows is too much for a finger that slips.

    Args:
        args: arguments of the command, with `yes`.
        what: question that names what will be done.
        name: name of what it is done to.

    Raises:
        ConfigurationError: nobody types it, or nobody can be asked.
    """
    if not args.yes and _answer(f"{what} Type {name} to agree: ") != name:
        raise ConfigurationError(f"{name}: nothing is done; that was another answer")


def ask_for_text(given: str | None, question: str, option: str) -> str:
    """Gives what an option says, or else what somebody types.

    Args:
        given: Value of the option.
        question: Question to whoever sits at a terminal.
        option: Name of the option, for the message.

    Raises:
        ConfigurationError: It is not given, and nobody can be asked.
    """
    if given:
        return given
    if not sys.stdin.isatty():
        raise ConfigurationError(f"{option}: is missing; nobody can be asked here")
    print_lines(f"{question}: ", file=sys.stderr, end="")
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def _answer(question: str) -> str:
    if not sys.stdin.isatty():
        raise ConfigurationError(
            "--yes: is missing; nothing undoes this, and nobody can be asked here"
        )
    print_lines(question, file=sys.stderr, end="")
    sys.stderr.flush()
    return sys.stdin.readline().strip()
