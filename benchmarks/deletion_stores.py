"""Stores to delete from: made once, and copied afresh for each measurement.

All runs happen in one place, because an Iceberg table knows its files by their whole
paths; for the same reason a folder of stores cannot be moved.
"""

import os
import random
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import orjson

from benchmarks import deletion_data, deletion_rows, process

_VERSION = 1  # of what is generated: counts up when old stores are to be made again


class Store(NamedTuple):
    """One store as it was made.

    Attributes:
        folder: of the copy that is never touched.
        rows: in the store.
        size: of its Avro files in bytes, whatever the store itself is made of.
        files: how many they are.
        people: how many rows each person has.
    """

    folder: Path
    rows: int
    size: int
    files: int
    people: dict[str, int]

    def theirs(self, people: Sequence[str]) -> int:
        """How many rows these people have."""
        return sum(self.people.get(person, 0) for person in people)


class Stores:
    """Makes stores and fresh copies of them below one folder."""

    def __init__(self, work: Path) -> None:
        self._work = work.resolve()
        self.run = self._work / "run"
        self._list = self._work / "people.txt"

    def make(
        self, kind: str, layout: str, rows: int, people: int, bits: int = 0
    ) -> Store:
        """The store of these parameters, from the folder where it was made before."""
        name = f"{kind}-{layout}-{rows}-{people}-{bits}-v{_VERSION}"
        folder = self._work / name
        if not folder.exists():
            command = [layout, str(self.run), *map(str, (rows, people, bits))]
            if kind != "avro":
                of = "avro" if kind == "parquet" else "parquet"
                source = self.make(of, layout, rows, people, bits)
                command = [kind, str(source.folder), str(self.run)]
            self.clear()
            module = "deletion_data" if kind == "avro" else "deletion_parquet"
            process.run(["-m", f"benchmarks.{module}", *command])
            self.run.rename(folder)
        about = orjson.loads((folder / "people.json").read_bytes())
        return Store(
            folder, about["rows"], about["bytes"], about["files"], about["people"]
        )

    def fresh(self, store: Store) -> Path:
        """A copy for one run, on the disk already: no run writes another's bytes."""
        self.clear()
        shutil.copytree(store.folder, self.run)
        os.sync()
        return self.run

    def listed(self, people: Sequence[str]) -> Path:
        """A file with the people, for the child that deletes them."""
        self._list.write_text("\n".join(people) + "\n")
        return self._list

    def clear(self) -> None:
        """Removes the copy of the last run."""
        shutil.rmtree(self.run, ignore_errors=True)


def leaving(store: Store, count: int, bits: int = 0) -> list[str]:
    """People who leave: any who have rows, always the same.

    Args:
        store: where they have rows.
        count: how many.
        bits: where given, no two of them are in one bucket of so many leading bits.
    """
    there = [person for person, rows in store.people.items() if rows]
    random.Random("leaving").shuffle(there)
    if bits:
        by_bucket = {int(person[:8], 16) >> 32 - bits: person for person in there}
        there = list(by_bucket.values())
    return there[:count]


def strangers(store: Store, count: int) -> list[str]:
    """People who have no row in the store."""
    known = len(store.people)
    return deletion_rows.people(known + count)[known:]


def rows_of(size: int) -> int:
    """How many rows make a compacted file of about `size` bytes."""
    return size // deletion_data.BYTES_A_ROW
