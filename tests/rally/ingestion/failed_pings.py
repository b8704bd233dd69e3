"""Outcomes of pings that fail."""

from rally.ingestion.outcome import Outcome
from rally.ingestion.routes import Label
from rally.outcomes import FailureReason


def failed(label: Label, reason: FailureReason) -> Outcome:
    return Outcome(label, failure=reason)


def mismatched(label: Label, outcome: Outcome) -> Outcome:
    """A failure by the schema, at the place of another outcome."""
    return failed(label, FailureReason.SCHEMA_MISMATCH)._replace(where=outcome.where)
