"""Reads one Pub/Sub message from its JSON."""

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
"""Names in gcp-ingestion and in Pub/Sub's own JSON; mixtures of them exist."""

_PARTS = frozenset(_ATTRIBUTES + _BODY)
_URL_SAFE = str.maketrans("-_", "+/")


class MalformedMessage(ValueError):
    """The text is no message; the error quotes nothing of it."""


class Malformed(NamedTuple):
    """A place in a file that holds no message, or several such places in a row.

    Attributes:
        uri: name of the file.
        first: place of the first: an offset in bytes, or a number within a document.
        last: place of the last, likewise.
    """

    uri: str
    first: str
    last: str

    @property
    def origin(self) -> str:
        """The file and the place, for the dead letter that stands for them.

        Bytes of a name that are no UTF-8 appear as escapes.
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
    """Parses JSON that holds one message or several.

    A fault in an attribute that nobody keeps does not lose the message.

    Raises:
        CrowdedJson: the JSON has more arrays and objects than any messages have.
        InvalidJson: the text is no JSON.
    """
    try:
        return parse_json(text)
    except CrowdedJson:
        raise
    except InvalidJson:
        return parse_loose_json(text)


def parse_message(message: object, country_attribute: str | None) -> Envelope:
    """Reads `{"attributeMap": {…}, "payload": "<base64>"}`, or Pub/Sub's own form.

    The allow-list selects the attributes, and an absent payload is an empty one. Where
    Pub/Sub pulls or pushes, it nests the message: `{"ackId": …, "message": {…}}`.

    Raises:
        MalformedMessage: the value is no message.
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
    """Makes the envelope of a message, whatever the form of its file.

    Raises:
        MalformedMessage: the message has neither a body nor an address, so that no
            replay could store it; a few bytes hold any number of such.
    """
    envelope = make_envelope(body, attributes, country_attribute)
    if not envelope.payload and not envelope.uri:
        raise MalformedMessage
    return envelope


def _first(message: dict[str, object], names: tuple[str, ...]) -> object:
    """Gives the value under the first of the names that the message has."""
    for name in names:
        if name in message:
            return message[name]
    return None


def _decode(text: str) -> bytes:
    """Decodes the body of a message.

    Base64 (RFC 4648) may have either alphabet, padding or none, one line or many. Any
    other text stays as it is: the message then fails under its address, and its dead
    letter has the text.
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
