"""Measures how fast a document is read as a table: `python -m benchmarks.reading`.

A partition lies there as compaction and as ingest leave it, and some people have left.
A scan reads three columns of its nested payload, and all of them, into Arrow: with
inflating, duplicates looked for and those who left looked up. Beside it fastavro reads
the same files into dictionaries, and asks nothing of them. Each reads in a process of
its own, on one core; the clock is that of its processor, without start-up.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import median
from typing import NamedTuple

import fastavro
import numpy as np
import orjson
import pyarrow as pa

from benchmarks import deletion_rows, process
from benchmarks.deletion_rows import DAY, DOCUMENT, NAMESPACE
from rally.dataset.scan import Scan
from rally.registry.registry import Registry
from rally.storage.layout import Stores
from rally.withdrawal.study_view import StudyView
from rally.withdrawal.view_object import ViewHead

LAYOUTS = ("compacted", "ingested")
THREE = ("address", "attention_ms", "scroll_depth")
_LEFT = 1_000  # people without a row, so that all rows are read
_BITS = 2
_NOW = datetime.fromisoformat(DAY).replace(tzinfo=UTC)
_HEAD = (
    *("layout", "rows", "MB", "fastavro, rows/s"),
    *("three columns, rows/s a core", "÷ fastavro"),
    *("all columns, rows/s a core", "÷ fastavro ", "peak MB"),
)


class Reading(NamedTuple):
    """What reading a store took.

    Attributes:
        rows: that were read.
        seconds: of the processor.
        peak_bytes: resident set at its largest.
    """

    rows: int
    seconds: float
    peak_bytes: int


def main(argv: Sequence[str] | None = None) -> int:
    """Prints a table; or, as the child that is measured, one line of JSON."""
    options = _parser().parse_args(argv)
    if options.read:
        print(json.dumps(_WAYS[options.way](options.read)))
        return 0
    print(f"| {' | '.join(_HEAD)} |\n|{'---|' * len(_HEAD)}")
    report = []
    for layout in LAYOUTS:
        with tempfile.TemporaryDirectory(prefix="rally-bench-") as folder:
            report.append(_measure(layout, Path(folder), options))
        print(f"| {' | '.join(map(str, report[-1].values()))} |", flush=True)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0


def _measure(
    layout: str, folder: Path, options: argparse.Namespace
) -> dict[str, object]:
    numbers = map(str, (options.rows, options.people, _BITS))
    process.run(["-m", "benchmarks.deletion_data", layout, str(folder), *numbers])
    size = orjson.loads((folder / "people.json").read_bytes())["bytes"] / 1e6
    runs: dict[str, list[Reading]] = {way: [] for way in _WAYS}
    for _ in range(options.repetitions):  # in turns, so that all have the same weather
        for way, found in runs.items():
            child = ["-m", "benchmarks.reading", f"--read={folder}", f"--way={way}"]
            found.append(Reading(*json.loads(process.run(child).output)))
    if any(run.rows != options.rows for found in runs.values() for run in found):
        sys.exit(f"{layout}: not all rows are read: {runs}")
    seconds = {way: median(it.seconds for it in found) for way, found in runs.items()}
    rates = {way: f"{options.rows / each:,.0f}" for way, each in seconds.items()}
    values = (
        *(layout, f"{options.rows:,}", f"{size:.0f}", rates["fastavro"]),
        *(rates["three"], f"{seconds['fastavro'] / seconds['three']:.1f}"),
        *(rates["all"], f"{seconds['fastavro'] / seconds['all']:.1f}"),
        f"{max(run.peak_bytes for run in runs['all']) / 1e6:.0f}",
    )
    return dict(zip(_HEAD, values, strict=True))


def _scan(folder: Path, columns: Sequence[str] | None = None) -> Reading:
    studies = Registry.load(str(folder / "studies")).studies
    document = studies[NAMESPACE].documents[DOCUMENT]
    store = Stores(str(folder / "store"), str(folder / "platform")).of(NAMESPACE)
    view = make_view(orjson.loads((folder / "people.json").read_bytes())["people"])
    pa.array(np.zeros(1))  # imports pandas, where it is there
    start = time.process_time()
    scan = Scan(store, document, view, _NOW, columns=columns)
    return _reading(start, sum(batch.num_rows for batch in scan.read()))


def _read_plainly(folder: Path) -> Reading:
    start, rows = time.process_time(), 0
    for path in sorted((folder / "store").rglob("*.avro")):
        with path.open("rb") as file:
            rows += sum(1 for _ in fastavro.reader(file))
    return _reading(start, rows)


def _reading(start: float, rows: int) -> Reading:
    seconds = time.process_time() - start
    return Reading(rows, seconds, getrusage(RUSAGE_SELF).ru_maxrss * 1024)


def make_view(people: Collection[str]) -> StudyView:
    """A view in which some people left who have no row: every row is looked up."""
    strangers = sorted(deletion_rows.people(len(people) + _LEFT)[len(people) :])
    first = np.zeros(_LEFT, np.int64)
    return StudyView(
        ViewHead(NAMESPACE, "", 1, 1, 0, _LEFT),
        (),
        np.array(strangers, "S36"),
        np.arange(_LEFT) + 1,
        first,
        first + 2**62,
        np.full(_LEFT, 2, np.uint8),
    )


_WAYS: dict[str, Callable[[Path], Reading]] = {
    "fastavro": _read_plainly,
    "three": lambda folder: _scan(folder, THREE),
    "all": _scan,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reading")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--way", choices=[*_WAYS], help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
