"""Limits of a purge: numbers alone, which options take as defaults."""

from dataclasses import dataclass

from rally.withdrawal.rules import GRACE_DAYS


@dataclass(frozen=True, slots=True)
class Limits:
    """How long what is no row is kept, in days; and how much one run may take.

    Attributes:
        grace_days: after a row, for its enrolment to come.
        dead_letter_days: a dead letter that is no withdrawal.
        unreadable_days: a dead letter that is the withdrawal of a study.
        plan_days: a plan that is told in receipts, or was never begun.
        temporary_days: results of workers, and what killed runs left.
        archive_days: what was ingested.
        max_objects: of one study that go for one reason without confirmation.
        max_share: of a study's objects, or rows, that do.
    """

    grace_days: float = GRACE_DAYS
    dead_letter_days: float = 30.0
    unreadable_days: float = 180.0
    plan_days: float = 90.0
    temporary_days: float = 2.0
    archive_days: float = 30.0
    max_objects: int = 10_000
    max_share: float = 0.5
