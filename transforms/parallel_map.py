"""Applies a function to records on many workers, and brings the results back."""

import dataclasses
import pickle
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import apache_beam as beam

from rally import results
from rally.storage.objectstore.interface import ObjectStore, upsert
from rally.storage.objectstore.open_store import open_store
from transforms.without_words import without_words

W = TypeVar("W")
R = TypeVar("R")

_Numbered = tuple[int, bytes]
"""Place of a record in the sequence, and the pickled record or its result's line."""


@dataclasses.dataclass
class ParallelMap(beam.PTransform, Generic[W, R]):
    """Applies a function to records on many workers; the results become one object.

    The launcher can read an object on every runner. A record that fails stops the job.
    One that is worked on again, because a machine died, has to give the same result.

    Attributes:
        works: records, which can be pickled.
        make_worker: maker of the function, which takes a record and returns a value
            that JSON can hold. Each worker calls it once. It is pickled: a function of
            a module, or a `functools.partial` of one.
        platform: URI of the platform's store.
        result_name: name of the results' object there; see rally.results.
    """

    works: Sequence[W]
    make_worker: Callable[[], Callable[[W], R]]
    platform: str
    result_name: str
    _digests: list[str] = dataclasses.field(default_factory=list, init=False)

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection[None]:
        """Distributes the records, and gathers the results."""
        works = [(place, pickle.dumps(work)) for place, work in enumerate(self.works)]
        self._digests = [results.digest(work) for _, work in works]
        return (
            begin
            | "Works" >> beam.Create(works, reshuffle=False)
            | "Distribute" >> beam.Reshuffle()
            | "Work"
            >> beam.ParDo(_WorkFn(self.make_worker)).with_output_types(_Numbered)
            | "Gather" >> beam.combiners.ToList()
            | "Keep" >> beam.ParDo(_KeepFn(self.platform, self.result_name))
        )

    def take_results(self, platform: ObjectStore) -> list[Any]:
        """Reads the results in the order of the records, after the pipeline has ended.

        Raises:
            WrongResults: they do not answer the records that were distributed.
        """
        return results.take_results(platform, self.result_name, self._digests)


class _WorkFn(beam.DoFn):
    def __init__(self, make_worker: Callable[[], Callable[[Any], Any]]) -> None:
        self._make_worker = make_worker

    @without_words
    def setup(self) -> None:
        self._worker = self._make_worker()

    @without_words
    def process(self, numbered: _Numbered) -> Iterator[_Numbered]:
        place, work = numbered
        result = self._worker(pickle.loads(work))
        yield place, results.answer(place, work, result)


class _KeepFn(beam.DoFn):
    def __init__(self, platform: str, result_name: str) -> None:
        self._platform = platform
        self._result_name = result_name

    @without_words
    def process(self, answers: Sequence[_Numbered]) -> Iterator[None]:
        lines = b"".join(line for _, line in sorted(answers))
        upsert(open_store(self._platform), self._result_name, lines)
        yield from ()
