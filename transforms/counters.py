"""Publishes outcomes and measures of a worker as Beam counters, and to Prometheus.

docs/metrics.md lists every name. Where a job serves Prometheus, its workers write the
same numbers there.
"""

from collections import Counter

from apache_beam.metrics import Metrics

from rally.observability import prometheus
from rally.observability.measures import Measures
from rally.outcomes import LEFT_OUT, Count

NAMESPACE = "rally"
"""The namespace of outcomes by study; names are `rally.outcomes.Count`."""

TOTAL = "rally.total"
"""The namespace of outcomes of all studies; names are outcomes.

Cloud Monitoring makes metrics of their own only of the first hundred names that a
project's jobs count; an alert can hang on one of these, whatever the registry holds.
"""

MISMATCH = "rally.mismatch"
"""The namespace of schema mismatches by place; names are `Count.place_name`.

A schema bounds their number. They stand apart, so that whoever watches reasons finds
each under one name.
"""

LEFT_OUT_PLACES = "rally.left_out"
"""The namespace of what was left out of stored pings; names are `Count.place_name`."""

WORK = "rally.work"
"""The namespace of measures; names are those of rally.observability.measures."""


def publish(counts: Counter[Count], *measured: Measures) -> None:
    """Adds the counts and measures to Beam's counters, and empties them."""
    if prometheus.is_wanted():
        prometheus.add(counts, *measured)
    for count, number in counts.items():
        if count.outcome == LEFT_OUT:
            Metrics.counter(LEFT_OUT_PLACES, count.place_name).inc(number)
            continue
        Metrics.counter(NAMESPACE, count.name).inc(number)
        if count.where:
            Metrics.counter(MISMATCH, count.place_name).inc(number)
        Metrics.counter(TOTAL, count.outcome).inc(number)
    counts.clear()
    for measures in measured:
        _publish(measures)
        measures.clear()


def _publish(measures: Measures) -> None:
    for what, number in measures.sums.items():
        Metrics.counter(WORK, what.value).inc(number)
    for spread, value in measures.spreads:
        Metrics.distribution(WORK, spread.value).update(value)
