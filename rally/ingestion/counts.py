"""Counts of outcomes, by study and document: what counters and summaries show."""

from collections import Counter

from rally.ingestion.judge import Outcome
from rally.outcomes import FAILED, REFUSED, STORED, Count, FailureReason


def count(counts: Counter[Count], outcome: Outcome) -> None:
    """Adds one ping to the counts."""
    study, document = outcome.label.study, outcome.label.document
    if outcome.row is not None:
        counts[Count(study, document, STORED)] += 1
    if outcome.event is not None:
        counts[Count(study, document, outcome.event.kind.value)] += 1
    if outcome.refusal is not None:
        counts[Count(study, document, REFUSED, outcome.refusal.value)] += 1
    if outcome.failure is not None:
        counts[Count(study, document, FAILED, outcome.failure.value)] += 1


_STRANGE = frozenset(
    (
        FailureReason.UNKNOWN_NAMESPACE,
        FailureReason.UNKNOWN_DOCUMENT,
        FailureReason.UNKNOWN_STUDY,
    )
)


def strangers(counts: Counter[Count]) -> str:
    """What is to be asked where all pings of a run are unknown; "" where one is known.

    A forgotten option looks like that, and each ping by itself like a stranger's.
    """
    pings = {
        count: number
        for count, number in counts.items()
        if count.reason != FailureReason.MALFORMED_LINE  # which is none
    }
    reasons = {count.reason for count in pings}
    if not reasons or not reasons <= _STRANGE:
        return ""
    return (
        f"every ping of this run is unknown ({', '.join(sorted(reasons))}:"
        f" {sum(pings.values()):,}); is --studies the right folder? Name it, then"
        " `rally replay`"
    )
