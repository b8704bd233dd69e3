"""What a person's own copy costs, beside reading the whole store once.

    python -m benchmarks.person [--rows N] [--people N] [--folder FOLDER]

The store is that of deletion, compacted: one document's rows of one day in 64 buckets.
`show` and `export` are measured as the commands do them, without start-up: list,
decisions and log are read, rows are found, judged and decoded; `export` makes the
archive, encrypts it and writes it. The full read decodes every row of every file.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import pyrage

from benchmarks.deletion_bench import BITS
from benchmarks.deletion_rows import DAY, NAMESPACE
from benchmarks.deletion_stores import Store, Stores, leaving
from benchmarks.founding import found
from rally.access.cases import Case, Decided, subject_of
from rally.access.person_rows import ReadingCosts
from rally.envelope import parse_timestamp
from rally.events import RALLY, Event, EventKind, write_events
from rally.person_copy.archive import make_archive
from rally.person_copy.encryption import encrypt_to_key
from rally.person_copy.gathering import Gathered, Places
from rally.settings import Settings, make_pseudonyms
from rally.storage.container import read_rows
from rally.storage.layout import Stores as OpenedStores
from rally.storage.layout import study_folder
from rally.times import to_micros

CASE = "00c0ffee"
_JOINED = parse_timestamp(f"{DAY}T00:00:00.000000Z")
_BYTES_OF_A_PART = 1_000_000


class Taken(NamedTuple):
    """Seconds that something took, by the clock and of CPU time."""

    seconds: float
    cpu: float


class Figures(NamedTuple):
    """What was measured.

    Attributes:
        rows: rows of a person, a median.
        show: cost of `show`, medians.
        export: cost of `export`, medians.
        full: cost of reading all rows.
        read: bytes that were read of files of rows, the most of all people.
        size: bytes of all files of rows.
    """

    rows: float
    show: Taken
    export: Taken
    full: Taken
    read: int
    size: int


def main(argv: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="rally-bench-") as scratch:
        work = options.folder or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        stores = Stores(work)
        store = stores.make("avro", "compacted", options.rows, options.people, BITS)
        figures = measure(stores.fresh(store), store, options.persons)
        stores.clear()
    print("\n".join(_lines(options, figures)))
    if options.json:
        options.json.write_text(json.dumps(figures._asdict(), indent=1) + "\n")
    return 0


def measure(folder: Path, store: Store, persons: int) -> Figures:
    """Measures on a copy of a store, of which a platform is made."""
    settings = Settings(
        store=str(folder / "store"),
        platform=str(folder / "platform"),
        platform_keys=str(folder / "keys"),
        studies=str(folder / "studies"),
    )
    opened = OpenedStores(settings.store, settings.platform)
    registry = settings.load_registry()
    found(opened, settings.platform_keys, registry.studies)
    write_events(opened.platform, map(_joined, store.people), "benchmark")
    registry = settings.registry()
    pseudonyms = make_pseudonyms(settings.keys(registry), registry)
    key = str(pyrage.x25519.Identity.generate().to_public())

    def show(person: str) -> Gathered:
        places = Places.open(registry, settings.stores(), pseudonyms)
        return places.gather(_case(person), person, _JOINED)

    def export(person: str) -> None:
        archive = make_archive(show(person).copy)
        (folder / "archive.age").write_bytes(encrypt_to_key(archive, key).data)

    people = leaving(store, persons)
    show(people[0])  # what is compiled once for a schema is
    shown = [_timed(lambda each=each: show(each)) for each in people]
    exported = [_timed(lambda each=each: export(each)) for each in people]
    gathered = [show(each) for each in people]
    costs: list[ReadingCosts] = [each.found.costs for each in gathered]
    assert [each.copy.rows for each in gathered] == [store.people[p] for p in people]
    return Figures(
        median(each.copy.rows for each in gathered),
        _medians(shown),
        _medians(exported),
        Taken(*_timed(lambda: _read_all(opened))),
        max(each.bytes for each in costs),
        store.size,
    )


def _read_all(stores: OpenedStores) -> int:
    store = stores.of(NAMESPACE)
    return sum(
        sum(1 for _ in read_rows(store.read(info.name)))
        for info in store.list(study_folder(NAMESPACE))
    )


def _timed(call: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of this process's CPU time."""
    start, cpu = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - start, time.process_time() - cpu


def _medians(taken: Sequence[tuple[float, float]]) -> Taken:
    return Taken(*map(median, zip(*taken, strict=True)))


def _case(person: str) -> Case:
    return Case(CASE, subject_of(CASE, person), False, None, Decided("ann", _JOINED))


def _joined(person: str) -> Event:
    return Event(
        *(
            EventKind.JOINED,
            RALLY,
            person,
            to_micros(_JOINED),
            None,
            f"joined-{person}",
        ),
        f"{NAMESPACE}/enrollment.1",
    )


def _lines(options: argparse.Namespace, it: Figures) -> list[str]:
    return [
        f"{options.rows:,} rows of {options.people:,} people,"
        f" {it.size / _BYTES_OF_A_PART:,.0f} MB; {options.persons} people, medians",
        f"rows of a person   {it.rows:,.0f}",
        f"show               {_line(it.show, it.full)}",
        f"export             {_line(it.export, it.full)}",
        f"full read          {_line(it.full, it.full)}",
        f"read of files      {it.read:,} bytes, {it.read / it.size:.2%} of the store",
    ]


def _line(it: Taken, full: Taken) -> str:
    share = f"1/{full.cpu / it.cpu:,.0f} of the CPU time of a full read"
    return f"{it.seconds:.3f} s, CPU {it.cpu:.3f} s, {share}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.person",
        description="Measure what a person's own copy costs.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--rows", type=int, default=2_000_000, help="of the store (default: 2000000)")
    add("--people", type=int, default=5_000, help="who have rows (default: 5000)")
    add("--persons", type=int, default=7, help="whose copy is made (default: 7)")
    add("--folder", type=Path, help="keep the store here for the next time")
    add("--json", type=Path, help="write all figures to this file too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
