"""One line of newline-delimited JSON: a Pub/Sub message."""

import binascii

import orjson

from rally.envelope import Envelope, make_envelope

_FORMS = (("attributeMap", "payload"), ("attributes", "data"))
"""gcp-ingestion's form, and Pub/Sub's own JSON."""


class MalformedMessage(ValueError):
    """What was read is no message; nothing of it is told."""


def parse_line(line: bytes, country_attribute: str | None) -> Envelope:
    """Reads `{"attributeMap": {…}, "payload": "<base64>"}`, or Pub/Sub's form.

    Attributes pass by the allow-list; an absent payload is an empty one.

    Raises:
        MalformedMessage: the line is neither form.
    """
    try:
        message = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise MalformedMessage from None
    if type(message) is not dict:
        raise MalformedMessage
    for attributes_name, payload_name in _FORMS:
        if attributes_name in message or payload_name in message:
            attributes = message.get(attributes_name) or {}
            payload = message.get(payload_name) or ""
            return _envelope(attributes, payload, country_attribute)
    raise MalformedMessage


def _envelope(
    attributes: object, payload: object, country_attribute: str | None
) -> Envelope:
    if type(attributes) is not dict or type(payload) is not str:
        raise MalformedMessage
    try:
        body = binascii.a2b_base64(payload, strict_mode=True)
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
    strings = {name: value for name, value in attributes.items() if type(value) is str}
    if len(strings) != len(attributes):
        raise MalformedMessage
    return make_envelope(body, strings, country_attribute)
