"""The messages of a range of a file: lines of JSON, or the Avro of Pub/Sub."""

import gzip
import sys
import zlib
from collections.abc import Iterator
from typing import BinaryIO, cast

import fastavro
from fastavro.schema import SchemaParseException

from rally.envelope import Envelope
from rally.opening.inflate import GZIP_MAGIC
from rally.reading.inputs import AVRO_MAGIC, InputRange, open_input
from rally.reading.lines import MalformedMessage, from_message, parse_line

_LONGEST_LINE = 16 * 1024 * 1024
"""A body of 8 MiB is 11 MiB of base64."""

_DAMAGED = (
    EOFError,
    LookupError,
    MemoryError,  # a length that the file cannot have
    OverflowError,
    SchemaParseException,
    TypeError,
    ValueError,
    zlib.error,
)
"""What fastavro raises on a damaged file. An OSError is no damage: the job fails."""


class Malformed(str):
    """Stands for what is no message: the file and the offset where it is."""


def read_messages(
    piece: InputRange, country_attribute: str | None
) -> Iterator[Envelope | Malformed]:
    """Reads the messages that begin in a range, in their order.

    What is no message comes as Malformed; of a damaged Avro file all that is behind
    the damage comes as one.
    """
    with open_input(piece.uri) as file:
        magic = file.read(len(AVRO_MAGIC)) if piece.start == 0 else b""
        file.seek(0)
        if magic == AVRO_MAGIC:
            yield from _read_avro(file, piece.uri, country_attribute)
        elif magic.startswith(GZIP_MAGIC):
            yield from _read_zipped(file, piece.uri, country_attribute)
        else:
            yield from _read_lines(file, piece, country_attribute)


def _read_zipped(
    file: BinaryIO, uri: str, country_attribute: str | None
) -> Iterator[Envelope | Malformed]:
    """Lines of a gzip file, which is read as a stream; offsets are those inside."""
    whole = InputRange(uri, 0, sys.maxsize)
    try:
        with gzip.GzipFile(fileobj=file) as lines:
            yield from _read_lines(cast(BinaryIO, lines), whole, country_attribute)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        yield Malformed(f"{uri}:gzip")


def _read_lines(
    file: BinaryIO, piece: InputRange, country_attribute: str | None
) -> Iterator[Envelope | Malformed]:
    position = _first_line(file, piece.start)
    while position < piece.end:
        line = file.readline(_LONGEST_LINE)
        if not line:
            return
        start, position = position, position + len(line)
        if not line.endswith(b"\n") and len(line) == _LONGEST_LINE:
            position += _skip_line(file)
            yield Malformed(f"{piece.uri}:{start}")
        elif not line.isspace():
            try:
                yield parse_line(line, country_attribute)
            except MalformedMessage:
                yield Malformed(f"{piece.uri}:{start}")


def _first_line(file: BinaryIO, start: int) -> int:
    """Moves to the first line that begins at `start` or behind it."""
    if start == 0:
        file.seek(0)
        return 0
    file.seek(start - 1)
    return start - 1 + _skip_line(file)


def _skip_line(file: BinaryIO) -> int:
    skipped = 0
    while line := file.readline(_LONGEST_LINE):
        skipped += len(line)
        if line.endswith(b"\n"):
            break
    return skipped


def _read_avro(
    file: BinaryIO, uri: str, country_attribute: str | None
) -> Iterator[Envelope | Malformed]:
    """Files of a Pub/Sub Cloud Storage subscription with message metadata."""
    number = -1
    try:
        for number, record in enumerate(fastavro.reader(file)):
            try:
                yield _from_record(record, country_attribute)
            except MalformedMessage:
                yield Malformed(f"{uri}:record {number}")
    except _DAMAGED:
        yield Malformed(f"{uri}:record {number + 1}")


def _from_record(record: object, country_attribute: str | None) -> Envelope:
    if type(record) is not dict:
        raise MalformedMessage
    body, attributes = record.get("data"), record.get("attributes")
    if type(body) is not bytes or type(attributes) is not dict:
        raise MalformedMessage
    return from_message(body, attributes, country_attribute)
