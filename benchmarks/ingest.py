"""Measures ingest on this machine: the command behind `make bench-ingest`.

In one run the same sealed pings go through a plain loop (the floor), through the
pipeline on one process and on two, in turn, round after round. A rate is of a whole
process less its start-up, which is the same command on one ping just before. Ratios
are of rates in the same round, and medians over rounds: on a busy machine they hold
better than the rates do.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import opening, streaming, ways, workload
from benchmarks.process import Run
from benchmarks.workload import SCHEMES, Workload

WAYS = {"floor": ways.floor, "one": ways.one, "two": ways.two}
PARTS = (*WAYS, "jwe", "streaming", "memory")

_USUAL = ("floor", "one", "two", "jwe", "streaming")
_MEMORY_TIMES = 10
_MEGABYTE = 1_000_000
_YARDSTICK = ("openssl", "speed", "-seconds", "1", "ecdhp256")

Row = dict[str, Any]
Say = Callable[[str], None]


def main(argv: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    parts = options.only or _USUAL + (("memory",) if options.memory else ())
    with tempfile.TemporaryDirectory(prefix="rally-bench-") as scratch:
        work = options.work or Path(scratch)
        report = _measure(options, parts, work)
    print("\n".join(_markdown(report)))
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0


def _measure(options: argparse.Namespace, parts: Sequence[str], work: Path) -> Row:
    report: Row = {"pings": options.pings, "yardstick": [_yardstick()]}
    make = workload.make
    chosen = {name: way for name, way in WAYS.items() if name in parts}
    report["ways"] = [
        row
        for size, scheme in product(options.sizes, options.schemes)
        for row in _ways(make(work, scheme, size, options.pings), chosen, options)
    ]
    if "jwe" in parts:
        report["jwe"] = [
            _opening(make(work, "jwe", size, options.pings)) for size in options.sizes
        ]
    if "streaming" in parts:
        smallest = make(work, options.schemes[0], options.sizes[0], options.pings)
        report["streaming"] = [_streaming(smallest)]
    if "memory" in parts:
        report["memory"] = [
            _memory(make(work, options.schemes[0], options.sizes[0], count))
            for count in (options.pings, options.pings * _MEMORY_TIMES)
        ]
    report["yardstick"].append(_yardstick())
    return report


def _ways(
    given: Workload, chosen: dict[str, ways.Way], options: argparse.Namespace
) -> list[Row]:
    """Every way in turn, round after round, so that all meet the same noise."""
    rounds: dict[str, list[tuple[Run, Run]]] = {name: [] for name in chosen}
    for number in range(options.rounds):
        for name, way in chosen.items():
            _tell(f"{given.scheme} {given.size:,} B, round {number + 1}: {name}")
            start_up = way(given, given.one_ping)
            rounds[name].append((start_up, way(given, given.inputs)))
    return [_row(given, name, runs, rounds) for name, runs in rounds.items()]


def _row(
    given: Workload,
    name: str,
    runs: list[tuple[Run, Run]],
    rounds: dict[str, list[tuple[Run, Run]]],
) -> Row:
    floor = rounds.get("floor", [])
    seconds = [_clock(each) for each in runs]
    return {
        "scheme": given.scheme,
        "size": given.size,
        "way": name,
        "pings_per_second": given.count / median(seconds),
        "to_floor": _ratio(map(_clock, floor), seconds),
        "cpu_micros": median(map(_cpu, runs)) / given.count * 1e6,
        "cpu_to_floor": _ratio(map(_cpu, floor), map(_cpu, runs)),
        "whole_per_second": given.count / median(run.seconds for _, run in runs),
        "start_up_seconds": median(start.seconds for start, _ in runs),
        "peak_megabytes": max(run.peak_bytes for _, run in runs) / _MEGABYTE,
    }


def _clock(pair: tuple[Run, Run]) -> float:
    """Seconds without the start-up; on very few pings noise may leave nothing."""
    start_up, run = pair
    return max(run.seconds - start_up.seconds, 1e-3)


def _cpu(pair: tuple[Run, Run]) -> float:
    start_up, run = pair
    return max(run.cpu_seconds - start_up.cpu_seconds, 1e-3)


def _ratio(floor: Iterable[float], ours: Iterable[float]) -> float | None:
    """The median over rounds of our rate by the floor's."""
    ratios = [base / each for base, each in zip(floor, ours, strict=False)]
    return median(ratios) if ratios else None


