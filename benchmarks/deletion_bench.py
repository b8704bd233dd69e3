"""One call in a process of its own on a fresh copy of its store, and its figures."""

from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import Any, NamedTuple

from benchmarks import measured
from benchmarks.deletion_stores import Store, Stores
from benchmarks.measured import Taken

BITS = 6
"""Leading bits of a participant that make 64 buckets."""

MEGABYTE = 1_000_000

Row = dict[str, Any]
"""Of a table: the column's name is the key."""


class Bench(NamedTuple):
    """What is measured, and where.

    Attributes:
        stores: where they are made and copied.
        rows: of each store.
        people: whose rows they are.
        leaving: how many of them leave at once, one number after the other.
        repetitions: of each measurement.
        say: tells what goes on.
        audited: whether what is left behind is read: half a minute each time.
    """

    stores: Stores
    rows: int
    people: int
    leaving: Sequence[int]
    repetitions: int
    say: Callable[[str], None]
    audited: bool = True

    def make(self, kind: str, layout: str, bits: int = BITS) -> Store:
        """The store of all rows, in one kind and layout."""
        return self.stores.make(kind, layout, self.rows, self.people, bits)

    def measure(
        self, function: str, store: Store, people: Sequence[str]
    ) -> Taken | str:
        """Calls a function on a copy; where it cannot be called here, says why."""
        listed = self.stores.listed(people)
        return measured.measure(function, self.stores.fresh(store), listed)


def done(runs: Iterable[Taken | str]) -> list[Taken]:
    """Those that could be run."""
    return [run for run in runs if isinstance(run, Taken)]


def figures(runs: Sequence[Taken | str]) -> Row:
    """The columns of repeated runs: medians, but for the peak."""
    measured_runs = done(runs)
    if not measured_runs:
        return {"seconds": runs[0]}
    seconds, whole, cpu, read, written, peak = zip(
        *(
            (
                run.seconds,
                run.whole_seconds,
                run.cpu_seconds,
                run.read / MEGABYTE,
                run.written / MEGABYTE,
                run.peak_bytes / MEGABYTE,
            )
            for run in measured_runs
        ),
        strict=True,
    )
    return {
        "seconds": median(seconds),
        "range": f"{min(seconds):.2f}-{max(seconds):.2f}" if seconds[1:] else None,
        "process s": median(whole),
        "CPU s": median(cpu),
        "read MB": median(read),
        "written MB": median(written),
        "peak MB": max(peak),
    }


def rate(taken: Taken | str) -> Row:
    """The columns of a call that returned how many rows it took."""
    if isinstance(taken, str):
        return {"seconds": taken}
    rows: Any = taken.result
    return {
        "rows": rows,
        "seconds": taken.seconds,
        "CPU s": taken.cpu_seconds,
        "rows/s a core": int(rows / taken.cpu_seconds),
        "idle MB": taken.idle_bytes / MEGABYTE,
        "peak MB": taken.peak_bytes / MEGABYTE,
    }
