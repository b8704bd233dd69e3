"""Measures deletion on this machine: the command behind `make bench-deletion`.

The same rows lie in Avro files, in Parquet files and in tables of lake formats; the
same people are deleted from each by ours and by the tool that is made for it. Each
deletion is a process of its own on a fresh copy that is on the disk before. The clock
runs without start-up and imports, and beside it stands the time of the whole process.
Bytes are those of read and write calls, from the page cache or not.
"""

import argparse
import json
import os
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import deletion_ways
from benchmarks.deletion_bench import Bench, Row
from benchmarks.deletion_parts import PARTS
from benchmarks.deletion_stores import Stores
from benchmarks.deletion_ways import WAYS


def main(argv: Sequence[str] | None = None) -> int:
    arguments = sys.argv[1:] if argv is None else argv
    options = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="rally-bench-") as scratch:
        work = options.folder or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        stores = Stores(work)
        report = _measure(options, stores)
        stores.clear()
    command = shlex.join(["python", "-m", "benchmarks.deletion", *arguments])
    print(f"## `{command}`\n\n{_setting(options)}")
    for name, rows in report.items():
        print("\n".join(["", f"### {name}", "", *_table(rows)]))
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0


def _measure(options: argparse.Namespace, stores: Stores) -> dict[str, list[Row]]:
    numbers = (options.rows, options.people, options.leaving, options.repetitions)
    bench = Bench(stores, *numbers, _tell, not options.unaudited)
    chosen = options.only or (*WAYS, *PARTS)
    report = {}
    if names := [name for name in WAYS if name in chosen]:
        report["delete"] = deletion_ways.compare(bench, names)
    report |= {name: part(bench) for name, part in PARTS.items() if name in chosen}
    return report


def _setting(options: argparse.Namespace) -> str:
    return (
        f"{options.rows:,} rows of {options.people:,} people, {os.cpu_count()} cores,"
        f" {options.repetitions} repetitions (fastavro: one), medians; MB are 10⁶ bytes"
    )


def _table(rows: Sequence[Row]) -> list[str]:
    head = list(dict.fromkeys(name for row in rows for name in row))
    lines = [head, ["---:"] * len(head)]
    lines += [[_cell(row.get(name)) for name in head] for row in rows]
    return [f"| {' | '.join(cells)} |" for cells in lines]


def _cell(value: object) -> str:
    if not isinstance(value, int | float):
        return "" if value is None else str(value)
    if isinstance(value, int) or abs(value) >= 1_000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _tell(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="\r", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.deletion",
        description="Measure deletion on this machine.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--rows", type=int, default=2_000_000, help="of the store (default: 2000000)")
    add("--people", type=int, default=5_000, help="who have rows (default: 5000)")
    add("--leaving", type=_numbers, default=[1, 10, 100, 1_000], help="people deleted")
    add("--repetitions", type=int, default=3, help="of every way (default: 3)")
    add("--only", nargs="+", choices=(*WAYS, *PARTS), help="these ways and parts alone")
    add("--folder", type=Path, help="keep the stores here for the next time")
    add("--unaudited", action="store_true", help="do not read what is left behind")
    add("--json", type=Path, help="write all figures to this file too")
    return parser


def _numbers(text: str) -> list[int]:
    return [int(each) for each in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())
