"""Limits of an audit: numbers alone, which options take as defaults."""

from typing import NamedTuple

from rally.withdrawal.rules import GRACE_DAYS


class Limits(NamedTuple):
    """Times after which a promise counts as broken, in days.

    Attributes:
        deadline_days: Time from the receipt of a request until its rows must be gone.
        grace_days: Time after a row within which its enrolment may come.
        dead_letter_days: Time for which dead letters stay, but for withdrawals.
        announced_days: Time before its end by which a study announces it.
        purge_days: Time that the daily jobs may take.
    """

    deadline_days: float = 30.0
    grace_days: float = GRACE_DAYS
    dead_letter_days: float = 30.0
    announced_days: float = 14.0
    purge_days: float = 2.0
