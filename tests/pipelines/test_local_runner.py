"""The local runner: a stream is as long as it likes, and workers end with it."""

import sys

import apache_beam as beam
import pytest
from apache_beam.io.restriction_trackers import OffsetRange, OffsetRestrictionTracker
from apache_beam.metrics import Metrics
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import worker_handlers
from apache_beam.transforms.core import RestrictionProvider
from apache_beam.utils.timestamp import Duration

from pipelines.runners import LOCAL_RUNNER

BUNDLES = sys.getrecursionlimit() + 100


class Bundles(RestrictionProvider):
    def initial_restriction(self, element):
        return OffsetRange(0, element)

    def create_tracker(self, restriction):
        return OffsetRestrictionTracker(restriction)

    def restriction_size(self, element, restriction):
        return 1

    def split(self, element, restriction):
        yield restriction


class CountBundles(beam.DoFn):
    @beam.DoFn.unbounded_per_element()
    def process(self, element, tracker=beam.DoFn.RestrictionParam(Bundles())):  # noqa: B008
        if tracker.try_claim(tracker.current_restriction().start):
            Metrics.counter("test", "bundles").inc()
            tracker.defer_remainder(Duration(seconds=0))
        yield from ()


@pytest.mark.slow("processes")
def test_stream_of_more_bundles_than_python_nests_calls_is_counted():
    pipeline = beam.Pipeline(runner=LOCAL_RUNNER)
    _ = pipeline | beam.Create([BUNDLES]) | beam.ParDo(CountBundles())

    result = pipeline.run()
    result.wait_until_finish()

    (counter,) = result.metrics().query()["counters"]
    assert counter.result == BUNDLES


def test_worker_that_calls_after_the_end_is_told_to_end():
    pipeline = beam.Pipeline(runner=LOCAL_RUNNER)
    _ = pipeline | beam.Create([0])
    pipeline.run().wait_until_finish()
    connection = worker_handlers.ControlConnection()

    connection.close()
    connection.set_input(iter(()))

    told = connection._push_queue.get_nowait()
    assert told is worker_handlers.BeamFnControlServicer._DONE_MARKER


@pytest.mark.slow("processes")
def test_processes_that_die_before_they_call_end_the_job(monkeypatch):
    monkeypatch.setattr(sys, "executable", "false")
    two = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]
    pipeline = beam.Pipeline(LOCAL_RUNNER, options=PipelineOptions(two))
    _ = pipeline | beam.Create([0]) | beam.Reshuffle()

    with pytest.raises(OSError, match="a worker process died, as when memory runs out"):
        pipeline.run()
