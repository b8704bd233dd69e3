"""Limits of an audit: numbers alone, which options take as defaults."""

from typing import NamedTuple

from rally.withdrawal.rules import GRACE_DAYS

THRESHOLD = 10
"""Below this many rows or people no number is told.

1 tells everything exactly, for eyes within the environment; 2, 3 and 4 hide little.
"""


class Limits(NamedTuple):
    """From when on what takes its time is a promise broken; all in days.

    Attributes:
        deadline_days: from when a request was received until its rows must be gone.
        grace_days: how long after a row its enrolment may come.
        dead_letter_days: how long dead letters stay that are no withdrawals.
        announced_days: how long before its end participants are told of it.
        purge_days: how long the jobs that run daily may take.
    """

    deadline_days: float = 30.0
    grace_days: float = GRACE_DAYS
    dead_letter_days: float = 30.0
    announced_days: float = 14.0
    purge_days: float = 2.0
