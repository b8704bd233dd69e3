"""A signal stops a job once; one whose error was lost can be sent again."""

import os
import signal

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines import lifecycle
from pipelines.lifecycle import Stop, exit_status, finish
from pipelines.runners import LOCAL_RUNNER


@pytest.fixture
def clock(monkeypatch):
    """Seconds that a test lets pass."""
    now = [100.0]
    monkeypatch.setattr(lifecycle.time, "monotonic", lambda: now[0])
    return now


def test_signals_right_behind_the_first_change_nothing(clock):
    stop = Stop()
    with pytest.raises(KeyboardInterrupt):
        stop(signal.SIGTERM, None)
    clock[0] += 4.9
    stop(signal.SIGINT, None)
    assert stop.number == signal.SIGTERM


def test_signal_is_heard_again_later_where_its_error_was_lost(clock):
    stop = Stop()
    with pytest.raises(KeyboardInterrupt):
        stop(signal.SIGTERM, None)
    clock[0] += 5.1
    with pytest.raises(KeyboardInterrupt):
        stop(signal.SIGINT, None)
    assert stop.number == signal.SIGINT


def test_nothing_is_stopped_that_is_over(clock):
    stop = Stop()
    stop.is_over = True
    stop(signal.SIGTERM, None)
    assert stop.number == signal.SIGINT


def close_twice_when_stopped(_):
    """Is stopped where a file is closed, and not yet marked as closed."""
    descriptor = os.open(os.devnull, os.O_RDONLY)
    try:
        os.close(descriptor)
        signal.raise_signal(signal.SIGTERM)
    finally:
        os.close(descriptor)


def in_a_pipeline():
    pipeline = beam.Pipeline(options=PipelineOptions(runner=LOCAL_RUNNER))
    _ = pipeline | beam.Create([1]) | beam.Map(close_twice_when_stopped)
    finish(pipeline)


def before_a_pipeline():
    close_twice_when_stopped(1)


@pytest.mark.parametrize("job", [in_a_pipeline, before_a_pipeline])
def test_error_of_what_a_signal_left_half_done_is_a_stop(capsys, job):
    assert exit_status("delete", job) == 128 + signal.SIGTERM
    assert capsys.readouterr() == (
        "",
        "rally: stopped; run it again for what is not done\n",
    )
