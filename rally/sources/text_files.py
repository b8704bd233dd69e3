"""Reads messages of JSON from text files: one on a line, or all in one document."""

import gzip
import sys
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Protocol

from rally.bounded_json import CrowdedJson, InvalidJson
from rally.decryption.inflate import most_inflated
from rally.envelope import Envelope
from rally.errors import ConfigurationError
from rally.sources.inputs import BYTE_ORDER_MARK, HEAD_BYTES, FileForm, form_of
from rally.sources.lines import (
    Malformed,
    MalformedMessage,
    parse_line,
    parse_message,
    parse_messages,
)

_LONGEST_LINE = 16 * 1024 * 1024
"""Bytes of the longest line: a body of 8 MiB is 11 MiB of base64."""

_LARGEST_DOCUMENT = 32 * 1024 * 1024
_MAKE_LINES = "make lines of it: jq -c '.[]'"


class Text(Protocol):
    """A text file, or the text inside a gzip file."""

    def read(self, size: int, /) -> bytes:
        """Reads that many bytes, and fewer only at the end."""

    def readline(self, size: int, /) -> bytes:
        """Reads to the end of the line, or that many bytes."""

    def seek(self, offset: int, /) -> int:
        """Goes to an offset from the beginning."""


def read_lines(
    file: Text, uri: str, start: int, end: int, country_attribute: str | None
) -> Iterator[Envelope | Malformed]:
    """Reads the messages of the lines that begin in [start, end)."""
    position = _first_line(file, start)
    while position < end:
        line = file.readline(_LONGEST_LINE)
        if not line:
            return
        begin, position = position, position + len(line)
        if not line.endswith(b"\n") and len(line) == _LONGEST_LINE:
            position += _skip_line(file)
            yield Malformed(uri, str(begin), str(begin))
            continue
        text = line.removeprefix(BYTE_ORDER_MARK)
        if text and not text.isspace():
            try:
                yield parse_line(text, country_attribute)
            except MalformedMessage:
                yield Malformed(uri, str(begin), str(begin))


def _first_line(file: Text, start: int) -> int:
    """Moves to the first line that begins at `start` or behind it."""
    if start == 0:
        file.seek(0)
        return 0
    file.seek(start - 1)
    return start - 1 + _skip_line(file)


def _skip_line(file: Text) -> int:
    skipped = 0
    while line := file.readline(_LONGEST_LINE):
        skipped += len(line)
        if line.endswith(b"\n"):
            break
    return skipped


def read_document(
    file: Text, uri: str, country_attribute: str | None
) -> Iterator[Envelope | Malformed]:
    """Reads the messages of one document: an array of them, or an answer of Pub/Sub.

    Raises:
        ConfigurationError: it is no JSON, or too large to be read at once.
    """
    file.seek(0)
    data = file.read(_LARGEST_DOCUMENT + 1)
    try:
        if len(data) > _LARGEST_DOCUMENT:
            raise CrowdedJson
        document = parse_messages(data.removeprefix(BYTE_ORDER_MARK))
    except CrowdedJson:
        raise ConfigurationError(
            f"--input {uri}: is too large for one document; {_MAKE_LINES}"
        ) from None
    except InvalidJson:
        raise ConfigurationError(
            f"--input {uri}: begins as one document of JSON and is none; mend it, or"
            f" {_MAKE_LINES}"
        ) from None
    if type(document) is dict:
        document = document.get("receivedMessages", [document])
    for number, message in enumerate(document if type(document) is list else [None]):
        try:
            yield parse_message(message, country_attribute)
        except MalformedMessage:
            yield Malformed(uri, f"message {number}", f"message {number}")


class _Bomb(Exception):
    """A file inflates to far more than its size."""


class _Unzipped:
    """The text inside a gzip file; raises _Bomb, and what gzip raises."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._text = gzip.GzipFile(fileobj=file)

    def read(self, size: int, /) -> bytes:
        return self._checked(self._text.read(size))

    def readline(self, size: int, /) -> bytes:
        return self._checked(self._text.readline(size))

    def seek(self, offset: int, /) -> int:
        return self._text.seek(offset)

    def _checked(self, data: bytes) -> bytes:
        if self._text.tell() > most_inflated(self._file.tell()):
            raise _Bomb
        return data


def read_gzip(
    file: BinaryIO, uri: str, country_attribute: str | None
) -> Iterator[Envelope | Malformed]:
    """Reads the text in a gzip file as a stream; offsets are those inside.

    All that follows damage, or that exceeds the most that so few bytes may hold, comes
    as one Malformed.

    Raises:
        ConfigurationError: the file holds no text, or a malformed document.
    """
    file.seek(0)
    text = _Unzipped(file)
    try:
        form = form_of(text.read(HEAD_BYTES), uri)
        text.seek(0)
        if form is FileForm.LINES:
            yield from read_lines(text, uri, 0, sys.maxsize, country_attribute)
        elif form is FileForm.DOCUMENT:
            yield from read_document(text, uri, country_attribute)
        else:
            raise ConfigurationError(f"--input {uri}: is packed twice; unpack it once")
    except (EOFError, gzip.BadGzipFile, zlib.error, _Bomb):
        yield Malformed(uri, "gzip", "gzip")
