"""Measures how fast an audit reads rows: `python -m benchmarks.audit`.

A partition lies there as compaction and as ingest leave it, with everybody in the event
log and some who have left. Every byte is read: each row is walked, its date, its place,
its pseudonym and its enrolment are looked at, and each UUID in it is held against the
ids of all who are known. Each layout is read by a process of its own, on one core; the
clock is that of its processor, and runs without start-up and the reading of the log.
Beside it fastavro reads the same files, row by row, and asks nothing of them.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import median
from typing import NamedTuple

import fastavro
import orjson

from benchmarks import deletion_rows, process
from benchmarks.deletion_rows import DAY, DOCUMENT, NAMESPACE
from benchmarks.founding import found
from rally.audit.row_audit import RowAudit
from rally.audit.settings import AuditSettings
from rally.audit.units import WorkUnit
from rally.events import RALLY, Event, EventKind, write_events
from rally.storage.layout import Stores
from rally.times import to_micros

LAYOUTS = ("compacted", "ingested")
_AS_OF = "2026-03-01T00:00:00+00:00"
_LEFT = 1_000  # people without a row, so that nothing is broken
_BITS = 2
_HEAD = (
    *("layout", "rows", "MB", "fastavro, rows/s", "audit, rows/s a core"),
    *("÷ fastavro", "MB/s a core", "peak MB"),
)


class Reading(NamedTuple):
    """What reading a store took.

    Attributes:
        rows: that were read.
        seconds: of the processor.
        peak_bytes: resident set at its largest.
        faults: promises that were found broken; there should be none.
    """

    rows: int
    seconds: float
    peak_bytes: int
    faults: int


def main(argv: Sequence[str] | None = None) -> int:
    """Prints a table; or, as the child that is measured, one line of JSON."""
    options = _parser().parse_args(argv)
    if options.read:
        read = _read_plainly if options.plainly else _read
        print(json.dumps(read(options.read)))
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
    command = [layout, str(folder), *numbers]
    process.run(["-m", "benchmarks.deletion_data", *command])
    _make_platform(folder)
    size = orjson.loads((folder / "people.json").read_bytes())["bytes"] / 1e6
    child = ["-m", "benchmarks.audit", f"--read={folder}"]
    plain, ours = list[Reading](), list[Reading]()
    for _ in range(options.repetitions):  # in turns, so that both have the same weather
        plain.append(_run([*child, "--plainly"]))
        ours.append(_run(child))
    if any(run.faults or run.rows != options.rows for run in plain + ours):
        sys.exit(f"{layout}: not all rows are read, or some are found wrong: {ours}")
    floor, seconds = (median(each.seconds for each in runs) for runs in (plain, ours))
    values = (
        *(layout, f"{options.rows:,}", f"{size:.0f}"),
        *(f"{options.rows / floor:,.0f}", f"{options.rows / seconds:,.0f}"),
        *(f"{floor / seconds:.1f}", f"{size / seconds:.0f}"),
        f"{max(run.peak_bytes for run in ours) / 1e6:.0f}",
    )
    return dict(zip(_HEAD, values, strict=True))


def _run(child: Sequence[str]) -> Reading:
    return Reading(*json.loads(process.run(child).output))


def _settings(folder: Path) -> AuditSettings:
    return AuditSettings(
        store=str(folder / "store"),
        platform_keys=str(folder / "keys"),
        platform=str(folder / "platform"),
        studies=str(folder / "studies"),
        as_of=_AS_OF,
    )


def _make_platform(folder: Path) -> None:
    """Keys, the event log and an empty withdrawal list."""
    settings = _settings(folder)
    stores = Stores(settings.store, settings.platform)
    registry = settings.load_registry()
    found(stores, settings.platform_keys, [NAMESPACE], registry)
    write_events(stores.platform, _events(folder), "benchmark")


def _events(folder: Path) -> Iterator[Event]:
    people = list(orjson.loads((folder / "people.json").read_bytes())["people"])
    strangers = deletion_rows.people(len(people) + _LEFT)[len(people) :]
    at = to_micros(datetime.fromisoformat(DAY).replace(tzinfo=UTC))
    for kind, members in ((EventKind.JOINED, people), (EventKind.LEFT, strangers)):
        for number, person in enumerate(members):
            signal = f"{NAMESPACE}/{kind}.1"
            yield Event(kind, RALLY, person, at, None, f"{kind} {number}", signal)


def _read(folder: Path) -> Reading:
    audit = RowAudit(_settings(folder))
    audit.book.prepare(NAMESPACE)
    start = time.process_time()
    tally = audit.audit_unit(WorkUnit(NAMESPACE, DOCUMENT, (DAY,)))
    seconds = time.process_time() - start
    peak = getrusage(RUSAGE_SELF).ru_maxrss * 1024
    return Reading(tally.rows, seconds, peak, len(tally.lines))


def _read_plainly(folder: Path) -> Reading:
    files, rows = sorted((folder / "store").rglob("*.avro")), 0
    start = time.process_time()
    for path in files:
        with path.open("rb") as file:
            rows += sum(1 for _ in fastavro.reader(file))
    seconds = time.process_time() - start
    return Reading(rows, seconds, getrusage(RUSAGE_SELF).ru_maxrss * 1024, 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.audit")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--plainly", action="store_true", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