def _opening(given: Workload) -> Row:
    _tell(f"jwe {given.size:,} B: opening and its primitives")
    return {"size": given.size, **opening.measure(given)._asdict()}


def _streaming(given: Workload) -> Row:
    if not streaming.is_here():
        return {"skipped": "gcloud is not on this machine"}
    _tell(f"{given.scheme} {given.size:,} B: streaming from the emulator")
    pair = streaming.measure(given)
    return {
        "scheme": given.scheme,
        "size": given.size,
        "pings_per_second": given.count / _clock(pair),
        "cpu_micros": _cpu(pair) / given.count * 1e6,
        "peak_megabytes": pair[1].peak_bytes / _MEGABYTE,
    }


def _memory(given: Workload) -> Row:
    _tell(f"{given.scheme} {given.size:,} B: memory of {given.count:,}")
    row: Row = {"pings": given.count}
    for name in ("one", "two"):
        run = WAYS[name](given, given.inputs)
        row[f"{name}_peak_megabytes"] = run.peak_bytes / _MEGABYTE
    return row


def _yardstick() -> float | None:
    """What `openssl speed` says of P-256: key agreements in a second on one core."""
    try:
        done = subprocess.run(_YARDSTICK, capture_output=True, text=True, check=True)
        return float(done.stdout.split()[-1])
    except (OSError, subprocess.CalledProcessError, ValueError, IndexError):
        return None


def _markdown(report: Row) -> list[str]:
    measured = [f"{each:,.0f}" for each in report["yardstick"] if each]
    lines = [
        f"{report['pings']:,} pings; `{' '.join(_YARDSTICK)}`, before and after:"
        f" {', '.join(measured) or 'not on this machine'} op/s",
    ]
    if report["ways"]:
        lines += ["", *_table(report["ways"])]
    for name in ("jwe", "streaming", "memory"):
        if rows := report.get(name):
            lines += ["", f"{name}:", "", *_table(rows)]
    return lines


def _table(rows: Sequence[Row]) -> list[str]:
    head = list(rows[0])
    lines = [[name.replace("_", " ") for name in head], ["---:"] * len(head)]
    lines += [[_cell(name, row[name]) for name in head] for row in rows]
    return [f"| {' | '.join(cells)} |" for cells in lines]


def _cell(name: str, value: object) -> str:
    if not isinstance(value, int | float):
        return "" if value is None else str(value)
    if "to_floor" in name or name == "ratio":
        return f"{value:.2f}"
    small = isinstance(value, float) and value < 1_000
    return f"{value:,.1f}" if small else f"{value:,.0f}"


def _tell(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="\r", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ingest",
        description="Measure ingest on this machine.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--pings", type=int, default=100_000, help="of each kind (default: 100000)")
    add("--sizes", type=_numbers, default=[1_000, 5_000], help="clear text, in bytes")
    add("--schemes", type=_schemes, default=list(SCHEMES), help="jwe,hpke,ecies")
    add("--rounds", type=int, default=3, help="of every way in turn (default: 3)")
    add("--only", nargs="+", choices=PARTS, help="these measurements alone")
    add("--memory", action="store_true", help="tenfold the pings too, for memory alone")
    add("--work", type=Path, help="keep the sealed pings here for the next time")
    add("--json", type=Path, help="write all figures to this file too")
    return parser


def _numbers(text: str) -> list[int]:
    return [int(each) for each in text.split(",")]


def _schemes(text: str) -> list[str]:
    given = text.split(",")
    if unknown := set(given) - set(SCHEMES):
        raise argparse.ArgumentTypeError(f"no such scheme: {', '.join(unknown)}")
    return given


if __name__ == "__main__":
    sys.exit(main())
