"""Legal holds: what must stay, whoever leaves and whatever has expired.

A hold is about the rows of one study that were submitted on certain days. While it is
in force deletion, compaction and retention leave their files as they are, and say so
(design: "Retention"). Holds and releases are entries of the platform's chain.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, NamedTuple

from rally.decisions.contents import DecisionKind, HoldPlacement, HoldRelease
from rally.errors import ConfigurationError
from rally.storage.objectstore.interface import ObjectStore

if TYPE_CHECKING:
    from rally.decisions.chain import Chain


class LegalHold(NamedTuple):
    """Somebody's decision that rows must stay.

    Attributes:
        number: Number of its entry in the chain, by which it is released.
        namespace: The study whose rows are held.
        first: Submission date of the first of them.
        last: Submission date of the last of them.
        at: Time from which it holds, UTC.
        by: Name of who signed.
        note: Reason, for the record.
    """

    number: int
    namespace: str
    first: date
    last: date
    at: datetime
    by: str
    note: str

    def __str__(self) -> str:
        """In a few words, for a report."""
        return f"a legal hold of {self.first} to {self.last}"


class Release(NamedTuple):
    """Somebody's decision that a hold is over.

    Attributes:
        hold: Number of the hold.
        at: Time from which it is over, UTC.
    """

    hold: int
    at: datetime


class LegalHolds:
    """The holds that are in force at one time.

    Attributes:
        holds: All of them, in the order of their first days.
    """

    def __init__(
        self, holds: Iterable[LegalHold], releases: Iterable[Release], now: datetime
    ) -> None:
        """Leaves out what was released by then, and what begins later."""
        released = {each.hold for each in releases if each.at <= now}
        in_force = (
            each for each in holds if each.at <= now and each.number not in released
        )
        self.holds = tuple(sorted(in_force, key=lambda each: (each.first, each)))

    @classmethod
    def read(cls, platform: ObjectStore, now: datetime) -> "LegalHolds":
        """Those that the platform's chain says.

        Raises:
            ConfigurationError: the platform has no chain.
            OSError: it cannot be read.
        """
        from rally.decisions.verifying import read_chain  # imports Tink

        return cls.of_chain(read_chain(platform), now)

    @classmethod
    def of_chain(cls, chain: "Chain", now: datetime) -> "LegalHolds":
        """Those that a chain says.

        A release is of a hold that was placed before it; any other releases nothing.
        """
        holds, releases = dict[int, LegalHold](), list[Release]()
        for entry in chain.of(DecisionKind.PLACE_HOLD, DecisionKind.RELEASE_HOLD):
            what, number = entry.content, entry.number
            if isinstance(what, HoldPlacement):
                days = what.first, what.last
                holds[number] = LegalHold(
                    number, what.namespace, *days, what.at, entry.by, what.note
                )
            elif isinstance(what, HoldRelease) and what.hold in holds:
                releases.append(Release(what.hold, what.at))
        return cls(holds.values(), releases, now)

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
            namespace: Whose rows.
            day: Submission date, YYYY-MM-DD; "" is a file that names none, and is kept
                by any hold of the study.
        """
        for each in self.of(namespace):
            if not day or each.first.isoformat() <= day <= each.last.isoformat():
                return each
        return None


def check_release(chain: "Chain", namespace: str, release: HoldRelease) -> None:
    """Raises ConfigurationError where no such hold of a study is in force then."""
    in_force = LegalHolds.of_chain(chain, release.at).of(namespace)
    if release.hold not in {each.number for each in in_force}:
        raise ConfigurationError(
            "--hold: no such hold is in force; `rally studies show` lists them"
        )


NO_HOLDS = LegalHolds((), (), datetime.max.replace(tzinfo=UTC))
"""Where nothing is held."""
