"""Beam counters for the outcomes that the domain counts."""

from collections import Counter

from apache_beam.metrics import Metrics

from rally.ingesting.counts import Count

NAMESPACE = "rally"
"""The namespace of every counter of ours; names are `rally.ingesting.counts.Count`."""


def publish(counts: Counter[Count]) -> None:
    """Adds the counts to Beam's counters and empties them."""
    for count, number in counts.items():
        Metrics.counter(NAMESPACE, count.name).inc(number)
    counts.clear()
