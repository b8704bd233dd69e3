"""A signal stops a job once; one whose error was lost can be sent again."""

import signal

import pytest

from pipelines import lifecycle
from pipelines.lifecycle import Stop


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
