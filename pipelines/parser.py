"""The parser of every command: what is typed wrong is one line."""

import argparse
from typing import NoReturn

from rally.errors import ConfigurationError


class Parser(argparse.ArgumentParser):
    """Raises where argparse would print its usage and exit."""

    def error(self, message: str) -> NoReturn:
        """Raises ConfigurationError."""
        raise ConfigurationError(f"{message}; see --help")
