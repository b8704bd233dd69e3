"""One Pub/Sub message as JSON has it."""

from typing import Any, NamedTuple

import pybase64

from rally.bounded_json import (
    CrowdedJson,
    InvalidJson,
    parse_json,
    parse_loose_json,
)
from rally.envelope import Envelope, make_envelope

_ATTRIBUTES = ("attributeMap", "attributes")
_BODY = ("payload", "data")
"""What gcp-ingestion calls it, and what Pub/Sub's own JSON does; mixtures exist."""

_PARTS = frozenset(_ATTRIBUTES + _BODY)
_URL_SAFE = str.maketrans("-_", "+/")


class MalformedMessage(ValueError):
    """What was read is no message; nothing of it is told."""


class Malformed(NamedTuple):
    """What is no message in a file, or several such that follow one another.

    Attributes:
        uri: of the file.
        first: where the first of them stands: an offset in bytes, of a document a
            number.
        last: where the last of them stands.
    """

    uri: str
    first: str
    last: str

    @property
    def origin(self) -> str:
        """File and place, for the dead letter that stands for them.

        A name that is no UTF-8 has escapes for what is none.
        """
        place = f"{self.uri}:{self.first}"
        if self.last != self.first:
            place += f" to {self.last}"
        return place.encode(errors="backslashreplace").decode()


def parse_line(line: bytes, country_attribute: str | None) -> Envelope:
    """Reads a message that stands on a line of its own; see parse_message.

    Raises:
        MalformedMessage: the line is no message.
    """
    try:
        return parse_message(parse_messages(line), country_attribute)
    except InvalidJson:
        raise MalformedMessage from None


def parse_messages(text: bytes) -> Any:
    """Parses JSON that holds a message, or several.

    What is wrong with an attribute that nobody keeps is no reason to lose a message.

    Raises:
        CrowdedJson, InvalidJson: it is no such JSON.
    """
    try:
        return parse_json(text)
    except CrowdedJson:
        raise
    except InvalidJson:
        return parse_loose_json(text)


def parse_message(message: object, country_attribute: str | None) -> Envelope:
    """Reads `{"attributeMap": {…}, "payload": "<base64>"}`, or Pub/Sub's form.

    Attributes pass by the allow-list; an absent payload is an empty one. Where Pub/Sub
    pulls or pushes, it nests the message: `{"ackId": …, "message": {…}}`.

    Raises:
        MalformedMessage: it is no message.
    """
    if type(message) is not dict:
        raise MalformedMessage
    nested = message.get("message")
    if type(nested) is dict and _PARTS.isdisjoint(message):
        message = nested
    attributes, payload = _first(message, _ATTRIBUTES), _first(message, _BODY)
    if attributes is None and payload is None:
        raise MalformedMessage
    attributes = {} if attributes is None else attributes
    payload = "" if payload is None else payload
    if type(attributes) is not dict or type(payload) is not str:
        raise MalformedMessage
    return make_message(_decode(payload), attributes, country_attribute)


def make_message(
    body: bytes, attributes: dict[str, Any], country_attribute: str | None
) -> Envelope:
    """The envelope of a message, however its file holds it.

    Raises:
        MalformedMessage: it has neither a body nor an address, and no replay could make
            anything of it; a few bytes hold any number of such.
    """
    envelope = make_envelope(body, attributes, country_attribute)
    if not envelope.payload and not envelope.uri:
        raise MalformedMessage
    return envelope


def _first(message: dict[str, object], names: tuple[str, ...]) -> object:
    """The value under the first of the names that the message has."""
    for name in names:
        if name in message:
            return message[name]
    return None


def _decode(text: str) -> bytes:
    """The body of a message.

    Base64 (RFC 4648) of either alphabet, padded or not, in one line or many. What is
    none stays the text that it is: the message fails as what its address says, and its
    dead letter has it.
    """
    try:
        return pybase64.b64decode(text, validate=True)
    except ValueError:  # binascii.Error is one; so is text beyond ASCII
        pass
    bare = "".join(text.split()).rstrip("=").translate(_URL_SAFE)
    try:
        return pybase64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except ValueError:
        return text.encode()
