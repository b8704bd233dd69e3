"""Replays dead letters, one object at a time."""

import dataclasses
from collections.abc import Iterator, Sequence

import apache_beam as beam
from apache_beam.metrics import Metrics

from rally.dead_letters import LetterPlace
from rally.ingestion.replay import DamagedObject, Replay, Replayed
from rally.ingestion.settings import IngestSettings
from rally.ingestion.setup import make_intake, make_unsealer, make_writer
from rally.outcomes import FailureReason
from rally.storage.objectstore.interface import ObjectInfo
from transforms.counters import publish
from transforms.without_words import without_words

NAMESPACE = "rally.replay"
"""Namespace of the counters of dead letters; their names are the fields of Replayed."""

DAMAGED = "rally.replay.damaged"
"""Namespace of the counters of objects that are not whole, each named by its object.

Counters are what reaches the launcher from workers of every runner.
"""

Work = tuple[LetterPlace, ObjectInfo]


@dataclasses.dataclass
class ReplayDeadLetters(beam.PTransform):
    """Feeds dead letters through ingest again, and removes what went through.

    An object that is not whole is left out, and counted.

    Attributes:
        objects: objects of dead letters, with their places.
        settings: places, keys and clock of the job.
        reason: only reason to replay; None is all.
    """

    objects: Sequence[Work]
    settings: IngestSettings
    reason: FailureReason | None = None

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection[None]:
        """Distributes the objects to the workers."""
        return (
            begin
            | "Objects" >> beam.Create(list(self.objects), reshuffle=False)
            | "Distribute" >> beam.Reshuffle()
            | "Replay" >> beam.ParDo(_ReplayFn(self.settings, self.reason))
        )


class _ReplayFn(beam.DoFn):
    def __init__(self, settings: IngestSettings, reason: FailureReason | None) -> None:
        self._settings = settings
        self._reason = reason

    @without_words
    def setup(self) -> None:
        self._intake = make_intake(self._settings)
        self._writer = make_writer(
            self._settings, lambda: self._intake.counter, self._intake.flush
        )
        self._replay = Replay(
            self._intake,
            self._writer,
            self._settings.stores().platform,
            make_unsealer(self._settings),
            self._reason,
        )

    @without_words
    def process(self, work: Work) -> Iterator[None]:
        try:
            _publish(self._replay.replay(*work))
        except DamagedObject:
            _, info = work
            Metrics.counter(DAMAGED, info.name).inc()
        publish(self._intake.counts, self._intake.measures, self._writer.measures)
        yield from ()


def _publish(replayed: Replayed) -> None:
    for name, number in replayed._asdict().items():
        Metrics.counter(NAMESPACE, name).inc(number)
