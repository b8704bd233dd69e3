"""Measures the exact part of a release: `python -m benchmarks.release`.

Rows in memory are grouped, bounded and summed, by us and by pipeline-dp's local backend
(which adds noise, too): the same people, groups, bounds and measures. Then the same is
done with rows that are read from a compacted store. Each way runs in a process of its
own, on one core; the clock is that of its processor, without start-up.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import median
from typing import NamedTuple

import numpy as np
import orjson
import pyarrow as pa

from benchmarks import process
from benchmarks.deletion_rows import DAY, DOCUMENT, NAMESPACE
from benchmarks.reading import make_view
from rally.registry.registry import Registry
from rally.releases.cells import Cells
from rally.releases.collecting import MOST_BYTES, open_scans
from rally.releases.grouping import count_rows, join
from rally.releases.recipe import Bounds, Grouping, Measure, MeasureKind, Recipe, Window
from rally.releases.summing import sum_up
from rally.storage.layout import Stores

GROUPS, BOUNDS = 200, Bounds(groups=8, rows=5)
_KEY = bytes(32)
_WIDTH = 656  # of a band of attention, of which there are 200
_DAY = date.fromisoformat(DAY)
_WINDOW = Window(_DAY, _DAY)
_AT_ONCE = 150_000  # rows of one range of participants
_BITS = 2
_HEAD = ("way", "rows", "rows/s a core", "÷ pipeline-dp", "peak MB")


class Taken(NamedTuple):
    """What one way took.

    Attributes:
        rows: that were summed.
        seconds: of the processor.
        peak_bytes: resident set at its largest.
    """

    rows: int
    seconds: float
    peak_bytes: int


def make_recipe(*, is_value: bool) -> Recipe:
    """People, rows and a sum by 200 groups: of declared values, or of bands."""
    values = tuple(f"region {number:03}" for number in range(GROUPS))
    edges = tuple(Decimal(number * _WIDTH) for number in range(GROUPS + 1))
    grouping = (
        Grouping("region", values=values)
        if is_value
        else Grouping("attention_ms", edges=edges)
    )
    number = "minutes" if is_value else "scroll_depth"
    return Recipe(
        namespace=NAMESPACE,
        id="bench",
        question="",
        author="",
        purpose="",
        documents=(DOCUMENT,),
        first=_DAY,
        last=_DAY,
        window_days=None,
        filters=(),
        group_by=(grouping,),
        measures=(
            Measure("people", MeasureKind.PEOPLE),
            Measure("rows", MeasureKind.ROWS),
            Measure("sum", MeasureKind.SUM, 1, number, Decimal(0), Decimal(60), 2),
        ),
        bounds=BOUNDS,
        rho=Decimal("0.0175"),
        suppress_below=None,
    )


def _batches(rows: int, people: int) -> Iterator[pa.RecordBatch]:
    """Rows of one range of participants after the other, sorted as a store has them."""
    generator = np.random.default_rng(7)
    values = pa.array(make_recipe(is_value=True).group_by[0].values)
    parts = max(1, rows // _AT_ONCE)
    for part in range(parts):
        count, own = rows // parts, max(1, people // parts)
        person = np.sort(generator.integers(0, own, count)) + part * own
        yield pa.record_batch(
            {
                "participant": _ids(person),
                "document_id": _ids(generator.integers(0, 2**62, count)),
                "region": values.take(pa.array(generator.integers(0, GROUPS, count))),
                "minutes": pa.array(generator.integers(0, 120, count)),
            }
        )


def _ids(numbers: np.ndarray) -> pa.Array:
    """UUIDs that have a number for their last digits."""
    digits = (numbers[:, None] >> np.arange(76, -4, -4).clip(0, 60)) & 15
    text = np.full((len(numbers), 36), ord("0"), np.uint8)
    text[:, [8, 13, 18, 23]] = ord("-")
    text[:, 24:] = np.frombuffer(b"0123456789abcdef", np.uint8)[digits[:, -12:]]
    ends = np.arange(len(numbers) + 1, dtype=np.int32) * 36
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(text)]
    return pa.StringArray.from_buffers(len(numbers), *buffers[1:])


def _ours(options: argparse.Namespace) -> Taken:
    recipe = make_recipe(is_value=True)
    cells, seconds = Cells(recipe), 0.0
    total = cells.zeros()
    for batch in _batches(options.rows, options.people):
        start = time.process_time()
        total += sum_up(recipe, cells, count_rows(recipe, batch, _nobody), _KEY)
        seconds += time.process_time() - start
    assert total.any()
    return _taken(options.rows, seconds)


def _pipeline_dp(options: argparse.Namespace) -> Taken:
    import pipeline_dp

    rows = [
        (each["participant"], each["region"], each["minutes"])
        for batch in _batches(options.peer_rows, options.peer_rows // 100)
        for each in batch.to_pylist()
    ]
    metrics = pipeline_dp.Metrics
    start = time.process_time()
    accountant = pipeline_dp.NaiveBudgetAccountant(1.0, 1e-6)
    engine = pipeline_dp.DPEngine(accountant, pipeline_dp.LocalBackend())
    params = pipeline_dp.AggregateParams(
        metrics=[metrics.PRIVACY_ID_COUNT, metrics.COUNT, metrics.SUM],
        noise_kind=pipeline_dp.NoiseKind.GAUSSIAN,
        max_partitions_contributed=BOUNDS.groups,
        max_contributions_per_partition=BOUNDS.rows,
        min_value=0,
        max_value=60,
    )
    extractors = pipeline_dp.DataExtractors(
        privacy_id_extractor=lambda row: row[0],
        partition_extractor=lambda row: row[1],
        value_extractor=lambda row: row[2],
    )
    public = list(make_recipe(is_value=True).group_by[0].values)
    result = engine.aggregate(rows, params, extractors, public)
    accountant.compute_budgets()
    assert len([*result]) == GROUPS
    return _taken(len(rows), time.process_time() - start)


def _from_store(options: argparse.Namespace) -> Taken:
    folder, recipe = options.store, make_recipe(is_value=False)
    study = Registry.load(str(folder / "studies")).studies[NAMESPACE]
    store = Stores(str(folder / "store"), str(folder / "platform")).of(NAMESPACE)
    view = make_view(orjson.loads((folder / "people.json").read_bytes())["people"])
    now = datetime.fromisoformat(DAY).replace(tzinfo=UTC)
    start = time.process_time()
    (scan,) = open_scans(store, study, recipe, _WINDOW, view, now)
    cells, rows = Cells(recipe), 0
    total = cells.zeros()
    for people in scan.ranges(MOST_BYTES):
        batches = [*scan.batches(people)]
        rows += sum(map(len, batches))
        parts = [count_rows(recipe, each, _nobody) for each in batches]
        total += sum_up(recipe, cells, join(parts), _KEY)
    assert total.any()
    return _taken(rows, time.process_time() - start)


def _nobody(participants: np.ndarray, grouping: Grouping) -> np.ndarray:
    raise AssertionError(grouping)


def _taken(rows: int, seconds: float) -> Taken:
    return Taken(rows, seconds, getrusage(RUSAGE_SELF).ru_maxrss * 1024)


_WAYS: dict[str, Callable[[argparse.Namespace], Taken]] = {
    "pipeline-dp": _pipeline_dp,
    "in memory": _ours,
    "from a compacted store": _from_store,
}


def main(argv: list[str] | None = None) -> int:
    """Prints a table; or, as the child that is measured, one line of JSON."""
    options = _parser().parse_args(argv)
    if options.way:
        print(json.dumps(_WAYS[options.way](options)))
        return 0
    print(f"| {' | '.join(_HEAD)} |\n|{'---|' * len(_HEAD)}")
    with tempfile.TemporaryDirectory(prefix="rally-bench-") as folder:
        made = map(str, (options.stored_rows, options.stored_rows // 50, _BITS))
        process.run(["-m", "benchmarks.deletion_data", "compacted", folder, *made])
        peer = 0.0
        for way in _WAYS:
            taken = _measure(way, folder, options)
            rate = taken.rows / taken.seconds
            peer = peer or rate
            line = (way, f"{taken.rows:,}", f"{rate:,.0f}", f"{rate / peer:,.0f}")
            print(f"| {' | '.join(line)} | {taken.peak_bytes / 1e6:,.0f} |", flush=True)
    return 0


def _measure(way: str, folder: str, options: argparse.Namespace) -> Taken:
    sizes = [f"--{name}={getattr(options, name)}" for name in _SIZES]
    child = ["-m", "benchmarks.release", f"--way={way}", f"--store={folder}", *sizes]
    times = 1 if way == "pipeline-dp" else options.repetitions
    runs = [Taken(*json.loads(process.run(child).output)) for _ in range(times)]
    seconds = median(each.seconds for each in runs)
    return runs[0]._replace(seconds=seconds)


_SIZES = {
    "rows": 10_000_000,
    "people": 100_000,
    "peer_rows": 1_000_000,
    "stored_rows": 1_000_000,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.release")
    for name, size in _SIZES.items():
        parser.add_argument(f"--{name}", type=int, default=size)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--way", choices=[*_WAYS], help=argparse.SUPPRESS)
    parser.add_argument("--store", type=Path, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
