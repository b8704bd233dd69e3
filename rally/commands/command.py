"""Commands of `rally` as records: what each is called, takes and does."""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from rally.options import (
    ALL,
    AS_OF,
    BY,
    JSON,
    KEYS,
    NOTE,
    PEOPLE_KEYS,
    PLATFORM,
    PLATFORM_KEYS,
    PROFILE,
    STORE,
    STUDIES,
    STUDY,
    YES,
    Option,
    add_options,
)
from rally.registry.registry import SHIPPED

SHARED = (
    *(replace(STUDIES, default=SHIPPED), STORE, PLATFORM, KEYS, PLATFORM_KEYS),
    *(PEOPLE_KEYS, AS_OF, BY, NOTE, STUDY, ALL, YES, JSON),
)
"""Options that several commands have."""

Handler = Callable[[argparse.Namespace], int]
"""What a command does; returns the exit status."""

Subparsers = argparse._SubParsersAction


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command that is no job.

    Attributes:
        name: The word by which it is called.
        handler: Function that carries the command out.
        options: Names of its options, as they are typed; words without hyphens are
            taken by their place.
        own: Declarations of options that are its own, before the shared ones.
        example: Words after its name that do something, for `--help`.
        summary: One line for lists of commands; else the handler's docstring has it.
        about: Text of `--help`; the summary by default.
        json: Description, for `--help`, of what `--json` prints.
        changes: Whether it changes what is stored.
        only_reads: Its `action` with which it changes nothing all the same.
    """

    name: str
    handler: Handler
    options: str
    own: tuple[Option, ...] = ()
    example: str = ""
    summary: str = ""
    about: str = ""
    json: str | None = None
    changes: bool = False
    only_reads: str = ""

    def is_changing(self, arguments: argparse.Namespace) -> bool:
        """Tells whether the command changes what is stored, with these arguments."""
        action = getattr(arguments, "action", None)
        return self.changes and (not self.only_reads or action != self.only_reads)

    @property
    def declared(self) -> tuple[Option, ...]:
        """The declarations of its options, in their order."""
        known = {each.name: each for each in (*SHARED, *self.own)}
        return tuple(known[each.removeprefix("--")] for each in self.options.split())

    def add_to(self, subparsers: Subparsers, above: str) -> None:
        """Adds its parser.

        Args:
            subparsers: Subparsers of the command above it.
            above: Words of that command.
        """
        summary = self.summary or str(self.handler.__doc__).partition("\n")[0]
        words = f"{above} {self.name}"
        by_place = (each for each in self.declared if each.is_word)
        places = [each.metavar or each.name.upper() for each in by_place]
        parser = subparsers.add_parser(
            self.name,
            help=summary,
            description=self.about or summary,
            usage=" ".join([words, *places, "[OPTIONS]"]),
            epilog=self.json,
            example=f"{words} {self.example}".strip(),
        )
        parser.set_defaults(handler=self.handler, command=self)
        add_options(parser, (*self.declared, PROFILE))


@dataclass(frozen=True, slots=True)
class CommandGroup:
    """Commands that stand below one word.

    Attributes:
        name: The word.
        summary: Subject of the commands.
        commands: In the order in which they are shown.
    """

    name: str
    summary: str
    commands: "tuple[Command | CommandGroup, ...]"

    def add_to(self, subparsers: Subparsers, above: str) -> None:
        """Adds a parser of its own, and below it those of its commands."""
        words = f"{above} {self.name}"
        parser = subparsers.add_parser(
            self.name,
            help=self.summary,
            description=self.summary[0].upper() + self.summary[1:] + ".",
            usage=f"{words} COMMAND [OPTIONS]",
        )
        below = parser.add_subparsers(
            title="commands", required=True, metavar="COMMAND"
        )
        for each in self.commands:
            each.add_to(below, words)


def options_of(command: Command | CommandGroup) -> Iterator[Option]:
    """The options of a command, or of all that stand below one word."""
    if isinstance(command, Command):
        yield from command.declared
    else:
        for each in command.commands:
            yield from options_of(each)
