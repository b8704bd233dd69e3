"""Withdrawals that nobody could read: dead letters whose routing says *leaves*.

They are sealed, so all that is known of one is its study and the day it failed.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from rally.dead_letters import FOLDER, Kind, Place, place_of
from rally.storing.corruption import CorruptFile
from rally.storing.header_bytes import read_header
from rally.storing.layout import UNKNOWN
from rally.storing.objects import ObjectInfo, ObjectNotFound, ObjectStore


class Unreadable(NamedTuple):
    """Dead letters of one study and day that are withdrawals.

    Attributes:
        study: a namespace, or `unknown`.
        day: when they failed, YYYY-MM-DD.
        letters: how many.
        deadline: by when one of them would have had to be carried out, UTC; None of
            those that expire as other dead letters do, see `is_owed`.
        objects: the names of their objects, sorted.
    """

    study: str
    day: str
    letters: int
    deadline: datetime | None
    objects: tuple[str, ...] = ()


def is_owed(place: Place) -> bool:
    """Whether a dead letter is a withdrawal that somebody still has to carry out.

    Below a study's name there is, or was, somebody's data. Under a namespace that no
    registry ever had there is none: anybody can send such a ping, so it expires as any
    other dead letter does.
    """
    return place.kind is Kind.WITHDRAWAL and place.study != UNKNOWN


def find_unreadable(platform: ObjectStore, days: float) -> tuple[Unreadable, ...]:
    """The withdrawals among dead letters, by study and day.

    Objects that are none of ours are for the audit and the purge to name.

    Args:
        platform: has the dead letters.
        days: one of them has from when it failed until it must be carried out.

    Raises:
        OSError: the platform cannot be read.
    """
    found: dict[Place, list[tuple[str, int]]] = {}
    for info in platform.list(FOLDER):
        place = place_of(info.name)
        if place is None or place.kind is not Kind.WITHDRAWAL:
            continue
        if letters := count_letters(platform, info):
            found.setdefault(place, []).append((info.name, letters))
    return tuple(
        Unreadable(
            place.study,
            place.day,
            sum(letters for _, letters in objects),
            _midnight(place.day) + timedelta(days=days) if is_owed(place) else None,
            tuple(sorted(name for name, _ in objects)),
        )
        for place, objects in sorted(found.items())
    )


def count_letters(platform: ObjectStore, info: ObjectInfo) -> int:
    """How many dead letters an object has; 0 where it is gone.

    A damaged one counts as one: somebody may wait for what was in it.

    Raises:
        OSError: the platform cannot be read.
    """
    try:
        return read_header(platform.read(info.name)).rows
    except ObjectNotFound:
        return 0
    except (CorruptFile, KeyError, ValueError):
        return 1


def _midnight(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T00:00:00+00:00")
