"""Reads the messages of a range of a file, whatever the form of the file."""

from collections.abc import Iterable, Iterator

from rally.envelope import Envelope
from rally.sources.avro_files import read_avro
from rally.sources.inputs import HEAD_BYTES, FileForm, InputRange, form_of, open_input
from rally.sources.lines import Malformed
from rally.sources.text_files import read_document, read_gzip, read_lines


def read_messages(
    piece: InputRange, country_attribute: str | None
) -> Iterator[Envelope | Malformed]:
    """Reads the messages that begin in a range, in their order.

    A place that holds no message comes as Malformed, and so does a run of them as one.

    Args:
        piece: range of a file.
        country_attribute: name of the attribute with the sender's country.

    Raises:
        ConfigurationError: the reader does not serve the file's form, codec or schema.
    """
    return _joined(_read(piece, country_attribute))


def _read(
    piece: InputRange, country_attribute: str | None
) -> Iterator[Envelope | Malformed]:
    uri, start, end = piece
    with open_input(uri) as file:
        # Files of other forms are in one piece, and lines may be in many.
        form = FileForm.LINES if start else form_of(file.read(HEAD_BYTES), uri)
        if form is FileForm.AVRO:
            yield from read_avro(file, uri, end, country_attribute)
        elif form is FileForm.GZIP:
            yield from read_gzip(file, uri, country_attribute)
        elif form is FileForm.DOCUMENT:
            yield from read_document(file, uri, country_attribute)
        else:
            yield from read_lines(file, uri, start, end, country_attribute)


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
