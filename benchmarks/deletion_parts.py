"""What is measured of our own deletion beside its ways: each part makes one table."""

from collections.abc import Callable

from benchmarks import deletion_stores
from benchmarks.deletion_bench import BITS, MEGABYTE, Bench, Row, figures, rate
from benchmarks.deletion_stores import Store
from benchmarks.deletion_ways import WAYS, Way, audit
from benchmarks.measured import Taken

_FILE_BYTES = 128 * 1024 * 1024
_FIND_BITS = 3  # the same rows in files of more than 16 MB
_STRANGERS = (10, 50, 100, 1_000)
_FINDERS = {
    "ours": Way("benchmarks.deletion_ours:find", "avro"),
    "duckdb": Way("benchmarks.deletion_peers:find_duckdb", "parquet"),
    "pyarrow": Way("benchmarks.deletion_peers:find_pyarrow", "parquet"),
}


def find(bench: Bench) -> list[Row]:
    """Bytes read to find people in files of more than 16 MB."""
    table = []
    for count in bench.leaving:
        for name, way in _FINDERS.items():
            bench.say(f"find {count:,} people: {name}")
            store = bench.make(way.kind, "compacted", _FIND_BITS)
            people = deletion_stores.leaving(store, count)
            taken = bench.measure(way.function, store, people)
            row = {"people": count, "way": name, "of files": store.files}
            table.append(row | _found(taken, _size(store)))
    return table


def memory(bench: Bench) -> list[Row]:
    """Rewriting one file of 128 MB, over the process that has done nothing yet."""
    rows = deletion_stores.rows_of(_FILE_BYTES)
    store = bench.stores.make("avro", "compacted", rows, rows // 400)
    table = []
    for count in bench.leaving:
        bench.say(f"memory: one file, {count:,} people")
        people = deletion_stores.leaving(store, count)
        taken = bench.measure("benchmarks.deletion_ours:rewrite", store, people)
        row: Row = {"people": count, "file MB": store.size / MEGABYTE}
        if isinstance(taken, Taken):
            row["idle MB"] = taken.idle_bytes / MEGABYTE
            row["over idle MB"] = (taken.peak_bytes - taken.idle_bytes) / MEGABYTE
        table.append(row | figures([taken]))
    return table


def verify(bench: Bench) -> list[Row]:
    """Rows a second and core in which people are looked for who are not there."""
    store = bench.make("avro", "compacted")
    table = []
    for count in _STRANGERS:
        bench.say(f"verify: {count:,} people")
        people = deletion_stores.strangers(store, count)
        taken = bench.measure("benchmarks.deletion_ours:verify", store, people)
        table.append({"people": count} | rate(taken))
    return table


def stores(bench: Bench) -> list[Row]:
    """The same deletion from more and more files of the same size.

    Ten people leave who have a file each, and as many rows in each store.
    """
    table = []
    for bits, times in ((BITS - 2, 0.25), (BITS, 1.0), (BITS + 2, 4.0)):
        rows, people = int(bench.rows * times), int(bench.people * times)
        bench.say(f"store of {rows:,} rows")
        store = bench.stores.make("avro", "compacted", rows, people, bits)
        leaving = deletion_stores.leaving(store, 10, BITS - 2)
        function = WAYS["ours"].function
        runs = [
            bench.measure(function, store, leaving) for _ in range(bench.repetitions)
        ]
        row = {"rows": rows, "files": store.files, "MB": store.size / MEGABYTE}
        row |= {"people": len(leaving), "their rows": store.theirs(leaving)}
        table.append(row | figures(runs) | audit(bench, "avro", store, leaving))
    return table


def compact(bench: Bench) -> list[Row]:
    """Compaction of what ingest wrote, as it is and in a quarter of the rows."""
    table = []
    for times in (0.25, 1.0):
        rows, people = int(bench.rows * times), int(bench.people * times)
        bench.say(f"compact {rows:,} rows")
        store = bench.stores.make("avro", "ingested", rows, people, BITS)
        taken = bench.measure("benchmarks.deletion_ours:compact", store, [])
        table.append({"files": store.files} | rate(taken))
    return table


PARTS: dict[str, Callable[[Bench], list[Row]]] = {
    "find": find,
    "memory": memory,
    "verify": verify,
    "stores": stores,
    "compact": compact,
}


def _found(taken: Taken | str, size: int) -> Row:
    if isinstance(taken, str):
        return {"seconds": taken}
    return {
        "files": taken.result,
        "seconds": taken.seconds,
        "read MB": taken.read / MEGABYTE,
        "of MB": size / MEGABYTE,
        "percent": 100 * taken.read / size,
    }


def _size(store: Store) -> int:
    files = store.folder.joinpath("store").rglob("*")
    return sum(path.stat().st_size for path in files if path.is_file())
