"""Decisions as objects of the platform: written once, never changed, in no order.

Each is JSON and is named by a hash of its content, so that one that is changed or put
in another's place is seen.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping

from rally.storing.objects import ObjectStore
from rally.storing.records import list_records
from rally.studies.fields import Fields, Place


def encode(content: Mapping[str, object]) -> bytes:
    """A decision's bytes."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False).encode()


def decode(place: Place, data: bytes) -> Fields:
    """The entries of a decision. Raises ConfigurationError where it is none."""
    try:
        return Fields(place, json.loads(data))
    except ValueError:
        raise place.error("is not JSON; restore or remove it") from None


def key_of(data: bytes) -> str:
    """What a decision is called: 32 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()[:32]


def append(platform: ObjectStore, folder: str, data: bytes) -> None:
    """Keeps a decision; the same one again changes nothing."""
    platform.create(_name(folder, data), data)


def read_all(platform: ObjectStore, folder: str) -> Iterator[tuple[Place, bytes]]:
    """Every decision of a folder, in the order of their names.

    What is not named as one is foreign, and left out.

    Raises:
        ConfigurationError: an object is not as it was written.
    """
    for info in list_records(platform, folder):
        data = platform.read(info.name)
        place = Place(f"{platform.uri.rstrip('/')}/{info.name}")
        if info.name != _name(folder, data):
            raise place.error("is not as it was written; restore or remove it")
        yield place, data


def _name(folder: str, data: bytes) -> str:
    return f"{folder}{key_of(data)}.json"
