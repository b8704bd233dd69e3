"""What is left of people on a disk, found without the code that deleted them.

Every file below a store is read, whether anything still refers to it or not. Files of
rows are opened by other readers (fastavro, pyarrow); all else is searched for the ids
as bytes, as are the headers and footers of files of rows.
"""

import base64
import re
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.deletion_peers import ICEBERG_TABLE, iceberg_catalogue

NEEDS = {
    "avro": (),
    "parquet": ("pyarrow.parquet",),
    "delta": ("pyarrow.parquet", "deltalake"),
    "iceberg": ("pyarrow.parquet", "pyiceberg.io.pyarrow"),
}

# A pseudonym is a UUID of version 8, and nothing else in a row is one; where another
# string of 36 characters follows, it is the column, and else the payload.
_PSEUDONYM = re.compile(
    rb"([0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})"
    rb"(H[0-9a-f]{8}-)?"
)


class Found(NamedTuple):
    """What is in one file, or in many.

    Attributes:
        rows: all of them.
        theirs: rows of the people.
        ids: where else an id of theirs stands.
    """

    rows: int = 0
    theirs: int = 0
    ids: int = 0


def avro(folder: Path, people: Sequence[str]) -> dict[str, int]:
    """Audits a store of Avro files: all files are live."""
    return _audit(folder, people, lambda store: store.rglob("*.avro"))


def parquet(folder: Path, people: Sequence[str]) -> dict[str, int]:
    """Audits a store of Parquet files: all files are live."""
    return _audit(folder, people, lambda store: store.rglob("*.parquet"))


def delta(folder: Path, people: Sequence[str]) -> dict[str, int]:
    """Audits a Delta table, whose log says which files are live."""
    from deltalake import DeltaTable

    return _audit(folder, people, lambda store: _paths(DeltaTable(store).file_uris()))


def iceberg(folder: Path, people: Sequence[str]) -> dict[str, int]:
    """Audits an Iceberg table, whose catalogue says which files are live."""

    def live(store: Path) -> Iterable[Path]:
        scan = iceberg_catalogue(store).load_table(ICEBERG_TABLE).scan()
        return _paths(task.file.file_path for task in scan.plan_files())

    return _audit(folder, people, live)


def _audit(
    folder: Path, people: Sequence[str], live: Callable[[Path], Iterable[Path]]
) -> dict[str, int]:
    store, ids = folder / "store", frozenset(person.encode() for person in people)
    alive = {path.resolve() for path in live(store)}
    rows = live_theirs = theirs = places = 0
    for path in store.rglob("*"):
        if not path.is_file():
            continue
        found = _look(path, ids)
        theirs, places = theirs + found.theirs, places + found.ids
        if path.resolve() in alive:
            rows, live_theirs = rows + found.rows, live_theirs + found.theirs
    return {"rows": rows, "live": live_theirs, "on_disk": theirs, "ids": places}


def _paths(uris: Iterable[str]) -> Iterable[Path]:
    return (Path(uri.removeprefix("file://")) for uri in uris)


def _look(path: Path, ids: frozenset[bytes]) -> Found:
    with open(path, "rb") as file:
        magic = file.read(4)
    if magic == b"Obj\x01":
        return _look_avro(path, ids)
    in_bytes = _search(path.read_bytes(), ids)
    if magic == b"PAR1":
        found = _look_parquet(path, ids)
        return found._replace(ids=found.ids + sum(in_bytes))
    return Found(0, 0, sum(in_bytes))


def _look_avro(path: Path, ids: frozenset[bytes]) -> Found:
    import fastavro

    rows = theirs = elsewhere = 0
    with open(path, "rb") as file:
        reader = fastavro.block_reader(file)
        for value in reader.metadata.values():
            elsewhere += sum(_search(_inflated(value.encode()), ids))
        for block in reader:
            in_column, in_payload = _search(block.bytes_.getvalue(), ids)
            rows += block.num_records
            theirs += in_column
            elsewhere += max(0, in_payload - in_column)  # a row says it in both
    is_ours = reader.writer_schema["name"] == "rally.stored_row"
    return Found(rows if is_ours else 0, theirs, elsewhere)


def _look_parquet(path: Path, ids: frozenset[bytes]) -> Found:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path)
    texts = pa.array(sorted(person.decode() for person in ids))
    theirs = elsewhere = 0
    for batch in file.iter_batches(columns=["participant", "payload.rally_id"]):
        columns = batch["participant"], batch["payload"].field("rally_id")
        column, payload = (
            pc.sum(pc.is_in(each.cast(pa.string()), texts)).as_py() or 0
            for each in columns
        )
        theirs += column
        elsewhere += max(0, payload - column)
    return Found(file.metadata.num_rows, theirs, elsewhere)


def _search(data: bytes, ids: frozenset[bytes]) -> tuple[int, int]:
    """How often an id stands in the bytes: in the column, and elsewhere."""
    in_column = elsewhere = 0
    for match in _PSEUDONYM.finditer(data):
        if match[1] in ids:
            if match[2]:
                in_column += 1
            else:
                elsewhere += 1
    return in_column, elsewhere


def _inflated(entry: bytes) -> bytes:
    """A header entry, and what is in it where it is deflated and base64."""
    try:
        return entry + zlib.decompress(base64.b64decode(entry), wbits=-15)
    except (ValueError, zlib.error):
        return entry
