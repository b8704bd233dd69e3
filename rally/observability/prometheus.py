"""Serves the counters of a job on this machine to Prometheus.

Workers, which may be other processes, write them into files of a folder, and the
process that launched them serves the sum: prometheus_client's multi-process mode, which
the folder's variable in the environment switches on. Only loopback is served: the
numbers tell how many people a study has, however few, and no such number leaves the
machine by itself.
"""

import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from rally.errors import ConfigurationError
from rally.observability.measures import Measures, Spread, Sum
from rally.outcomes import ASKED, CONSENTED, JOINED, LEFT, LEFT_OUT, Count

if TYPE_CHECKING:
    import prometheus_client

ADDRESS = "127.0.0.1"
_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_WANTED = "RALLY_PROMETHEUS"
_SUMS = {
    Sum.RECEIVED_BYTES: "Bytes of the bodies that were received.",
    Sum.FILES: "Files of rows that were written.",
    Sum.WRITTEN_BYTES: "Bytes of these files.",
    Sum.ACKNOWLEDGE_FAILURES: "Messages in files that Pub/Sub did not take note of.",
    Sum.RELOADS: "Times that a worker loaded changed studies or keys.",
    Sum.RELOAD_FAILURES: "Times that a worker could not, and kept what it knew.",
}
_SIZES = {
    Spread.FILE_ROWS: "Rows of each file that was written.",
}
_AGES = {
    Spread.LAG_SECONDS: "Age of the oldest ping of the last flush.",
    Spread.LIST_AGE_SECONDS: "Since the withdrawal list was looked for, at that flush.",
}


def is_wanted() -> bool:
    """Tells whether this process is one whose counters are served."""
    return _WANTED in os.environ


@contextmanager
def served(port: int | None) -> Iterator[None]:
    """Serves http://127.0.0.1:<port>/metrics in its context; with None nothing.

    A process can do so once: its counters stay bound to the first folder.

    Raises:
        ConfigurationError: another program has the port.
    """
    if port is None:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="rally-prometheus-") as folder:
        os.environ[_FOLDER] = folder  # before the package is imported
        os.environ[_WANTED] = "1"  # the folder may be another program's
        try:
            with _serving(port, folder):
                yield
        finally:
            del os.environ[_FOLDER], os.environ[_WANTED]


def add(counts: Counter[Count], *measured: Measures) -> None:
    """Adds what a worker has counted and measured, and empties nothing."""
    known = _metrics()
    for count, number in counts.items():
        if count.outcome in (JOINED, LEFT, ASKED, CONSENTED):
            known.events.labels(count.study, count.document, count.outcome).inc(number)
        elif count.outcome == LEFT_OUT:
            place = count.study, count.document, count.where
            known.left_out.labels(*place).inc(number)
            continue
        else:
            known.pings.labels(*_labels(count)).inc(number)
        if count.where:
            place = count.study, count.document, count.where
            known.mismatches.labels(*place).inc(number)
    for measures in measured:
        for what, number in measures.sums.items():
            known.sums[what].inc(number)
        for spread, value in measures.spreads:
            if spread in known.gauges:
                known.gauges[spread].set(value)
            else:
                known.sizes[spread].observe(value)


class _Metrics(NamedTuple):
    pings: "prometheus_client.Counter"
    events: "prometheus_client.Counter"
    mismatches: "prometheus_client.Counter"
    left_out: "prometheus_client.Counter"
    sums: "dict[Sum, prometheus_client.Counter]"
    sizes: "dict[Spread, prometheus_client.Summary]"
    gauges: "dict[Spread, prometheus_client.Gauge]"


@cache
def _metrics() -> _Metrics:
    """Makes the metrics of this process, each of which is a file in the folder."""
    from prometheus_client import Counter, Gauge, Summary

    by = ("study", "document")
    about = "Pings by what became of them."
    return _Metrics(
        Counter("rally_pings", about, (*by, "outcome", "reason"), registry=None),
        Counter(
            "rally_events",
            "Who joined, left, asked for a copy, or said what they agree to.",
            (*by, "event"),
            registry=None,
        ),
        Counter(
            "rally_mismatches",
            "Pings that did not fit their schema, by its first place that they miss.",
            (*by, "where"),
            registry=None,
        ),
        Counter(
            "rally_left_out",
            "Values of stored pings that nobody collects any more, by their place.",
            (*by, "where"),
            registry=None,
        ),
        {name: Counter(f"rally_{name}", _SUMS[name], registry=None) for name in _SUMS},
        {
            name: Summary(f"rally_{name}", _SIZES[name], registry=None)
            for name in _SIZES
        },
        {
            name: Gauge(
                f"rally_{name}",
                _AGES[name],
                registry=None,
                multiprocess_mode="mostrecent",
            )
            for name in _AGES
        },
    )


def _labels(count: Count) -> tuple[str, str, str, str]:
    return count.study, count.document, count.outcome, count.reason


@contextmanager
def _serving(port: int, folder: str) -> Iterator[None]:
    from prometheus_client import (
        CollectorRegistry,
        ProcessCollector,
        start_http_server,
    )
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
    ProcessCollector(registry=registry)
    try:
        server, _ = start_http_server(port, ADDRESS, registry)
    except OSError as error:
        raise ConfigurationError(
            f"--prometheus {port}: cannot be served ({error.strerror}); name another"
        ) from None
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
