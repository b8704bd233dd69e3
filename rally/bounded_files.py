"""Reads files that people name to a command, of a size that has a limit."""

from os import PathLike

from rally.errors import ConfigurationError, cause_of


def read_bounded(
    path: str | PathLike[str], most: int, remedy: str = "shorten it"
) -> bytes:
    """Reads a file as a whole.

    Args:
        path: Path of the file.
        most: Largest size of the file in bytes; of a larger one no more is read.
        remedy: Advice on a file that is larger.

    Raises:
        ConfigurationError: It cannot be read, or is larger.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise ConfigurationError(f"{path}: {cause_of(error)}") from None
    if len(data) > most:
        raise ConfigurationError(f"{path}: is longer than {most:,} bytes; {remedy}")
    return data


def read_bounded_text(path: str | PathLike[str], most: int) -> str:
    """Reads a file of text in UTF-8 as `read_bounded` does.

    Raises:
        ConfigurationError: It cannot be read, is larger, or is no such text.
    """
    try:
        return read_bounded(path, most).decode()
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: is not text in UTF-8; correct it") from None
