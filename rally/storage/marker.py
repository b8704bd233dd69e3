"""What a place is and whose: the marker, one small object at the root of each.

An unmounted disk and a mistyped path look like a store in which nothing is. So every
store, platform and folder of researchers says itself what it is, and a place that does
not say it is refused. `rally init` makes the object; nothing replaces or deletes it.

    rally-store.json
    {"founded": "5e…", "id": "9f…", "kind": "store", "layout": 1, "platform": "3c…",
     "study": "rally-foo"}
"""

import json
import re
import uuid
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from rally.errors import ConfigurationError, cause_of, unusable
from rally.names import is_namespace
from rally.storage.objectstore.interface import (
    ObjectNotFound,
    ObjectStore,
    StrayInTheWay,
)

NAME = "rally-store.json"
"""The marker's name, at the root of its place."""

LAYOUT = 1
"""Which paths and formats a place has. Software refuses a number it does not know."""

_MOST_BYTES = 4096
_RESTORE = "take it away, and restore what `rally init` made there from a backup"
_ID = re.compile("[0-9a-f]{32}")
_DIGEST = re.compile("[0-9a-f]{64}")


class PlaceKind(StrEnum):
    """Kind of place: for rows, the platform's records, or researchers' tables.

    RELEASES: where results leave the analysis environment.
    """

    STORE = "store"
    PLATFORM = "platform"
    DERIVED = "derived"
    RELEASES = "releases"


_PLACES = {
    PlaceKind.STORE: "a store",
    PlaceKind.PLATFORM: "a platform",
    PlaceKind.DERIVED: "a folder of researchers' tables",
    PlaceKind.RELEASES: "a place of releases",
}
_OPTIONS = {
    PlaceKind.STORE: "--store",
    PlaceKind.PLATFORM: "--platform",
    PlaceKind.DERIVED: "`derived:` in study.yaml",
    PlaceKind.RELEASES: "--releases",
}
"""What names a place of each kind, for messages."""


@dataclass(frozen=True, slots=True)
class Marker:
    """Marker of a place, by which it says what it is.

    Attributes:
        kind: Kind of place.
        id: Id of the place, random, 32 hexadecimal digits; a copy has the same.
        platform: Id of the platform that it belongs to; a platform's own.
        study: Namespace of the one study whose place it is; None is all studies'.
        layout: Number of the layout that it has.
        founded: SHA-256 of the platform's first decision (rally.decisions), in hex;
            None of researchers' folders.
    """

    kind: PlaceKind
    id: str
    platform: str
    study: str | None = None
    layout: int = LAYOUT
    founded: str | None = None

    @classmethod
    def new(
        cls,
        kind: PlaceKind,
        platform: str,
        study: str | None = None,
        founded: str | None = None,
    ) -> "Marker":
        """The marker of a new place; a platform's own id is that of its place."""
        own = platform if kind is PlaceKind.PLATFORM else new_id()
        return cls(kind, own, platform, study, founded=founded)

    @classmethod
    def parse(cls, text: bytes, where: str) -> "Marker":
        """Reads what a marker holds.

        Args:
            text: Its bytes.
            where: Its URI, for the message.

        Raises:
            ConfigurationError: it is no marker, or of a layout that is not known.
        """
        value = _read_json(text)
        layout = value.get("layout")
        if type(layout) is int and layout > LAYOUT:
            raise ConfigurationError(
                f"{where}: says layout {layout}, and this software knows {LAYOUT};"
                " use a newer one"
            )
        if layout != LAYOUT or type(layout) is not int or not _is_marker(value):
            raise ConfigurationError(
                f"{where}: is not as `rally init` made it; restore it from a backup"
            )
        return cls(**{**value, "kind": PlaceKind(value["kind"])})

    def serialise(self) -> bytes:
        """The object's bytes."""
        members = {name: each for name, each in asdict(self).items() if each}
        return json.dumps(members, sort_keys=True).encode() + b"\n"


