"""The same rows in a store's files, in one of several layouts.

    python -m benchmarks.deletion_data LAYOUT FOLDER ROWS PEOPLE BITS

makes FOLDER/store, FOLDER/studies (the registry that names the rows' study) and
FOLDER/people.json (how many rows each person has). It runs in a process of its own:
what it holds would count as the peak memory of whatever is started here later.
"""

import hashlib
import struct
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import fastavro
import orjson

from benchmarks import deletion_rows
from benchmarks.deletion_rows import PARTITION
from rally.registry.rows import row_schema
from rally.registry.study import Document
from rally.storage.container import encode_container
from rally.storage.layout import Stores
from rally.storage.writer import RowWriter, Table

FILES = 40
"""Of the layout that has no order."""

BYTES_A_ROW = 112
"""Of a compacted file of many rows, about."""

_LENGTH = struct.Struct("<I")
_SPILL_BUFFER = 256 * 1024

Rows = Iterable[dict[str, Any]]


class Plan(NamedTuple):
    """What is to be made.

    Attributes:
        folder: everything goes below it.
        rows: how many.
        people: of how many.
        bits: leading bits of a participant that name the bucket of a compacted file.
    """

    folder: Path
    rows: int
    people: int
    bits: int

    @property
    def partition(self) -> Path:
        """Where the files of the one partition are."""
        return self.folder / "store" / PARTITION.folder


def make(layout: str, plan: Plan) -> None:
    """Makes one layout of the rows of a plan."""
    document = deletion_rows.write_study(plan.folder / "studies", 1 << plan.bits)
    plan.partition.mkdir(parents=True)
    count: Counter[str] = Counter()
    people = deletion_rows.people(plan.people)
    rows = deletion_rows.rows(plan.rows, people)
    LAYOUTS[layout](plan, document, deletion_rows.counted(rows, count))
    sizes = [path.stat().st_size for path in plan.partition.rglob("*.avro")]
    about = {"rows": plan.rows, "bytes": sum(sizes), "files": len(sizes)}
    about["people"] = {person: count[person] for person in people}
    (plan.folder / "people.json").write_bytes(orjson.dumps(about))


def _compacted(plan: Plan, document: Document, rows: Rows) -> None:
    """A sorted file for each bucket, with the index, as compaction leaves them."""
    encoded = deletion_rows.encoded(document, rows)
    for number, spilled in enumerate(_spilled(plan, encoded)):
        digits = f"{number:0{-(-plan.bits // 4) or 1}x}"
        folder = plan.partition / f"bucket={plan.bits}-{digits}"
        folder.mkdir()
        data = encode_container(
            row_schema(document.schema),
            sorted(spilled),
            {
                "rally.version": "benchmark",
                "rally.list": "0",
                "rally.schema": document.schema.fingerprint,
            },
            hashlib.sha256(folder.name.encode()).digest()[:16],
            indexed=True,
        )
        name = f"compacted-{document.schema.fingerprint[:12]}.avro"
        (folder / name).write_bytes(data)


def _arrived(plan: Plan, document: Document, rows: Rows) -> None:
    """Files in order of arrival, without index, as anybody's Avro writer makes them."""
    schema = fastavro.parse_schema(orjson.loads(row_schema(document.schema)))
    rows = iter(rows)
    for number in range(FILES):
        end = (number + 1) * plan.rows // FILES
        part = islice(rows, end - number * plan.rows // FILES)
        name = f"part-{number:05}-of-{FILES:05}.avro"
        with open(plan.partition / name, "wb") as file:
            fastavro.writer(file, schema, part, codec="deflate")


def _ingested(plan: Plan, document: Document, rows: Rows) -> None:
    """What compaction finds: files as ingest writes them."""
    table = Table(row_schema(document.schema), document.schema.fingerprint)
    stores = Stores(str(plan.folder / "store"), None)
    writer = RowWriter(stores, lambda *_: table, "benchmark", lambda: 0)
    for row in deletion_rows.encoded(document, rows):
        writer.add(PARTITION, table.fingerprint, row)
    writer.flush()


LAYOUTS: dict[str, Callable[[Plan, Document, Rows], None]] = {
    "compacted": _compacted,
    "arrival": _arrived,
    "ingested": _ingested,
}


def _spilled(plan: Plan, encoded: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The rows of each bucket in turn; only one bucket's are in memory at a time."""
    with ExitStack() as files:
        paths = [plan.folder / f"spill-{n}" for n in range(1 << plan.bits)]
        spills = [
            files.enter_context(open(path, "wb", buffering=_SPILL_BUFFER))
            for path in paths
        ]
        for row in encoded:
            bucket = int(row[1:9], 16) >> (32 - plan.bits)
            spills[bucket].write(_LENGTH.pack(len(row)) + row)
    for path in paths:
        yield list(_cut(path.read_bytes()))
        path.unlink()


def _cut(data: bytes) -> Iterator[bytes]:
    position = 0
    while position < len(data):
        (length,) = _LENGTH.unpack_from(data, position)
        position += _LENGTH.size + length
        yield data[position - length : position]


if __name__ == "__main__":
    layout, folder, *numbers = sys.argv[1:]
    make(layout, Plan(Path(folder), *map(int, numbers)))
