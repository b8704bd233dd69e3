"""What people decided of studies, signed by those of tests.support.people."""

from collections.abc import Iterable
from datetime import UTC, date, datetime

from rally.decisions.contents import (
    DecisionKind,
    HoldPlacement,
    HoldRelease,
    StudyDecision,
)
from rally.decisions.entry import Entry
from rally.decisions.signers import Signer
from rally.decisions.writing import decide
from rally.registry.legal_holds import LegalHold
from rally.registry.transitions import StudyAction
from rally.storage.objectstore.interface import ObjectStore
from tests.support.people import signer
from tests.support.stores import FOUNDED


def decide_study(
    platform: ObjectStore,
    namespace: str,
    action: StudyAction,
    at: datetime,
    by: str | Signer = "decide",
) -> Entry:
    """Decides of a study, whether that makes sense or not.

    Args:
        platform: its store, which is founded.
        namespace: namespace of the study.
        action: what is decided.
        at: from when it holds.
        by: who decides; a name is of tests.support.people.
    """
    who = signer(by) if isinstance(by, str) else by
    decision = StudyDecision(namespace, at.astimezone(UTC), "")
    return decide(platform, who, action.kind, decision, FOUNDED)


def hold_rows(
    platform: ObjectStore,
    namespace: str,
    days: Iterable[date],
    at: datetime,
    note: str = "",
) -> LegalHold:
    """Holds the rows of two submission dates, and of all between.

    Args:
        platform: its store, which is founded.
        namespace: namespace of the study.
        days: the first and the last.
        at: from when it holds.
        note: why.
    """
    first, last = days
    placed = HoldPlacement(namespace, first, last, at.astimezone(UTC), note)
    entry = decide(platform, signer("stop"), DecisionKind.PLACE_HOLD, placed, FOUNDED)
    return LegalHold(entry.number, *placed[:-1], entry.by, note)


def release_rows(platform: ObjectStore, hold: LegalHold, at: datetime) -> Entry:
    """Releases a hold from a time on."""
    release = HoldRelease(hold.number, at.astimezone(UTC), "")
    return decide(
        platform, signer("decide"), DecisionKind.RELEASE_HOLD, release, FOUNDED
    )
