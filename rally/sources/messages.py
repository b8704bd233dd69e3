"""Reads the messages of a range of a file, whatever the form of the file."""

from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from rally.envelope import Envelope
from rally.sources.avro_files import read_avro
from rally.sources.inputs import HEAD_BYTES, FileForm, InputRange, form_of, open_input
from rally.sources.lines import Malformed
from rally.sources.text_files import read_document, read_gzip, read_lines


def read_messages(
    piece: InputRange,
    country_attribute: str | None,
    count_bytes: Callable[[int], None] | None = None,
) -> Iterator[Envelope | Malformed]:
    """Reads the messages that begin in a range, in their order.

    A place that holds no message comes as Malformed, and so does a run of them as one.

    Args:
        piece: range of a file.
        country_attribute: name of the attribute with the sender's country.
        count_bytes: takes how many bytes of the range were read since the last call;
            at the end they are all of the range.

    Raises:
        ConfigurationError: the reader does not serve the file's form, codec or schema.
    """
    return _joined(_read(piece, country_attribute, count_bytes))


def _read(
    piece: InputRange,
    country_attribute: str | None,
    count_bytes: Callable[[int], None] | None,
) -> Iterator[Envelope | Malformed]:
    with open_input(piece.uri) as file:
        messages = _read_form(file, piece, country_attribute)
        if count_bytes is None:
            yield from messages
            return
        read = piece.start
        for message in messages:
            position = max(read, min(file.tell(), piece.end))
            count_bytes(position - read)
            read = position
            yield message
        count_bytes(piece.end - read)


def _read_form(
    file: BinaryIO, piece: InputRange, country_attribute: str | None
) -> Iterator[Envelope | Malformed]:
    uri, start, end = piece
    # Files of other forms are in one piece, and lines may be in many.
    form = FileForm.LINES if start else form_of(file.read(HEAD_BYTES), uri)
    if form is FileForm.AVRO:
        return read_avro(file, uri, end, country_attribute)
    if form is FileForm.GZIP:
        return read_gzip(file, uri, country_attribute)
    if form is FileForm.DOCUMENT:
        return read_document(file, uri, country_attribute)
    return read_lines(file, uri, start, end, country_attribute)


def _joined(
    messages: Iterable[Envelope | Malformed],
) -> Iterator[Envelope | Malformed]:
    """Joins the Malformed that follow one another into one."""
    run: Malformed | None = None
    for message in messages:
        if isinstance(message, Malformed):
            run = run._replace(last=message.last) if run else message
            continue
        if run:
            yield run
            run = None
        yield message
    if run:
        yield run
