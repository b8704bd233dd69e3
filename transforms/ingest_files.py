"""Ingests files: a worker reads, judges and stores each unit of work in one place."""

import dataclasses
from collections.abc import Iterator, Sequence

import apache_beam as beam

from rally.envelope import Envelope
from rally.ingestion.settings import IngestSettings
from rally.ingestion.setup import make_intake, make_writer
from rally.observability.progress import Progress
from rally.sources.inputs import Unit
from rally.sources.lines import Malformed
from rally.sources.messages import read_messages
from transforms.counters import publish
from transforms.without_words import without_words


@dataclasses.dataclass
class IngestFiles(beam.PTransform):
    """Reads units of files, and stores their rows, events and dead letters.

    No row is shuffled: a unit's rows are grouped where they are read, and its files are
    whole before the unit counts as done. A unit that is done again writes the same
    objects. The writer bounds the memory, whatever the size of the input.

    Attributes:
        units: ranges of files, from rally.sources.inputs.plan_units.
        settings: places, keys and clock of the job.
    """

    units: Sequence[Unit]
    settings: IngestSettings

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection[None]:
        """Distributes the units to the workers."""
        return (
            begin
            | "Units" >> beam.Create(list(self.units), reshuffle=False)
            | "Distribute" >> beam.Reshuffle()
            | "Ingest" >> beam.ParDo(_IngestUnitFn(self.settings))
        )


class _IngestUnitFn(beam.DoFn):
    def __init__(self, settings: IngestSettings) -> None:
        self._settings = settings

    @without_words
    def setup(self) -> None:
        self._intake = make_intake(self._settings)
        self._writer = make_writer(
            self._settings, lambda: self._intake.counter, self._intake.flush
        )
        self._progress = Progress(self._settings.progress)

    @without_words
    def process(self, unit: Unit) -> Iterator[None]:
        count = self._progress.add if self._settings.progress else None
        country = self._settings.country_attribute
        for piece in unit:
            for message in read_messages(piece, country, count):
                self._take(message)
        self._writer.flush()
        self._intake.flush()
        publish(self._intake.counts, self._intake.measures, self._writer.measures)
        self._progress.flush()
        yield from ()

    def _take(self, message: Envelope | Malformed) -> None:
        if isinstance(message, Malformed):
            self._intake.take_malformed(message.origin)
        elif row := self._intake.take(message):
            self._writer.add(*row)
        if self._intake.is_full:
            self._intake.flush()
