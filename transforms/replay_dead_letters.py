"""Replays dead letters, one object at a time."""

import dataclasses
from collections.abc import Iterator, Sequence

import apache_beam as beam

from rally.dead_letters import Place
from rally.ingesting.replay import Replay
from rally.ingesting.setup import (
    IngestSettings,
    make_intake,
    make_unsealer,
    make_writer,
)
from rally.outcomes import FailureReason
from rally.storing.objects import ObjectInfo
from transforms.counters import publish

Work = tuple[Place, ObjectInfo]


@dataclasses.dataclass
class ReplayDeadLetters(beam.PTransform):
    """Feeds dead letters through ingest again and removes what went through.

    Attributes:
        objects: of dead letters, and their places.
        settings: where everything is.
        reason: replay these only; None is all.
    """

    objects: Sequence[Work]
    settings: IngestSettings
    reason: FailureReason | None = None

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection[None]:
        """Deals the objects out to the workers."""
        return (
            begin
            | "Objects" >> beam.Create(list(self.objects), reshuffle=False)
            | "Deal" >> beam.Reshuffle()
            | "Replay" >> beam.ParDo(_ReplayFn(self.settings, self.reason))
        )


class _ReplayFn(beam.DoFn):
    def __init__(self, settings: IngestSettings, reason: FailureReason | None) -> None:
        self._settings = settings
        self._reason = reason

    def setup(self) -> None:
        self._intake = make_intake(self._settings)
        self._replay = Replay(
            self._intake,
            make_writer(self._settings),
            self._settings.stores().platform,
            make_unsealer(self._settings),
            self._reason,
        )

    def process(self, work: Work) -> Iterator[None]:
        self._replay.replay(*work)
        publish(self._intake.counts)
        yield from ()
