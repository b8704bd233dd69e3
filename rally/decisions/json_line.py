"""Reads an object of one line of JSON that somebody signed: every byte counts."""

from collections.abc import Callable

from rally.bounded_json import InvalidJson, parse_json
from rally.fields import Fields, Place, T


def decode_line(
    data: bytes,
    where: str,
    read: Callable[[Fields], T],
    encode: Callable[[T], bytes],
) -> T:
    """Reads a line strictly; whether its signature is right is another question.

    Args:
        data: The object, of bounded size.
        where: Its name, for the message.
        read: Takes the entries out of the line; one that is left over is a fault.
        encode: Gives the bytes of what was read, so that the signature covers every
            byte: another spelling of the same is refused.

    Raises:
        ConfigurationError: These are not the bytes that `encode` gives.
    """
    place = Place(where)
    try:
        fields = Fields(place, parse_json(data))
    except InvalidJson:
        raise place.error("is not JSON") from None
    found = read(fields)
    fields.close()
    if encode(found) != data:
        raise place.error("is not as it was written")
    return found
