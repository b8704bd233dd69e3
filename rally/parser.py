"""Parser of command lines: the same words everywhere, and one line for what is wrong.

`--plan-only` and `--plan_only` are one option. A name that nobody knows is answered by
the nearest one that somebody does.
"""

import argparse
import difflib
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

from rally.errors import ConfigurationError, Faults
from rally.options import read_flag

_NEAR = 0.7
"""How much of two names is the same where one may be meant by the other."""


class Parsed(NamedTuple):
    """A command line that was read to its end.

    Attributes:
        words: The same words, each option spelled as it was declared.
        found: Values of options by their names; None where nobody can tell them.
        others: Words that nobody declared.
        faults: Faults of any of them.
    """

    words: list[str]
    found: Any
    others: list[str]
    faults: Faults


class Parser(argparse.ArgumentParser):
    """Parses a command line; raises where argparse would print its usage and exit."""

    def __init__(
        self, *args: Any, example: str = "", takes_others: bool = False, **more: Any
    ) -> None:
        """Takes what argparse takes, an example, and what becomes of other words.

        Args:
            *args: See argparse.
            example: One command line that does something, for `--help`.
            takes_others: Whether words that nobody declared are left to the caller.
            **more: See argparse.
        """
        more.setdefault("allow_abbrev", False)
        more.setdefault("formatter_class", _Help)
        epilog = [more.pop("epilog", None), example and f"Example:\n  {example}"]
        super().__init__(*args, **more)
        self.epilog = "\n\n".join(filter(None, epilog)) or None
        self.takes_others = takes_others
        self._faults = Faults()

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """Parses words.

        Raises:
            ConfigurationError: a word is unknown, or a value does not fit.
        """
        parsed = self.parse_all(sys.argv[1:] if args is None else args, namespace)
        parsed.faults.check()
        return parsed.found, parsed.others

    def parse_all(self, given: Sequence[str], namespace: Any = None) -> "Parsed":
        """Parses words to their end, whatever is wrong with some of them."""
        self._faults = faults = Faults()
        words, found, others = self._read_words(given), None, list[str]()
        with faults.collected():
            found, others = super().parse_known_args(words, namespace)
        if others and not (self.takes_others or faults.lines):
            faults.lines.append(unknown("option", others[0], self.names()))
        return Parsed(words, found, others, faults)

    def _read_words(self, given: Sequence[str]) -> list[str]:
        """Spells each option as it was declared, and flags without a value."""
        words: list[str] = []
        for place, word in enumerate(given):
            if word == "--" or (self._subparsers and not word.startswith("-")):
                return words + list(given[place:])  # of a sub-command, which reads it
            if word.startswith("--"):
                with self._faults.collected():
                    words += self._read_option(word, words)
            else:
                words.append(word)
        return words

    def _read_option(self, word: str, before: list[str]) -> list[str]:
        name, equals, value = word.partition("=")
        known = self._option_string_actions
        if name not in known:
            name = spell(name)
        if name not in known:
            if self.takes_others or " " in word:  # argparse takes that for a value
                return [word]
            raise ConfigurationError(unknown("option", word, self.names()))
        if not equals:
            return [name]
        if known[name].nargs != 0:
            return [f"{name}={value}"]
        try:
            is_set = read_flag(value)
        except argparse.ArgumentTypeError as error:
            raise ConfigurationError(f"{name}: {error}; see --help") from None
        while name in before:
            before.remove(name)
        return [name] if is_set else []

    def names(self) -> list[str]:
        """The names of options, with their hyphens."""
        return list(self._option_string_actions)

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        """Notes a value that does not fit, and goes on with the default."""
        try:
            return super()._get_values(action, arg_strings)
        except argparse.ArgumentError as error:
            with self._faults.collected():
                self.error(str(error))
            return action.default

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """In the same words on every version of Python."""
        if action.choices is None or value in action.choices:
            return
        if isinstance(action, argparse._SubParsersAction):
            raise ConfigurationError(unknown("command", value, [*action.choices]))
        known = ", ".join(map(repr, action.choices))
        raise argparse.ArgumentError(
            action, f"invalid choice: {value!r} (choose from {known})"
        )

    def error(self, message: str) -> NoReturn:
        """Raises ConfigurationError."""
        raise ConfigurationError(f"{message.removeprefix('argument ')}; see --help")


def spell(name: str) -> str:
    """Spells an option's name as all are declared: underscores between its parts."""
    return "--" + name[2:].replace("-", "_")


def unknown(
    what: str, word: str, known: Sequence[str], otherwise: str = "see --help"
) -> str:
    """Tells that a word is none of those that are known, and which may be meant.

    Args:
        what: Kind of word: option, command or key.
        word: Word that somebody wrote; a value behind `=` is left out.
        known: Words of that kind.
        otherwise: Advice where none is near.
    """
    name = word.partition("=")[0]
    bare = {each.lstrip("-"): each for each in known}
    near = difflib.get_close_matches(name.lstrip("-"), bare, 1, _NEAR)
    advice = f"did you mean {bare[near[0]]}?" if near else otherwise
    return f"{name}: no such {what}; {advice}"


class _Help(argparse.HelpFormatter):
    """Fills paragraphs; leaves lines alone that are indented, as examples are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        parts = text.strip().split("\n\n")
        return "\n\n".join(
            part
            if "\n  " in part
            else super(_Help, self)._fill_text(part, width, indent)
            for part in parts
        )
