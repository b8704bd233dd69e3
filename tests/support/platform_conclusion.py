"""The conclusion of a platform, signed by the people of tests.support.people."""

from datetime import datetime

from rally.decisions.contents import DecisionKind
from rally.decisions.entry import Entry
from rally.decisions.platform_contents import PlatformConclusion
from rally.decisions.signers import Signer
from rally.decisions.writing import approve, decide
from rally.storage.objectstore.interface import ObjectStore
from tests.support.people import signer


def conclude_platform(
    platform: ObjectStore,
    at: datetime,
    approved_by: str | Signer | None = "owner-1",
    by: str | Signer = "decide",
) -> Entry:
    """Decides that a platform is concluded, whether that makes sense or not.

    Args:
        platform: its store, which is founded.
        at: time from which it holds, and of both signatures.
        approved_by: who approves it; None is nobody yet. A name is of
            tests.support.people.
        by: who asks for it, likewise.
    """
    content = PlatformConclusion(at, "the end")
    kind = DecisionKind.CONCLUDE_PLATFORM
    entry = decide(platform, _who(by), kind, content, at)
    if approved_by:
        approve(platform, _who(approved_by), entry.number, at)
    return entry


def _who(person: str | Signer) -> Signer:
    return signer(person) if isinstance(person, str) else person
