"""The ways to delete the same people from the same rows, side by side."""

from collections.abc import Iterable, Sequence
from itertools import product
from statistics import median
from typing import Any, NamedTuple

from benchmarks import deletion_stores, measured
from benchmarks.deletion_bench import Bench, Row, done, figures
from benchmarks.deletion_stores import Store
from benchmarks.measured import Taken

LAYOUTS = ("compacted", "arrival")

_ONCE = ("fastavro",)  # a minute a run, and it always does the same


class Way(NamedTuple):
    """One way to delete people: the function that is measured, and the store's kind."""

    function: str
    kind: str


WAYS = {
    "ours": Way("benchmarks.deletion_ours:delete", "avro"),
    "ours-verified": Way("benchmarks.deletion_ours:delete_verified", "avro"),
    "fastavro": Way("benchmarks.deletion_peers:fastavro", "avro"),
    "duckdb": Way("benchmarks.deletion_peers:duckdb", "parquet"),
    "deltalake": Way("benchmarks.deletion_peers:deltalake", "delta"),
    "pyarrow": Way("benchmarks.deletion_peers:pyarrow", "parquet"),
    "pyiceberg": Way("benchmarks.deletion_peers:pyiceberg", "iceberg"),
}


def compare(bench: Bench, names: Sequence[str]) -> list[Row]:
    """Every way from every layout, for each number of people."""
    return [
        row
        for layout, count in product(LAYOUTS, bench.leaving)
        for row in _rounds(bench, names, layout, count)
    ]


def _rounds(bench: Bench, names: Sequence[str], layout: str, count: int) -> list[Row]:
    """Every way in turn, round after round, so that all meet the same noise."""
    runs: dict[str, list[Taken | str]] = {name: [] for name in names}
    left: dict[str, Row] = {name: {} for name in names}
    for number in range(bench.repetitions):
        for name in names:
            if number and name in _ONCE:
                continue
            bench.say(f"{layout}, {count:,} people, round {number + 1}: {name}")
            store = bench.make(WAYS[name].kind, layout)
            people = deletion_stores.leaving(store, count)
            taken = bench.measure(WAYS[name].function, store, people)
            runs[name].append(taken)
            if bench.audited and number == 0 and isinstance(taken, Taken):
                left[name] = audit(bench, WAYS[name].kind, store, people)
    ours = [run.seconds for run in done(runs.get("ours", []))]
    return [
        {"layout": layout, "people": count, "way": name}
        | {"÷ ours": _ratio(runs[name], ours)}
        | figures(runs[name])
        | left[name]
        for name in names
    ]


def _ratio(runs: Iterable[Taken | str], ours: Sequence[float]) -> float | None:
    seconds = [run.seconds for run in done(runs)]
    return median(seconds) / median(ours) if seconds and ours else None


def audit(bench: Bench, kind: str, store: Store, people: Sequence[str]) -> Row:
    """What is left in the copy of the run before."""
    function = f"benchmarks.deletion_audit:{kind}"
    listed = bench.stores.listed(people)
    found: Any = measured.measure(function, bench.stores.run, listed)
    left = found.result
    lost = store.rows - store.theirs(people) - (left["rows"] - left["live"])
    wrong = f"{lost:,} lost, {left['live']:,} of theirs live"
    return {
        "rest is right": "yes" if lost == left["live"] == 0 else wrong,
        "their rows on disk": left["on_disk"],
        "their ids elsewhere": left["ids"],
    }
