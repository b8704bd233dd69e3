"""Ingests messages that the runner's own source delivers, as Dataflow's does."""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator

import apache_beam as beam
from apache_beam.io.gcp.pubsub import PubsubMessage
from apache_beam.io.gcp.pubsub import ReadFromPubSub as ReadFromPubSub

from rally.envelope import make_envelope
from rally.ingestion.settings import IngestSettings
from rally.ingestion.setup import make_intake, make_writer
from rally.storage.layout import Partition
from transforms.counters import publish
from transforms.without_words import without_words

Row = tuple[str, bytes]
"""A row, and where it goes: `<study>/<document>/<day>/<fingerprint>/<counter>`.

The fingerprint is that of the payload's schema, and the counter that of the withdrawal
list under which the row was judged. Rows of one key make a file, so no file claims a
newer list than one of its rows was judged under.
"""


@dataclasses.dataclass
class IngestMessages(beam.PTransform):
    """Judges messages, and stores their rows, events and dead letters.

    Events and dead letters are written in the source's own stage, before the service
    acknowledges. Rows are batched by partition, schema and the withdrawal list under
    which they were judged, in the runner's durable state, so that files are few; the
    writer is the same as everywhere. Such a pipeline is drained, never cancelled:
    cancelling drops the rows that the state holds.

    Attributes:
        settings: places, keys and clock of the job.
        flush_seconds: time for which the rows of a partition are gathered.
        batch_rows: most rows of a file.
    """

    settings: IngestSettings
    flush_seconds: float = 60.0
    batch_rows: int = 20_000

    def expand(
        self, messages: beam.PCollection[PubsubMessage]
    ) -> beam.PCollection[None]:
        """Judges messages, batches rows by partition, and writes the batches."""
        return (
            messages
            | "Judge" >> beam.ParDo(_JudgeFn(self.settings)).with_output_types(Row)
            | "Batch"
            >> beam.GroupIntoBatches.WithShardedKey(
                self.batch_rows, max_buffering_duration_secs=self.flush_seconds
            )
            | "Write" >> beam.ParDo(_WriteFn(self.settings))
        )


class _JudgeFn(beam.DoFn):
    def __init__(self, settings: IngestSettings) -> None:
        self._settings = settings

    @without_words
    def setup(self) -> None:
        self._intake = make_intake(self._settings)

    @without_words
    def process(self, message: PubsubMessage) -> Iterator[Row]:
        envelope = make_envelope(
            message.data, message.attributes or {}, self._settings.country_attribute
        )
        if taken := self._intake.take(envelope):
            counter = str(self._intake.counter)
            yield "/".join((*taken.partition, taken.fingerprint, counter)), taken.row
        if self._intake.is_full:
            self._intake.flush()

    @without_words
    def finish_bundle(self) -> None:
        self._intake.flush()
        publish(self._intake.counts, self._intake.measures)


class _WriteFn(beam.DoFn):
    def __init__(self, settings: IngestSettings) -> None:
        self._settings = settings

    @without_words
    def setup(self) -> None:
        self._counter = 0
        self._writer = make_writer(self._settings, lambda: self._counter)

    @without_words
    def process(self, batch: tuple[object, Iterable[bytes]]) -> Iterator[None]:
        key, rows = batch
        *where, fingerprint, counter = key.key.split("/")  # type: ignore[attr-defined]
        partition, self._counter = Partition(*where), int(counter)
        for row in rows:  # which may be more than memory holds
            self._writer.add(partition, fingerprint, row)
        self._writer.flush()
        publish(Counter(), self._writer.measures)
        yield from ()
