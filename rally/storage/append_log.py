"""Keeps logs of the platform to which jobs append: records by day, as Avro.

An object holds the records of one day that one flush brought. Its name follows from
them, so that writing them again changes nothing.
"""

import hashlib
import io
import json
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Generic, NamedTuple, TypeVar

import fastavro

from rally.errors import CorruptFile
from rally.storage.container import canonical_json, encode_container, read_rows
from rally.storage.layout import log_file
from rally.storage.objectstore.interface import ObjectNotFound, ObjectStore
from rally.storage.records import list_records
from rally.storage.writer import create_named_by_content
from rally.times import from_micros

R = TypeVar("R")

_NAME_DIGITS = 32


class RecordFormat(NamedTuple, Generic[R]):
    """Format in which the records of a log are written and read.

    Attributes:
        schema: Avro schema of a record, as parsed JSON.
        encode: Function from a record to the datum of the schema.
        decode: Function from a datum to its record. It raises KeyError, TypeError or
            ValueError where the datum is none.
        time: Function from a record to its submission timestamp, in microseconds.
    """

    schema: dict[str, Any]
    encode: Callable[[R], Mapping[str, Any]]
    decode: Callable[[dict[str, Any]], R]
    time: Callable[[R], int]


class AppendLog(Generic[R]):
    """A log of one kind of records.

    Attributes:
        folder: Prefix of the names of its objects, with a slash at the end.
        days: Prefix of those that have records by day: all that anybody appends.
    """

    def __init__(self, folder: str, what: str, format_: RecordFormat[R]) -> None:
        """Takes its place and its format.

        Args:
            folder: Prefix of the names of its objects.
            what: Noun for its records in messages, such as `events`.
            format_: Format of its records.
        """
        self.folder = folder
        self.days = f"{folder}date="
        self._what = what
        self._format = format_
        self._parsed = fastavro.parse_schema(format_.schema)

    def write(self, platform: ObjectStore, records: Iterable[R], version: str) -> None:
        """Appends records, one object for each submission date.

        Args:
            platform: Store of the platform.
            records: Records; equal ones are written once.
            version: Version of the pipeline, for the header.
        """
        by_day: dict[str, set[R]] = {}
        for record in records:
            day = from_micros(self._format.time(record)).date().isoformat()
            by_day.setdefault(day, set()).add(record)
        for day, members in sorted(by_day.items()):
            self._write_day(platform, day, sorted(members, key=record_name), version)

    def read(self, platform: ObjectStore) -> Iterator[R]:
        """Reads every record, in no particular order; equal ones may come twice.

        Raises:
            CorruptFile: an object of the log is not whole.
        """
        for name in self.list_objects(platform):
            with suppress(ObjectNotFound):
                yield from self._read_named(platform, name)

    def list_objects(self, platform: ObjectStore) -> Iterator[str]:
        """Lists the names of the log's objects, of which some may be gone already.

        A purge that takes a concluded study's records out first writes the rest of an
        object anew, under a name that a listing may have passed already: it is listed
        until nothing is new.
        """
        seen = set[str]()
        while new := self._names_but(platform, seen):
            seen.update(new)
            yield from new

    def read_object(self, platform: ObjectStore, name: str) -> list[R]:
        """Reads the records of one object.

        Raises:
            CorruptFile: it is not whole.
            ObjectNotFound: it is gone.
        """
        return [self._decode(row) for row in read_rows(platform.read(name))]

    def _names_but(self, platform: ObjectStore, seen: Container[str]) -> list[str]:
        names = (info.name for info in list_records(platform, self.days))
        return [name for name in names if name not in seen]

    def _read_named(self, platform: ObjectStore, name: str) -> list[R]:
        try:
            return self.read_object(platform, name)
        except CorruptFile as error:
            raise CorruptFile(f"{name}: {error}") from None

    def _write_day(
        self, platform: ObjectStore, day: str, records: list[R], version: str
    ) -> None:
        content = hashlib.sha256(canonical_json(records).encode()).hexdigest()
        data = encode_container(
            json.dumps(self._format.schema),
            [self._encode(record) for record in records],
            {"rally.version": version, "rally.content": content},
            bytes.fromhex(content[:_NAME_DIGITS]),
            indexed=False,
        )
        name = log_file(self.folder, day, content[:_NAME_DIGITS])
        create_named_by_content(platform, name, data, content)

    def _decode(self, row: dict[str, Any]) -> R:
        try:
            return self._format.decode(row)
        except (KeyError, TypeError, ValueError):
            raise CorruptFile(f"its rows are no {self._what}") from None

    def _encode(self, record: R) -> bytes:
        stream = io.BytesIO()
        datum = self._format.encode(record)
        fastavro.schemaless_writer(stream, self._parsed, datum)
        return stream.getvalue()


def record_name(record: object) -> str:
    """Computes the name of a record: a hash of its content, 32 hexadecimal digits."""
    text = canonical_json(record)
    return hashlib.sha256(text.encode()).hexdigest()[:_NAME_DIGITS]
