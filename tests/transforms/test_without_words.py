"""What a worker raises: its words where they are ours, and else none."""

import importlib
import pkgutil

import apache_beam as beam
import pytest

import transforms
from rally.errors import ConfigurationError, CorruptFile
from rally.observability.crash import Crashed
from transforms.without_words import without_words

WORDS = "Sabine reads about hats"


class Fn(beam.DoFn):
    def __init__(self, error):
        self._error = error

    @without_words
    def setup(self):
        raise self._error

    @without_words
    def process(self, element, window=beam.DoFn.WindowParam):
        yield element
        raise self._error


def our_fns():
    for module in pkgutil.iter_modules(transforms.__path__, "transforms."):
        for each in vars(importlib.import_module(module.name)).values():
            is_fn = isinstance(each, type) and issubclass(each, beam.DoFn)
            if is_fn and each.__module__ == module.name:
                yield each


@pytest.mark.parametrize(
    "error", [KeyError(WORDS), MemoryError(WORDS), Exception(WORDS)]
)
def test_what_nobody_foresaw_leaves_its_words(error):
    fn = Fn(error)
    with pytest.raises(Crashed) as caught:
        fn.setup()
    told = str(caught.value)
    assert told.startswith(f"builtins.{type(error).__name__}; ")
    assert WORDS not in told
    assert caught.value.__suppress_context__

    elements = fn.process(1)
    assert next(elements) == 1
    with pytest.raises(Crashed, match="in process"):
        next(elements)


@pytest.mark.parametrize(
    "error",
    [
        ConfigurationError("--x: must be y"),
        CorruptFile("a: is cut off"),
        OSError(28, "full"),
    ],
)
def test_what_was_foreseen_keeps_its_words(error):
    with pytest.raises(type(error)) as caught:
        Fn(error).setup()
    assert caught.value is error


def test_words_are_kept_for_who_asks_for_them(monkeypatch):
    monkeypatch.setenv("RALLY_TRACEBACK", "full")
    with pytest.raises(KeyError, match=WORDS):
        Fn(KeyError(WORDS)).setup()


def test_every_method_of_our_workers_leaves_words_behind():
    fns = {
        each.__name__: each for each in our_fns() if each.__module__ != "apache_beam"
    }
    assert {"_IngestUnitFn", "_JudgeFn", "_WorkFn"} <= fns.keys()
    for each in fns.values():
        for name in ("setup", "process", "finish_bundle"):
            method = vars(each).get(name)
            assert method is None or hasattr(method, "__wrapped__"), (each, name)
