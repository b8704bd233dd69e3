"""How others delete people from the same rows: each the way its users do it.

Every function takes the folder of one store and the people who leave, rewrites what it
must, and removes the bytes as far as the tool can. NEEDS is imported beforehand.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

NEEDS = {
    "fastavro": ("fastavro",),
    "duckdb": ("duckdb",),
    "find_duckdb": ("duckdb",),
    "deltalake": ("deltalake",),
    "pyarrow": ("pyarrow.compute", "pyarrow.dataset", "pyarrow.parquet"),
    "find_pyarrow": ("pyarrow.compute", "pyarrow.dataset", "pyarrow.parquet"),
    "pyiceberg": (
        "pyiceberg.catalog.sql",
        "pyiceberg.expressions",
        "pyiceberg.io.pyarrow",
    ),
}

ROW_GROUP = 10_000
"""Rows of a Parquet row group: what statistics can leave out."""

ICEBERG_TABLE = "rally.rows"
"""The table's name in its catalogue."""

People = Sequence[str]


def fastavro(folder: Path, people: People) -> None:
    """Reads every file, writes what stays, and puts it in the place of the old."""
    from fastavro import reader, writer

    leaving = frozenset(people)
    for file in sorted(folder.joinpath("store").rglob("*.avro")):
        half = file.with_suffix(".half")
        with open(file, "rb") as old, open(half, "wb") as new:
            rows = reader(old)
            stay = (row for row in rows if row["participant"] not in leaving)
            writer(new, rows.writer_schema, stay, codec=rows.codec)
        half.replace(file)


def duckdb(folder: Path, people: People) -> None:
    """Finds the files, and copies each without the rows."""
    import duckdb

    with duckdb.connect() as connection:
        for name in _duckdb_files(connection, folder, people):
            stay = f"{_duckdb_rows(name)} WHERE participant NOT IN {_listed(people)}"
            connection.execute(
                f"COPY (SELECT * {stay}) TO '{name}.half'"
                f" (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})"
            )
            os.replace(f"{name}.half", name)


def find_duckdb(folder: Path, people: People) -> int:
    """How many files it would rewrite."""
    import duckdb

    with duckdb.connect() as connection:
        return len(_duckdb_files(connection, folder, people))


def pyarrow(folder: Path, people: People) -> None:
    """Finds the files, and rewrites each from memory without the rows."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    stays = ~pc.field("participant").isin(list(people))
    for name in _pyarrow_files(folder, people):
        rows = pq.ParquetFile(name).read().filter(stays)
        half = f"{name}.half"
        pq.write_table(rows, half, compression="zstd", row_group_size=ROW_GROUP)
        os.replace(half, name)


def find_pyarrow(folder: Path, people: People) -> int:
    """How many files it would rewrite."""
    return len(list(_pyarrow_files(folder, people)))


def deltalake(folder: Path, people: People) -> None:
    """Deletes, and vacuums at once: by default that removes nothing for a week."""
    from deltalake import DeltaTable

    table = DeltaTable(folder / "store")
    table.delete(f"participant IN {_listed(people)}", writer_properties=delta_writer())
    table.vacuum(
        retention_hours=0, dry_run=False, enforce_retention_duration=False, full=True
    )


def pyiceberg(folder: Path, people: People) -> None:
    """Deletes, and expires every snapshot but the last."""
    from pyiceberg.expressions import In

    table = iceberg_catalogue(folder / "store").load_table(ICEBERG_TABLE)
    table.delete(In("participant", people))
    current = table.refresh().current_snapshot().snapshot_id
    old = [each.snapshot_id for each in table.snapshots()]
    old.remove(current)
    table.maintenance.expire_snapshots().by_ids(old).commit()


def delta_writer():
    """How Delta's files are written, at first and when rows are deleted."""
    from deltalake import WriterProperties

    return WriterProperties(compression="ZSTD", max_row_group_size=ROW_GROUP)


def iceberg_catalogue(store: Path):
    """The catalogue of a store. Its table knows where its files are: absolutely."""
    from pyiceberg.catalog.sql import SqlCatalog

    return SqlCatalog(
        "bench", uri=f"sqlite:///{store}/catalogue.db", warehouse=f"file://{store}"
    )


def _duckdb_files(connection, folder: Path, people: People) -> list[str]:
    rows = _duckdb_rows(f"{folder}/store/**/*.parquet")
    found = connection.execute(
        f"SELECT DISTINCT filename {rows} WHERE participant IN {_listed(people)}"
    )
    return [name for (name,) in found.fetchall()]


def _duckdb_rows(names: str) -> str:
    return f"FROM read_parquet('{names}', hive_partitioning = false)"


def _pyarrow_files(folder: Path, people: People) -> Iterator[str]:
    """Those of which statistics and the one column say that somebody is in them."""
    import pyarrow.compute as pc
    import pyarrow.dataset as ds

    theirs = pc.field("participant").isin(list(people))
    for file in ds.dataset(folder / "store", format="parquet").get_fragments():
        if file.count_rows(filter=theirs):
            yield file.path


def _listed(people: People) -> str:
    return "(" + ", ".join(f"'{person}'" for person in people) + ")"
