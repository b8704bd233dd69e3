"""Legal holds: what must stay, whoever leaves and whatever has expired.

A hold is about the rows of one study that were submitted on certain days. While it is
in force deletion, compaction and retention leave their files as they are, and say so
(design: "Retention"). Holds and releases are decisions of the platform's log.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import NamedTuple

from rally.errors import ConfigurationError
from rally.storing.objects import ObjectStore
from rally.studies import decisions
from rally.studies.fields import Place, iso_day, moment, note, text

_HOLDS, _RELEASES = "holds/placed/", "holds/released/"


class LegalHold(NamedTuple):
    """Somebody's decision that rows must stay.

    Attributes:
        namespace: whose rows.
        first: submission date of the first of them.
        last: submission date of the last of them.
        at: from when it holds, in UTC.
        by: who decided.
        note: why, for the record.
    """

    namespace: str
    first: date
    last: date
    at: datetime
    by: str
    note: str

    @property
    def key(self) -> str:
        """What it is released by, 32 hexadecimal digits."""
        return decisions.key_of(_encode(self))

    def __str__(self) -> str:
        """In a few words, for a report."""
        return f"a legal hold of {self.first} to {self.last}"


class Release(NamedTuple):
    """Somebody's decision that a hold is over.

    Attributes:
        hold: its key.
        at: from when, in UTC.
        by: who decided.
        note: why, for the record.
    """

    hold: str
    at: datetime
    by: str
    note: str


class LegalHolds:
    """The holds that are in force at one time.

    Attributes:
        holds: all of them, in the order of their first days.
    """

    def __init__(
        self, holds: Iterable[LegalHold], releases: Iterable[Release], now: datetime
    ) -> None:
        """Leaves out what was released by then, and what begins later."""
        released = {each.hold for each in releases if each.at <= now}
        in_force = (
            each for each in holds if each.at <= now and each.key not in released
        )
        self.holds = tuple(sorted(in_force, key=lambda each: (each.first, each)))

    @classmethod
    def read(cls, platform: ObjectStore, now: datetime) -> "LegalHolds":
        """Those that the platform's log says.

        Raises:
            ConfigurationError: an object of it is not as it was written.
        """
        placed = decisions.read_all(platform, _HOLDS)
        return cls([_read_hold(*each) for each in placed], _releases(platform), now)

    @property
    def namespaces(self) -> frozenset[str]:
        """The studies that some hold is about."""
        return frozenset(each.namespace for each in self.holds)

    def of(self, namespace: str) -> list[LegalHold]:
        """Those that are about a study."""
        return [each for each in self.holds if each.namespace == namespace]

    def over(self, namespace: str, day: str) -> LegalHold | None:
        """The hold that keeps the rows of a study and date, if there is one.

        Args:
            namespace: whose rows.
            day: submission date, YYYY-MM-DD; "" is a file that names none, and is
                kept by any hold of the study.
        """
        for each in self.of(namespace):
            if not day or each.first.isoformat() <= day <= each.last.isoformat():
                return each
        return None


def place_hold(platform: ObjectStore, hold: LegalHold) -> None:
    """Adds a hold to the log; the same one again changes nothing.

    Raises:
        ConfigurationError: nobody is named, its days are in the wrong order, or the
            same one was released, and is in no force any more.
    """
    data = _encode(hold)
    _read_hold(Place("hold"), data)
    if hold.first > hold.last:
        raise ConfigurationError("--until: is before --from; correct one of them")
    if hold.key in {each.hold for each in _releases(platform)}:
        raise ConfigurationError(
            "--as_of: the same hold was released; give another time, or a --note"
        )
    decisions.append(platform, _HOLDS, data)


def release_hold(platform: ObjectStore, namespace: str, release: Release) -> None:
    """Says that a hold of a study is over.

    Raises:
        ConfigurationError: no such hold is in force then, or nobody is named.
    """
    in_force = LegalHolds.read(platform, release.at).of(namespace)
    if release.hold not in {each.key for each in in_force}:
        raise ConfigurationError(
            "--hold: no such hold is in force; `rally studies show` lists them"
        )
    content = {**release._asdict(), "at": release.at.isoformat()}
    data = decisions.encode(content)
    _read_release(Place("release"), data)
    decisions.append(platform, _RELEASES, data)


def _releases(platform: ObjectStore) -> list[Release]:
    released = decisions.read_all(platform, _RELEASES)
    return [_read_release(*each) for each in released]


def _encode(hold: LegalHold) -> bytes:
    times = {name: getattr(hold, name).isoformat() for name in ("first", "last", "at")}
    return decisions.encode({**hold._asdict(), **times})


def _read_hold(place: Place, data: bytes) -> LegalHold:
    fields = decisions.decode(place, data)
    hold = LegalHold(
        namespace=fields.need("namespace", text),
        first=fields.need("first", iso_day),
        last=fields.need("last", iso_day),
        at=fields.need("at", moment),
        by=fields.need("by", text),
        note=fields.need("note", note),
    )
    fields.close()
    return hold


def _read_release(place: Place, data: bytes) -> Release:
    fields = decisions.decode(place, data)
    release = Release(
        hold=fields.need("hold", text),
        at=fields.need("at", moment),
        by=fields.need("by", text),
        note=fields.need("note", note),
    )
    fields.close()
    return release


NO_HOLDS = LegalHolds((), (), datetime.max.replace(tzinfo=UTC))
"""Where nothing is held."""
