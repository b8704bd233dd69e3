"""Withdrawals that nobody could read: dead letters whose routing says *leaves*.

They are sealed, so all that is known of one is its study and the day it failed. It goes
when a replay reads it, or when it is settled: a person, or a purge after a long time,
gives it up, and the event log says so for ever.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from rally.dead_letters import FOLDER, LetterKind, LetterPlace, place_of
from rally.decisions.contents import Settlement
from rally.errors import CorruptFile
from rally.events import Event, EventKind
from rally.storage.header import read_header
from rally.storage.layout import UNKNOWN
from rally.storage.objectstore.interface import ObjectInfo, ObjectNotFound, ObjectStore
from rally.times import to_micros

_LETTERS = re.compile("([0-9]+) letters")


class UnreadableLetters(NamedTuple):
    """Dead letters of one study and day that are withdrawals.

    Attributes:
        study: A namespace, or `unknown`.
        day: Day on which they failed, YYYY-MM-DD.
        letters: Number of letters.
        deadline: Time by which one of them would have had to be carried out, UTC; None
            of those that expire as other dead letters do, see `is_owed`.
        objects: The names of their objects, sorted.
    """

    study: str
    day: str
    letters: int
    deadline: datetime | None
    objects: tuple[str, ...] = ()


def is_owed(place: LetterPlace) -> bool:
    """Tells whether a dead letter is a withdrawal that somebody still has to carry out.

    Below a study's name there is, or was, somebody's data. Under a namespace that no
    registry ever had there is none: anybody can send such a ping, so it expires as any
    other dead letter does.
    """
    return place.kind is LetterKind.WITHDRAWAL and place.study != UNKNOWN


def find_unreadable(
    platform: ObjectStore, days: float
) -> tuple[UnreadableLetters, ...]:
    """The withdrawals among dead letters, by study and day.

    Objects that are none of ours are for the audit and the purge to name.

    Args:
        platform: The platform's store, which has the dead letters.
        days: One of them has from when it failed until it must be carried out.

    Raises:
        OSError: the platform cannot be read.
    """
    found: dict[LetterPlace, list[tuple[str, int]]] = {}
    for info in platform.list(FOLDER):
        place = place_of(info.name)
        if place is None or place.kind is not LetterKind.WITHDRAWAL:
            continue
        if letters := count_letters(platform, info):
            found.setdefault(place, []).append((info.name, letters))
    return tuple(
        UnreadableLetters(
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


def settlement(
    place: LetterPlace, objects: Sequence[tuple[str, int]], note: str
) -> Settlement:
    """The decision that dead letters are given up.

    Args:
        place: Place of all of them.
        objects: Name of each, and how many letters it has.
        note: Reason, for the record.
    """
    return Settlement(
        place.study,
        date.fromisoformat(place.day),
        _named(name for name, _ in objects),
        sum(number for _, number in objects),
        note,
    )


def expiry(
    place: LetterPlace, objects: Sequence[tuple[str, int]], now: datetime
) -> Event:
    """The event that records that a purge gave dead letters up after a long time.

    Of the same objects it is the same event but for its time, and counts once.
    """
    letters = sum(number for _, number in objects)
    return Event(
        EventKind.SETTLED,
        place.study,
        None,
        to_micros(now),
        None,
        _named(name for name, _ in objects)[:32],
        f"{letters} letters",
    )


def count_settled(
    events: Iterable[Event], settlements: Iterable[Settlement]
) -> dict[str, int]:
    """How many dead letters were given up, by study, sorted.

    Args:
        events: Events of the log; all but those of a purge that gave some up are passed
            over.
        settlements: The letters that people gave up.
    """
    settled: dict[tuple[str, str], int] = {}
    for event in events:
        if event.kind is EventKind.SETTLED:
            match = _LETTERS.match(event.signal)
            key = event.scope, event.document_id
            settled[key] = max(int(match[1]) if match else 1, settled.get(key, 0))
    for each in settlements:
        key = each.study, each.objects[:32]
        settled[key] = max(each.letters, settled.get(key, 0))
    found: dict[str, int] = {}
    for (study, _), letters in sorted(settled.items()):
        found[study] = found.get(study, 0) + letters
    return found


def _named(names: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()


def _midnight(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T00:00:00+00:00")
