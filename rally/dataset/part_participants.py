"""Reads the participants of packed parts of kept tables: Parquet and Arrow."""

import io
from collections.abc import Iterator

import pyarrow as pa

from rally.dataset.formats import Format
from rally.errors import CorruptFile
from rally.storage.objectstore.interface import Snapshot

PACKED = (Format.PARQUET, Format.ARROW)
_PARTICIPANT = "participant"
_ROWS = 65_536
_MOST_BYTES = 256 * 1024 * 1024
"""Bytes of the column in one row group, which is read at once."""


def read_participants(snapshot: Snapshot, format: Format) -> Iterator[bytes]:
    """Yields the participants of a part, a line for each row, in pieces.

    Args:
        snapshot: Object, which anybody may have made.
        format: One of PACKED.

    Raises:
        CorruptFile: It is not of that format, or has no such column.
        GenerationMismatch: It has changed or gone.
    """
    file = pa.PythonFile(_SnapshotFile(snapshot), mode="r")
    try:
        read = _read_parquet if format is Format.PARQUET else _read_arrow
        for column in read(file):
            texts = column.cast(pa.string()).to_pylist()
            yield "\n".join(each or "" for each in texts).encode()
    except (pa.ArrowException, OSError, ValueError, KeyError):
        raise CorruptFile(f"it is no {format} file with participants") from None


def _read_parquet(file: pa.PythonFile) -> Iterator[pa.Array]:
    import pyarrow.parquet as pq

    found = pq.ParquetFile(file)
    place = found.schema_arrow.names.index(_PARTICIPANT)
    for number in range(found.metadata.num_row_groups):
        column = found.metadata.row_group(number).column(place)
        if column.total_uncompressed_size > _MOST_BYTES:
            raise ValueError
    for batch in found.iter_batches(_ROWS, columns=[_PARTICIPANT]):
        yield batch.column(0)


def _read_arrow(file: pa.PythonFile) -> Iterator[pa.Array]:
    place = pa.ipc.open_file(file).schema.get_field_index(_PARTICIPANT)
    options = pa.ipc.IpcReadOptions(included_fields=[place])
    found = pa.ipc.open_file(file, options=options)
    for number in range(found.num_record_batches):
        yield found.get_batch(number).column(0)


class _SnapshotFile(io.RawIOBase):
    """A snapshot as a file that can be read anywhere."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self._snapshot, self._at = snapshot, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        length = self._size - self._at if size is None or size < 0 else size
        data = self._snapshot.read(self._at, max(0, length))
        self._at += len(data)
        return data

    @property
    def _size(self) -> int:
        return self._snapshot.info.size
