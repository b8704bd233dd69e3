"""Says which requests to leave wait until their person has a copy.

Somebody may ask for a copy and say that they leave once they have it. Their request
waits for it from the moment at which the case is verified, so that nobody who only
claims to be them delays anything: for 20 days at most, and no longer than the case is
open. A request has 30 days, so it is done in time.
"""

from collections.abc import Iterable
from datetime import timedelta

from rally.access.cases import Case, CaseState

LONGEST = timedelta(days=20)
"""Time from the request for which it waits at most."""

_WAITS = (CaseState.VERIFIED, CaseState.APPROVED, CaseState.BUILT)
_MICROSECOND = timedelta(microseconds=1)


class LeavingDelay:
    """Cases whose people leave once they have their copy."""

    def __init__(self, cases: Iterable[Case]) -> None:
        """Takes all cases, as they are now."""
        self._waiting = [
            each for each in cases if each.wants_leaving and each.state in _WAITS
        ]

    def until(self, participant: str, time: int) -> int:
        """Says until when a request waits, microseconds; 0 where it does not.

        Args:
            participant: Platform pseudonym of who leaves.
            time: Time of the request, microseconds.
        """
        if any(each.is_of(participant) for each in self._waiting):
            return time + LONGEST // _MICROSECOND
        return 0
