"""What people decide of the platform as a whole: typed records."""

from datetime import datetime
from typing import NamedTuple


class AcceptedLoss(NamedTuple):
    """Two owners go on from a chain that lost entries, as it is.

    Attributes:
        through: Number of the last entry that was looked at.
        digest: Digest of the chain up to there, as it is now.
        note: Words on what happened.
    """

    through: int
    digest: str
    note: str


class PlatformConclusion(NamedTuple):
    """The platform is concluded: all that it holds goes, but for the proof.

    Attributes:
        at: Time from which it holds, UTC; not later than either signature.
        note: Reason.
    """

    at: datetime
    note: str
