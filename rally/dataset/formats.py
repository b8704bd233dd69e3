"""Writes rows of a table as files: Parquet, Arrow, CSV and JSON lines.

Rows are written as they come, in bounded memory. The same batches make the same bytes,
so that a file that is made again can be compared with the one that is there.
"""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any, BinaryIO, Protocol

import orjson
import pyarrow as pa

from rally.tables import without_formula


class Format(StrEnum):
    """Format of a file of rows; its value ends the file's name."""

    PARQUET = "parquet"
    ARROW = "arrow"
    CSV = "csv"
    JSONL = "jsonl"


class RowWriter(Protocol):
    """Writes batches to a file."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Writes the rows of a batch behind those before."""

    def close(self) -> None:
        """Writes what ends the file, and leaves it open."""


def open_writer(format: Format, schema: pa.Schema, file: BinaryIO) -> RowWriter:
    """Begins a file of rows.

    Args:
        format: Format of the file.
        schema: Arrow's schema of the batches.
        file: Open file, empty; a file without rows is whole, too.
    """
    match format:
        case Format.PARQUET:
            return _ParquetWriter(schema, file)
        case Format.ARROW:
            return _ArrowWriter(schema, file)
        case Format.CSV:
            return _CsvWriter(schema, file)
        case Format.JSONL:
            return _JsonWriter(file)


class _ParquetWriter:
    def __init__(self, schema: pa.Schema, file: BinaryIO) -> None:
        import pyarrow.parquet as pq

        self._writer = pq.ParquetWriter(file, schema, compression="zstd")

    def write(self, batch: pa.RecordBatch) -> None:
        self._writer.write_batch(batch)

    def close(self) -> None:
        self._writer.close()


class _ArrowWriter:
    def __init__(self, schema: pa.Schema, file: BinaryIO) -> None:
        self._writer = pa.ipc.new_file(file, schema)

    def write(self, batch: pa.RecordBatch) -> None:
        self._writer.write_batch(batch)

    def close(self) -> None:
        self._writer.close()


class _CsvWriter:
    """Writes CSV (RFC 4180): lists, maps and records are cells of JSON.

    A text that a spreadsheet would take for a formula begins with an apostrophe.
    """

    def __init__(self, schema: pa.Schema, file: BinaryIO) -> None:
        self._file = file
        self._write([without_formula(name) for name in schema.names])

    def write(self, batch: pa.RecordBatch) -> None:
        for row in rows_of(batch):
            self._write([cell_of(value) for value in row.values()])

    def close(self) -> None:
        pass

    def _write(self, cells: list[str]) -> None:
        stream = io.StringIO()
        csv.writer(stream, lineterminator="\r\n").writerow(cells)
        self._file.write(stream.getvalue().encode())


class _JsonWriter:
    """Writes a line of JSON for each row; times are text as in RFC 3339."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, batch: pa.RecordBatch) -> None:
        for row in rows_of(batch):
            self._file.write(_json(row) + b"\n")

    def close(self) -> None:
        pass


def rows_of(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    """Yields rows as values of Python; maps are dicts, in which a key is once."""
    yield from batch.to_pylist(maps_as_pydicts="lossy")


def cell_of(value: Any) -> str:
    """Gives the text of a value for a cell of CSV; that of null is empty."""
    if value is None:
        return ""
    if isinstance(value, str):
        return without_formula(value)
    if isinstance(value, float):
        return repr(value)
    text = _json(value).decode()
    return text.strip('"') if isinstance(value, datetime | bytes) else text


def _json(value: Any) -> bytes:
    return orjson.dumps(value, default=_hex, option=orjson.OPT_UTC_Z)


def _hex(value: Any) -> str:
    """Gives bytes as JSON has them here, in hexadecimal digits."""
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError
