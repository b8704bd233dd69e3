"""One line of newline-delimited JSON: a Pub/Sub message."""

from typing import cast

import orjson
import pybase64

from rally.envelope import Envelope, make_envelope

_STRINGS = frozenset({str})
_ATTRIBUTES = ("attributeMap", "attributes")
_BODY = ("payload", "data")
"""What gcp-ingestion calls it, and what Pub/Sub's own JSON does; mixtures exist."""


class MalformedMessage(ValueError):
    """What was read is no message; nothing of it is told."""


def parse_line(line: bytes, country_attribute: str | None) -> Envelope:
    """Reads `{"attributeMap": {…}, "payload": "<base64>"}`, or Pub/Sub's form.

    Attributes pass by the allow-list; an absent payload is an empty one.

    Raises:
        MalformedMessage: the line is no message.
    """
    try:
        message = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise MalformedMessage from None
    if type(message) is not dict:
        raise MalformedMessage
    attributes, payload = _first(message, _ATTRIBUTES), _first(message, _BODY)
    if attributes is None and payload is None:
        raise MalformedMessage
    return _envelope(
        {} if attributes is None else attributes,
        "" if payload is None else payload,
        country_attribute,
    )


def _first(message: dict[str, object], names: tuple[str, ...]) -> object:
    """The value under the first of the names that the message has."""
    for name in names:
        if name in message:
            return message[name]
    return None


def _envelope(
    attributes: object, payload: object, country_attribute: str | None
) -> Envelope:
    if type(attributes) is not dict or type(payload) is not str:
        raise MalformedMessage
    try:
        body = pybase64.b64decode(payload, validate=True)
    except ValueError:  # binascii.Error is one; so is text beyond ASCII
        raise MalformedMessage from None
    return from_message(body, attributes, country_attribute)


def from_message(
    body: bytes, attributes: dict[str, object], country_attribute: str | None
) -> Envelope:
    """The envelope of a message whose attributes are still to be checked.

    Raises:
        MalformedMessage: an attribute is no string.
    """
    if not _STRINGS.issuperset(map(type, attributes.values())):
        raise MalformedMessage
    strings = cast(dict[str, str], attributes)
    return make_envelope(body, strings, country_attribute)
