"""Ingests a Pub/Sub subscription, and acknowledges only what is in whole files.

The local runner and portable engines read by this; Dataflow reads by the service's own
source (transforms.ingest_messages).
"""

import dataclasses
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import apache_beam as beam
from apache_beam.io.restriction_trackers import (
    OffsetRange,
    OffsetRestrictionTracker,
)
from apache_beam.io.watermark_estimators import ManualWatermarkEstimator
from apache_beam.transforms.core import RestrictionProvider
from apache_beam.utils.timestamp import Duration, Timestamp

from rally.envelope import make_envelope
from rally.ingestion.settings import IngestSettings
from rally.ingestion.setup import make_intake, make_writer
from rally.observability.measures import Sum
from rally.observability.progress import Progress
from rally.sources.ack_deadlines import ACK_DEADLINE_SECONDS
from rally.sources.subscription import Subscription, check_silent
from transforms.counters import publish
from transforms.without_words import without_words

_LAST = sys.maxsize - 1
_SILENT_SECONDS = 60.0
"""After so long without a message a subscription is asked for."""

_PAUSE = Duration(seconds=0)
_WATERMARK = ManualWatermarkEstimator.default_provider()


@dataclasses.dataclass
class IngestSubscription(beam.PTransform):
    """Pulls, judges and stores messages in one fused step.

    Delivery: at least once. Rows, events and dead letters are in whole files before the
    messages are acknowledged, which happens when the runner has committed the bundle.
    Pub/Sub sends unacknowledged messages again.

    Attributes:
        subscription: full name, `projects/<project>/subscriptions/<name>`.
        settings: places, keys and clock of the job.
        flush_seconds: time for which messages are gathered before their files are
            written.
        stop_after_idle_seconds: time without a message after which it ends; None is
            never.
        ack_deadline_seconds: time after which an unacknowledged message comes again:
            longer than it takes to gather messages and to write their files.
    """

    subscription: str
    settings: IngestSettings
    flush_seconds: float = 10.0
    stop_after_idle_seconds: float | None = None
    ack_deadline_seconds: int = ACK_DEADLINE_SECONDS

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection[None]:
        """Starts one reader; more processes on the same subscription share it."""
        return (
            begin
            | "Subscription" >> beam.Create([self.subscription], reshuffle=False)
            | "Ingest"
            >> beam.ParDo(
                _IngestSubscriptionFn(
                    self.settings,
                    self.flush_seconds,
                    self.stop_after_idle_seconds,
                    self.ack_deadline_seconds,
                )
            )
        )


class _Endless(RestrictionProvider):
    """Counts flushes from zero; there is always one more."""

    def initial_restriction(self, element: str) -> OffsetRange:
        return OffsetRange(0, sys.maxsize)

    def create_tracker(self, restriction: OffsetRange) -> OffsetRestrictionTracker:
        return OffsetRestrictionTracker(restriction)

    def restriction_size(self, element: str, restriction: OffsetRange) -> int:
        return 1

    def split(self, element: str, restriction: OffsetRange) -> Iterator[OffsetRange]:
        yield restriction

    def truncate(self, element: str, restriction: OffsetRange) -> None:
        """Leaves nothing to do on drain: what was not pulled stays in Pub/Sub."""


class _IngestSubscriptionFn(beam.DoFn):
    def __init__(
        self,
        settings: IngestSettings,
        flush_seconds: float,
        stop_after_idle_seconds: float | None,
        ack_deadline_seconds: int,
    ) -> None:
        self._settings = settings
        self._ack_deadline = ack_deadline_seconds
        self._flush_seconds = flush_seconds
        self._stop_after = stop_after_idle_seconds

    @without_words
    def setup(self) -> None:
        self._intake = make_intake(self._settings)
        self._writer = make_writer(
            self._settings, lambda: self._intake.counter, self._intake.flush
        )
        self._progress = Progress(self._settings.progress)
        self._last_message = self._last_sign = time.monotonic()

    @beam.DoFn.unbounded_per_element()  # type: ignore[untyped-decorator]
    @without_words
    def process(
        self,
        path: str,
        finalizer: Any = beam.DoFn.BundleFinalizerParam,
        watermark: Any = beam.DoFn.WatermarkEstimatorParam(_WATERMARK),  # noqa: B008
        tracker: Any = beam.DoFn.RestrictionParam(_Endless()),  # noqa: B008
    ) -> Iterator[None]:
        if not tracker.try_claim(tracker.current_restriction().start):
            return
        with Subscription(path, self._ack_deadline) as subscription:
            received = self._gather(subscription)
            self._writer.flush()
            self._intake.flush()
        if received:  # to open and store them is not to be idle
            self._last_message = time.monotonic()
        publish(self._intake.counts, self._intake.measures, self._writer.measures)
        self._progress.flush()
        watermark.set_watermark(Timestamp.now())
        if received:
            finalizer.register(lambda: self._acknowledge(path, received))
        is_idle = self._is_idle()
        self._look_after(path, is_idle)
        if is_idle:
            tracker.try_claim(_LAST)
        else:
            tracker.defer_remainder(_PAUSE)
        yield from ()

    def _look_after(self, path: str, is_idle: bool) -> None:
        """Asks Pub/Sub about a subscription that is silent: the network may be, too.

        Raises:
            ConfigurationError: the subscription is not there.
            ConnectionError: Pub/Sub is out of reach for more than a moment.
        """
        self._last_sign = max(self._last_sign, self._last_message)
        if is_idle or time.monotonic() - self._last_sign > _SILENT_SECONDS:
            check_silent(path)
            self._last_sign = time.monotonic()

    def _acknowledge(self, path: str, received: Sequence[str]) -> None:
        """Acknowledges messages; those that Pub/Sub misses come again."""
        try:
            missed = Subscription(path).acknowledge(received)
        except ConnectionError:
            missed = len(received)
        if missed:
            self._intake.measures.add(Sum.ACKNOWLEDGE_FAILURES, missed)

    def _gather(self, subscription: Subscription) -> list[str]:
        """Takes the messages of one flush time; returns what to acknowledge.

        The next messages are pulled while these are opened.
        """
        received: list[str] = []
        end = time.monotonic() + self._flush_seconds
        with ThreadPoolExecutor(max_workers=1) as ahead:
            coming = ahead.submit(subscription.pull)
            while True:
                messages = coming.result()
                if messages:
                    self._last_message = time.monotonic()
                is_over = time.monotonic() >= end or self._is_idle()
                if not is_over:
                    coming = ahead.submit(subscription.pull)
                for message in messages:
                    self._take(message.data, message.attributes)
                    received.append(message.ack_id)
                if is_over:
                    return received

    def _take(self, body: bytes, attributes: Mapping[str, str]) -> None:
        envelope = make_envelope(body, attributes, self._settings.country_attribute)
        if row := self._intake.take(envelope):
            self._writer.add(*row)
        if self._intake.is_full:
            self._intake.flush()
        self._progress.add(1)

    def _is_idle(self) -> bool:
        if self._stop_after is None:
            return False
        return time.monotonic() - self._last_message > self._stop_after
