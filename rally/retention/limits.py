"""Limits of a purge: numbers alone, which options take as defaults."""

from dataclasses import dataclass

from rally.withdrawal.rules import GRACE_DAYS


@dataclass(frozen=True, slots=True)
class Limits:
    """Ages in days after which a purge deletes, and how much one run may delete.

    Attributes:
        grace_days: Time after a row within which its enrolment may arrive.
        dead_letter_days: Age of a dead letter that is no withdrawal of a study.
        unreadable_days: Age of a dead letter that is the withdrawal of a study.
        plan_days: Age of a plan of deletion that is finished, or was never begun.
        temporary_days: Age of results of workers, and of leftovers of killed runs.
        archive_days: Age of an archive of ingested files.
        max_objects: Number of objects of one study that one reason may delete without a
            confirmation.
        max_share: Share of a study's objects, or rows, that one reason may delete so.
    """

    grace_days: float = GRACE_DAYS
    dead_letter_days: float = 30.0
    unreadable_days: float = 180.0
    plan_days: float = 90.0
    temporary_days: float = 2.0
    archive_days: float = 30.0
    max_objects: int = 10_000
    max_share: float = 0.5
