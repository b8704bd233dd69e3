"""What a purge did, or would do, for people."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from rally.registry.legal_holds import LegalHold
from rally.retention.plan import Key, Tally
from rally.storage.objectstore.interface import FOREVER


class Remains(NamedTuple):
    """What a store keeps of a place.

    Attributes:
        where: the place.
        objects: how many.
        until: when the last of them goes, UTC; FOREVER where nobody knows.
        why: "soft-deleted", "retention" …
    """

    where: str
    objects: int
    until: datetime
    why: str

    @property
    def is_dated(self) -> bool:
        """Whether it goes by itself on a known day."""
        return self.until != FOREVER

    def __str__(self) -> str:
        """One line."""
        until = f"{self.until:%Y-%m-%d}" if self.is_dated else "somebody lifts it"
        return (
            f"{self.where}: {self.objects:,} objects remain until {until} ({self.why})"
        )


@dataclass
class Report:
    """What a run found, did and left.

    Attributes:
        plan: id of the plan; "" where there was nothing to do.
        planned: what goes by the plan, by study, document and why.
        done: what went.
        withheld: what waits for a confirmation: which limit it is above, a line each.
        alarms: what must not be there, a line each.
        waits: studies that wait, and for what.
        kept: how many objects legal holds keep, by a line for each hold.
        faults: what could not be done, as (name, what).
        more_faults: how many others there are.
        remains: what stores keep for now.
        destroyed: keys that are gone, by file or resource name.
        words: what there is to know besides.
        old_copies: how many were purged.
    """

    plan: str = ""
    planned: dict[Key, Tally] = field(default_factory=dict)
    done: dict[Key, Tally] = field(default_factory=dict)
    withheld: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)
    kept: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[str, str]] = field(default_factory=list)
    more_faults: int = 0
    remains: list[Remains] = field(default_factory=list)
    destroyed: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    old_copies: int = 0

    @property
    def blocked(self) -> list[str]:
        """What legal holds keep, a line each."""
        return [
            f"{hold} keeps {number:,} objects"
            for hold, number in sorted(self.kept.items())
        ]

    @property
    def problems(self) -> Iterator[str]:
        """All that a person has to look at, a line each.

        What a legal hold blocks, and what remains until a known day, is as it must be.
        """
        yield from self.withheld
        yield from self.alarms
        yield from self.waits
        for name, what in self.faults:
            yield f"{name}: {what}"
        if self.more_faults:
            yield f"{self.more_faults:,} other objects could not be dealt with"
        yield from (str(each) for each in self.remains if not each.is_dated)

    @property
    def exit_status(self) -> int:
        """0 all done; 1 something is named."""
        return int(any(True for _ in self.problems))


def blocked_by(hold: LegalHold) -> str:
    """What begins a report's line of a hold."""
    return (
        f"{hold.namespace}: BLOCKED: legal hold of {hold.first} to {hold.last} by"
        f" {hold.by}"
    )
