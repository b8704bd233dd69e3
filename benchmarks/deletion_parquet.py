"""The rows of Avro files as Parquet, file by file, and as tables of lake formats.

    python -m benchmarks.deletion_parquet KIND SOURCE FOLDER

FOLDER gets the layout of SOURCE: the same rows in the same order and in as many files.
KIND is parquet, made of what `benchmarks.deletion_data` made; or delta or iceberg,
made of the Parquet files. All have zstd and row groups of 10,000 rows.
"""

import shutil
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import write_deltalake

from benchmarks.deletion_peers import (
    ICEBERG_TABLE,
    ROW_GROUP,
    delta_writer,
    iceberg_catalogue,
)

_EVENT = pa.struct([("name", pa.string()), ("at", pa.int64()), ("target", pa.string())])
_PAYLOAD = pa.struct(
    [
        ("rally_id", pa.string()),
        ("address", pa.string()),
        ("page_id", pa.string()),
        ("title", pa.string()),
        ("attention_ms", pa.int64()),
        ("scroll_depth", pa.float64()),
        ("audible", pa.bool_()),
        ("events", pa.list_(_EVENT)),
    ]
)
_SCHEMA = pa.schema(
    [
        ("participant", pa.string()),
        ("document_id", pa.string()),
        ("submission_timestamp", pa.timestamp("us", tz="UTC")),
        ("client_agent", pa.string()),
        ("source_tags", pa.string()),
        ("payload", _PAYLOAD),
    ]
)


def make(kind: str, source: Path, folder: Path) -> None:
    """Makes the store of one kind, and copies what is known of the people."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(source / "people.json", folder)
    store = folder / "store"
    store.mkdir()
    KINDS[kind](source / "store", store)


def _parquet(avro: Path, store: Path) -> None:
    for file in sorted(avro.rglob("*.avro")):
        path = (store / file.relative_to(avro)).with_suffix(".parquet")
        path.parent.mkdir(parents=True, exist_ok=True)
        with pq.ParquetWriter(path, _SCHEMA, compression="zstd") as writer:
            for table in _tables(file):
                writer.write_table(table)


def _delta(parquet: Path, store: Path) -> None:
    for rows in _read(parquet):
        properties = delta_writer()
        write_deltalake(store, rows, mode="append", writer_properties=properties)


def _iceberg(parquet: Path, store: Path) -> None:
    catalogue = iceberg_catalogue(store)
    catalogue.create_namespace("rally")
    table = catalogue.create_table(
        ICEBERG_TABLE,
        schema=_SCHEMA,
        properties={"write.parquet.row-group-limit": str(ROW_GROUP)},
    )
    for rows in _read(parquet):
        table.append(rows)


KINDS: dict[str, Callable[[Path, Path], None]] = {
    "parquet": _parquet,
    "delta": _delta,
    "iceberg": _iceberg,
}


def _read(parquet: Path) -> Iterator[pa.Table]:
    for file in sorted(parquet.rglob("*.parquet")):
        yield pq.ParquetFile(file).read()


def _tables(file: Path) -> Iterator[pa.Table]:
    with open(file, "rb") as stream:
        rows = iter(fastavro.reader(stream))
        while some := list(islice(rows, ROW_GROUP)):
            yield pa.Table.from_pylist(some, schema=_SCHEMA)


if __name__ == "__main__":
    make(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