def read_marker(store: ObjectStore) -> Marker | None:
    """The marker of a place; None where there is none.

    Raises:
        ConfigurationError: it is not as it was made, or cannot be read.
        ConnectionError: the store is away.
    """
    where = f"{store.uri.rstrip('/')}/{NAME}"
    try:
        if store.stat(NAME) is None:
            if store.has_folder(f"{NAME}/"):
                raise ConfigurationError(f"{where}: is a folder; {_RESTORE}")
            return None
        text = store.read_range(NAME, 0, _MOST_BYTES + 1)
    except (ObjectNotFound, NotADirectoryError):  # of a place that is a file
        return None
    except StrayInTheWay as error:
        raise ConfigurationError(f"{where}: {error.strerror}; {_RESTORE}") from None
    except OSError as error:
        raise unusable(
            store.uri,
            error,
            f"cannot be read ({cause_of(error)}); check that it exists and that this"
            " account may read there",
        ) from None
    return Marker.parse(text, where)


def require_marker(
    store: ObjectStore,
    kind: PlaceKind,
    platform: str | None = None,
    study: str | None = None,
) -> Marker:
    """The marker of a place that must be of a kind, and somebody's.

    Args:
        store: The place.
        kind: Kind that the place is to be.
        platform: Id of the platform that it is to belong to; None is any.
        study: Namespace of the study whose place it is to be; None is all studies'.

    Raises:
        ConfigurationError: it is unmarked, marked otherwise, or cannot be read.
        ConnectionError: the store is away.
    """
    marker = read_marker(store)
    if marker is None:
        command = f"rally init --study {study}" if study else "rally init"
        if kind is PlaceKind.RELEASES:
            command = "rally init --releases"
        raise ConfigurationError(
            f"{store.uri}: is not {_PLACES[kind]}: it has no {NAME}; is it mounted?"
            f" Correct {_OPTIONS[kind]}, or make it one by `{command}`"
        )
    check_marker(store, marker, kind, platform, study)
    return marker


def require_derived(store: ObjectStore, platform: ObjectStore, study: str) -> None:
    """Makes sure of a folder that researchers of a study registered.

    Args:
        store: The folder.
        platform: The platform's store, which is marked.
        study: Namespace of the study.

    Raises:
        ConfigurationError: it is unmarked, another's, or cannot be read.
        ConnectionError: one of them is away.
    """
    owner = read_marker(platform)
    require_marker(store, PlaceKind.DERIVED, owner.platform if owner else None, study)


def check_marker(
    store: ObjectStore,
    marker: Marker,
    kind: PlaceKind,
    platform: str | None,
    study: str | None,
) -> None:
    """Raises ConfigurationError where a marker says otherwise; see require_marker."""
    remedy = f"correct {_OPTIONS[kind]}"
    if marker.kind is not kind:
        raise ConfigurationError(
            f"{store.uri}: is {_PLACES[marker.kind]}, and not {_PLACES[kind]}; {remedy}"
        )
    if platform not in (None, marker.platform):
        raise ConfigurationError(
            f"{store.uri}: belongs to platform {marker.platform}, and not to"
            f" {platform}; {remedy} or --platform"
        )
    if marker.study != study:
        raise ConfigurationError(
            f"{store.uri}: is the place of {marker.study or 'all studies'}, and not of"
            f" {study or 'all studies'}; {remedy}"
        )


def _read_json(text: bytes) -> dict[str, Any]:
    """The object; an empty one of what is none, or too long to be a marker."""
    try:
        value = json.loads(text) if len(text) <= _MOST_BYTES else None
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _is_marker(value: dict[str, Any]) -> bool:
    """Tells whether content has exactly the members of a marker, each of its kind."""
    known = {member.name for member in fields(Marker)}
    if not known - {"study", "founded"} <= value.keys() <= known:
        return False
    if not all(isinstance(value[name], str) for name in value.keys() - {"layout"}):
        return False
    return (
        value["kind"] in [*PlaceKind]
        and all(_ID.fullmatch(value[name]) for name in ("id", "platform"))
        and (value["kind"] != PlaceKind.PLATFORM or value["id"] == value["platform"])
        and ("study" not in value or is_namespace(value["study"]))
        and (value["kind"] == PlaceKind.DERIVED or "founded" in value)
        and ("founded" not in value or _DIGEST.fullmatch(value["founded"]) is not None)
    )


def new_id() -> str:
    """An id of a place, or of a platform."""
    return uuid.uuid4().hex


def is_id(text: str) -> bool:
    """Tells whether a text can be the id of a place."""
    return _ID.fullmatch(text) is not None
