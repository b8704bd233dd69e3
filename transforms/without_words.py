"""Keeps the words of a worker's crash out of logs, on every engine.

Beam writes what a worker raises to the worker's standard error and log, and sends it to
the launcher as text. An error that nobody foresaw may quote a ping.
"""

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from rally.errors import ConfigurationError, CorruptFile
from rally.observability.crash import TRACEBACK, Crashed
from rally.storage.leases import LeaseHeld
from rally.storage.objectstore.interface import ObjectHeld

F = TypeVar("F", bound=Callable[..., Any])

_FORESEEN = (ConfigurationError, CorruptFile, LeaseHeld, ObjectHeld, OSError, Crashed)
"""Errors whose words are ours, or name a file alone; pipelines.lifecycle knows each."""


def without_words(method: F) -> F:
    """Makes a method of a DoFn raise Crashed in place of an unforeseen error."""

    @functools.wraps(method)
    def guarded(*arguments: Any, **named: Any) -> Any:
        with _crash_without_words():
            result = method(*arguments, **named)
        return _guard(result) if isinstance(result, Iterator) else result

    return guarded  # type: ignore[return-value]


def _guard(elements: Iterator[Any]) -> Iterator[Any]:
    with _crash_without_words():
        yield from elements


@contextmanager
def _crash_without_words() -> Iterator[None]:
    try:
        yield
    except _FORESEEN:
        raise
    except Exception as error:
        if os.environ.get(TRACEBACK) == "full":
            raise
        raise Crashed.of(error) from None
