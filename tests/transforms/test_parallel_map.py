"""Works are distributed, and their results come back in one object."""

import os
from functools import partial
from typing import NamedTuple

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from rally.observability.crash import Crashed
from rally.results import WrongResults
from rally.storage.objectstore.open_store import open_store
from transforms.parallel_map import ParallelMap

NAME = "results/job/1.json"


class Piece(NamedTuple):
    """A work with a record in it, which coders that know types would make a list."""

    number: int
    parts: tuple[tuple[str, int], ...]


def make_doubler(factor):
    made_in = os.getpid()

    def work(piece):
        assert made_in == os.getpid()
        assert piece == Piece(piece.number, (("a", piece.number),))
        if piece.number == 99:
            raise ValueError("no such piece")
        return {"double": factor * piece.number, "type": type(piece).__name__}

    return work


def run(tmp_path, works, *options):
    """The step after its pipeline, and the platform."""
    pipeline = beam.Pipeline(
        options=PipelineOptions(["--runner=FnApiRunner", *options])
    )
    step = ParallelMap(works, partial(make_doubler, 2), str(tmp_path), NAME)
    _ = pipeline | step
    pipeline.run().wait_until_finish()
    return step, open_store(str(tmp_path))


@pytest.mark.slow("processes")
@pytest.mark.parametrize(
    "options",
    [
        pytest.param((), id="one process"),
        pytest.param(
            ("--direct_running_mode=multi_processing", "--direct_num_workers=2"),
            id="two processes",
        ),
    ],
)
def test_results_come_back_in_the_order_of_the_works(tmp_path, options):
    works = [Piece(number, (("a", number),)) for number in (5, 3, 12, 0, 7)]

    step, store = run(tmp_path, works, *options)

    assert step.take_results(store) == [
        {"double": double, "type": "Piece"} for double in (10, 6, 24, 0, 14)
    ]
    assert list(store.list()) == []


def test_no_works_have_no_results(tmp_path):
    step, store = run(tmp_path, [])
    assert step.take_results(store) == []


def test_what_another_attempt_left_is_replaced(tmp_path):
    open_store(str(tmp_path)).create(NAME, b'"of another attempt"\n')

    step, store = run(tmp_path, [Piece(1, (("a", 1),))])

    assert step.take_results(store) == [{"double": 2, "type": "Piece"}]


def test_results_are_taken_once(tmp_path):
    step, store = run(tmp_path, [])
    step.take_results(store)
    with pytest.raises(WrongResults, match=r"results of workers are gone$"):
        step.take_results(store)


def test_a_work_that_fails_stops_the_job_and_leaves_no_results(tmp_path):
    with pytest.raises(Crashed, match=r"^builtins\.ValueError; "):
        run(tmp_path, [Piece(1, (("a", 1),)), Piece(99, (("a", 99),))])
    assert list(open_store(str(tmp_path)).list()) == []
