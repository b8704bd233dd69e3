"""Reads one whole file, and makes sure that nobody who left is in it any more."""

import google_crc32c

from rally.deletion.file_rows import FileRows
from rally.deletion.plan import FileResult, Outcome, StoredFile
from rally.deletion.scanner import Scanner
from rally.storage.corruption import CorruptFile
from rally.storage.header import CHECKSUM, INDEX, ROW_LENGTHS, Header
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.snapshots import frame_rows, walk_frames
from rally.withdrawal.selection import Selection


def verify(
    store: ObjectStore, file: StoredFile, selection: Selection, scanner: Scanner
) -> FileResult:
    """Looks at every byte: no row is condemned, and no pseudonym stands in another's.

    The index is not believed: each block is inflated and searched, and where a
    pseudonym stands in it, its rows are judged.

    Raises:
        CorruptFile: the file is not whole, or its index lies.
        GenerationMismatch, ObjectNotFound: it is no longer what was listed.
    """
    with store.open(file.name, file.generation) as snapshot:
        content = FileRows(snapshot, selection, scanner)
        header = content.header
        checksum, rows, left_over = google_crc32c.Checksum(), 0, 0
        for frame in walk_frames(snapshot, header):
            checksum.update(frame.data)
            rows += frame.rows
            data = frame_rows(frame, header.codec)
            content.check_named(frame, data)
            if content.names_anybody(data):
                left_over += content.count_left_over(frame.offset, frame.data)
        told = header.entries.get(CHECKSUM)
        if told is not None and told != checksum.hexdigest():
            raise CorruptFile("the checksum differs: bytes are missing or changed")
        content.check_rows(rows)
    detail = f"{left_over} rows of people who left" if left_over else ""
    if scanner.found_in(_notes(header)):
        detail = detail or "a header entry names somebody who left"
    return FileResult(
        file.study,
        file.name,
        Outcome.LEFT_OVER if detail else Outcome.CLEAN,
        detail=detail,
        generation_before=file.generation,
        generation_after=file.generation,
        rows_before=rows,
        checksum_before=checksum.hexdigest().decode(),
        checksum_after=checksum.hexdigest().decode(),
    )


def _notes(header: Header) -> bytes:
    """All that stands in the header but the index, which is held against the rows."""
    index = (INDEX, ROW_LENGTHS)
    return b"\0".join(
        value for name, value in header.entries.items() if name not in index
    )
