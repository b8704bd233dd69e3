"""The parser of every command: what is typed wrong is one line."""

import argparse
from typing import Any, NoReturn

from rally.errors import ConfigurationError


class Parser(argparse.ArgumentParser):
    """Raises where argparse would print its usage and exit."""

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """In the same words on every version of Python."""
        if action.choices is not None and value not in action.choices:
            known = ", ".join(map(repr, action.choices))
            raise argparse.ArgumentError(
                action, f"invalid choice: {value!r} (choose from {known})"
            )

    def error(self, message: str) -> NoReturn:
        """Raises ConfigurationError."""
        raise ConfigurationError(f"{message.removeprefix('argument ')}; see --help")
