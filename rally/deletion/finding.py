"""Finds what one file loses, reading no more of it than its index names."""

from rally.deletion.file_rows import FileRows
from rally.deletion.plan import FileResult, Outcome, PlannedFile, StoredFile
from rally.deletion.scanner import Scanner
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.snapshots import outline_of
from rally.withdrawal.selection import Selection


def find(
    store: ObjectStore, file: StoredFile, selection: Selection, scanner: Scanner
) -> FileResult:
    """What deletion has to take out of a file.

    Raises:
        CorruptFile: the file is damaged, or its index lies.
        GenerationMismatch, ObjectNotFound: it is no longer what was listed.
    """
    blocks, removes = list[tuple[int, int]](), 0
    with store.open(file.name, file.generation) as snapshot:
        content = FileRows(snapshot, selection, scanner, outline_of)
        for offset, data in content.candidates(selection.people):
            if removed := content.part(offset, data).removed:
                blocks.append((offset, len(data)))
                removes += removed
        rows = content.rows
    if rows and not removes:
        return FileResult(file.study, file.name, Outcome.UNTOUCHED, rows_before=rows)
    planned = PlannedFile(*file, rows, removes, tuple(blocks))
    return FileResult(
        file.study, file.name, Outcome.UNTOUCHED, planned=planned, rows_before=rows
    )
