"""The outcome of one ping, and the counts of outcomes for counters and summaries."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

from rally.consent.records import ConsentRecord
from rally.events import Event
from rally.ingestion.routes import Label
from rally.outcomes import (
    CONSENTED,
    FAILED,
    LEFT_OUT,
    REFUSED,
    STORED,
    Count,
    FailureReason,
    Mismatch,
    RefusalReason,
)
from rally.storage.writer import NewRow


class Outcome(NamedTuple):
    """Outcome of one ping.

    Attributes:
        label: study and document, for counters and paths.
        row: row with its partition and schema, where one is stored.
        event: entry for the event log, where somebody joined or left.
        consents: entries for the log of consents, where somebody said what they agree
            to, or do not.
        refusal: reason for which no row is kept, where the ping is refused.
        failure: reason for which the ping becomes a dead letter, where it failed.
        where: place of the schema that the payload does not fit, where it failed by it.
        left_out: places of values that the row has not: nobody collects them any more,
            or yet.
    """

    label: Label
    row: NewRow | None = None
    event: Event | None = None
    refusal: RefusalReason | None = None
    failure: FailureReason | None = None
    where: Mismatch | None = None
    left_out: Collection[str] = ()
    consents: Sequence[ConsentRecord] = ()


def count_outcome(counts: Counter[Count], outcome: Outcome) -> None:
    """Adds the outcome of one ping to the counts, by study and document."""
    study, document = outcome.label.study, outcome.label.document
    if outcome.row is not None:
        counts[Count(study, document, STORED)] += 1
        for place in outcome.left_out:
            counts[Count(study, document, LEFT_OUT, where=place)] += 1
    if outcome.event is not None:
        counts[Count(study, document, outcome.event.kind.value)] += 1
    if outcome.consents:
        counts[Count(study, document, CONSENTED)] += 1
    if outcome.refusal is not None:
        counts[Count(study, document, REFUSED, outcome.refusal.value)] += 1
    if outcome.failure is not None:
        where = outcome.where.words if outcome.where else ""
        counts[Count(study, document, FAILED, outcome.failure.value, where)] += 1


_UNKNOWN = frozenset(
    (
        FailureReason.UNKNOWN_NAMESPACE,
        FailureReason.UNKNOWN_DOCUMENT,
        FailureReason.UNKNOWN_STUDY,
    )
)


def explain_all_unknown(counts: Counter[Count]) -> str:
    """Says what to check where a run knew none of its pings; "" where it knew one.

    A forgotten option looks like that, and each ping by itself like anybody's.
    """
    pings = {
        count: number
        for count, number in counts.items()
        if count.reason != FailureReason.MALFORMED_LINE  # which is no ping
    }
    reasons = {count.reason for count in pings}
    if not reasons or not reasons <= _UNKNOWN:
        return ""
    return (
        f"every ping of this run is unknown ({', '.join(sorted(reasons))}:"
        f" {sum(pings.values()):,}); is --studies the right folder? Name it, then"
        " `rally replay`"
    )
