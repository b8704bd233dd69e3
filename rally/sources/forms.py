"""Forms in which input files hold messages, told by their first bytes."""

import re
from enum import Enum, auto

from rally.decryption.inflate import GZIP_MAGIC
from rally.errors import ConfigurationError

HEAD_BYTES = 512
"""Bytes by which a form is told."""

AVRO_MAGIC = b"Obj\x01"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""Of UTF-8: Windows writes it at the beginning of text."""

_SPACE = b" \t\r\n"
_NO_TEXT = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""What UTF-16, archives and images have, and no text of JSON."""
_JSON = re.compile(rb"[\[{][^\0]")
"""How JSON begins that is not UTF-16; a user agent in it may have anything."""


class Form(Enum):
    """How a file holds messages."""

    LINES = auto()
    """A message of JSON on each line."""

    DOCUMENT = auto()
    """One document of JSON over many lines, as `gcloud` prints messages that it
    pulled."""

    GZIP = auto()
    """Either of the two, compressed."""

    AVRO = auto()
    """Avro of a Cloud Storage subscription."""


def form_of(head: bytes, uri: str) -> Form:
    """Tells the form of a file.

    Args:
        head: its first HEAD_BYTES.
        uri: for the message.

    Raises:
        ConfigurationError: it is none of them.
    """
    if head.startswith(AVRO_MAGIC):
        return Form.AVRO
    if head.startswith(GZIP_MAGIC):
        return Form.GZIP
    text = head.removeprefix(BYTE_ORDER_MARK).lstrip(_SPACE)
    if _NO_TEXT.search(head) and not _JSON.match(text):
        raise ConfigurationError(
            f"--input {uri}: is neither text in UTF-8, nor gzip of such, nor Avro;"
            " convert it, or leave it out"
        )
    first_line = text.partition(b"\n")[0].rstrip(_SPACE)
    is_document = text.startswith(b"[") or first_line == b"{"
    return Form.DOCUMENT if is_document else Form.LINES
