"""The conclusion of a platform, signed by the people of tests.support.people."""

from datetime import datetime

from rally.decisions.contents import DecisionKind
from rally.decisions.entry import Entry
from rally.decisions.platform_contents import PlatformConclusion
from rally.decisions.writing import approve, decide
from rally.storage.objectstore.interface import ObjectStore
from tests.support.people import signer


def conclude_platform(
    platform: ObjectStore, at: datetime, approved_by: str | None = "owner-1"
) -> Entry:
    """Decides that a platform is concluded, whether that makes sense or not.

    Args:
        platform: its store, which is founded.
        at: time from which it holds, and of both signatures.
        approved_by: who approves it; None is nobody yet.
    """
    content = PlatformConclusion(at, "the end")
    kind = DecisionKind.CONCLUDE_PLATFORM
    entry = decide(platform, signer("decide"), kind, content, at)
    if approved_by:
        approve(platform, signer(approved_by), entry.number, at)
    return entry
