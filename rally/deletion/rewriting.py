"""Rewrites one file without the rows, or the fields of rows, that its plan takes out.

Blocks of which no row changes are copied as bytes. Codec, sync marker, schema and the
header entries of other programs stay as they are. The new file replaces the old one
under the same name, unless another writer has replaced it since.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from tempfile import SpooledTemporaryFile
from typing import IO, Any, NamedTuple

import google_crc32c

from rally.deletion.file_rows import FileRows, RowPolicy
from rally.deletion.plan import FileOutcome, FileResult, PlannedFile
from rally.deletion.scanner import Scanner
from rally.errors import CorruptFile
from rally.registry.expunges import ExpungeOrder
from rally.storage.block_index import Block
from rally.storage.block_writer import encode_joined
from rally.storage.container import canonical_json, index_entries
from rally.storage.header import CHECKSUM, ROWS, Header, join_header
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectNotFound,
    ObjectStore,
    Snapshot,
)
from rally.storage.objectstore.strays import check_erasable
from rally.storage.row_keys import PARTICIPANT
from rally.storage.snapshots import header_of

REWROTE = "rally.rewrote"
"""Header entry of a rewritten file: the plan, and how many rows changed for what.

Plan, requests and orders are hidden; see `hide_identifier`."""

_CHUNK = 4 * 1024 * 1024
_IN_MEMORY = 4 * 1024 * 1024
_NO_CHECKSUM = b"00000000"


class PlanMismatch(CorruptFile):
    """The rows of a file differ from those that the plan found."""


class _Changed(NamedTuple):
    """A block that changes: its place in the old file, and its replacement."""

    offset: int
    length: int
    new_length: int
    block: Block | None


def rewrite_file(
    store: ObjectStore,
    file: PlannedFile,
    plan: str,
    policy: RowPolicy,
    scanner: Scanner,
    orders: Sequence[ExpungeOrder] = (),
) -> FileResult:
    """Takes the planned rows and fields out of a file, unless an earlier attempt did.

    Args:
        store: Store of the file.
        file: The file as planned.
        plan: Id of the plan.
        policy: Policy that condemns rows.
        scanner: Scanner for the pseudonyms of the policy's people.
        orders: Orders to expunge that are about the file.

    Raises:
        CorruptFile: The file is damaged, or differs from the plan; nothing was changed.
        ObjectHeld: The bucket forbids replacing the file.
    """
    try:
        with store.open(file.name, file.generation) as snapshot:
            if not file.rows:
                return _empty(file)
            content = FileRows(snapshot, policy, scanner, orders=orders)
            return _rewrite(store, snapshot, file, plan, content)
    except ObjectNotFound:
        return FileResult(file.study, file.name, FileOutcome.GONE)
    except GenerationMismatch:
        return recognise_rewrite(store, file, plan)
    except OSError:
        found = recognise_rewrite(store, file, plan)
        if found.outcome is FileOutcome.REWRITTEN:
            return found  # the write succeeded, and its answer was lost
        raise


def _rewrite(
    store: ObjectStore,
    snapshot: Snapshot,
    file: PlannedFile,
    plan: str,
    content: FileRows,
) -> FileResult:
    header, requests = content.header, Counter[str]()
    with SpooledTemporaryFile(_IN_MEMORY) as spool:
        changed = _write_changed(content, file, spool, requests)
        entries = _entries(content, file, plan, changed, requests)
        spool.seek(0)
        check_erasable(store, file.name)
        with store.draft(file.name) as draft:
            draft.file.write(join_header(entries, header.sync))
            before, after = google_crc32c.Checksum(), google_crc32c.Checksum()
            for old, new in _pieces(snapshot, header, changed, spool):
                before.update(old)
                after.update(new)
                draft.file.write(new)
            stated = header.entries.get(CHECKSUM)
            if stated is not None and stated != before.hexdigest():
                raise CorruptFile("the checksum differs: bytes are missing or changed")
            entries[CHECKSUM] = after.hexdigest()
            draft.file.seek(0)
            draft.file.write(join_header(entries, header.sync))
            generation = draft.replace(file.generation)
    return _result(file, generation, entries)


def _write_changed(
    content: FileRows, file: PlannedFile, spool: IO[bytes], requests: Counter[str]
) -> list[_Changed]:
    """Writes the blocks that change to a temporary file, without what goes.

    Raises:
        PlanMismatch: Other rows change than the plan found.
    """
    changed, removes, changes = [], 0, 0
    planned = ((offset, content.read(offset, length)) for offset, length in file.blocks)
    for offset, length, split_block in content.splits(planned):
        requests.update(split_block.requests)
        removes += split_block.removed
        changes += split_block.changed
        header, frame, block = content.header, b"", None
        if split_block.kept:
            lengths = split_block.lengths
            frame = encode_joined(
                split_block.kept, len(lengths), header.codec, header.sync
            )
            if offset in content.index:
                first = split_block.kept[PARTICIPANT].decode()
                block = Block(first, 0, len(frame), len(lengths), lengths)
        spool.write(frame)
        changed.append(_Changed(offset, length, len(frame), block))
    if (removes, changes) != (file.removes, file.changes):
        raise PlanMismatch("its rows are not those that the plan found")
    return changed


def _entries(
    content: FileRows,
    file: PlannedFile,
    plan: str,
    changed: list[_Changed],
    requests: Mapping[str, int],
) -> dict[str, bytes]:
    """Makes the header entries of the new file; those of other programs stay."""
    entries = dict(content.header.entries)
    stated = entries.get(CHECKSUM, b"").decode("ascii", "replace")
    entries[ROWS] = b"%d" % (file.rows - file.removes)
    entries[CHECKSUM] = _NO_CHECKSUM
    if content.header.is_indexed:
        entries |= index_entries(list(_new_index(content.index, changed)))
    rewrote = {
        "plan": hide_identifier(plan, file.study, file.name),
        "generation": file.generation,
        "checksum": stated,
        "rows": file.rows,
        "requests": {
            hide_identifier(request, file.study, file.name): rows
            for request, rows in sorted(requests.items())
        },
    }
    entries[REWROTE] = canonical_json(rewrote).encode()
    return entries


def hide_identifier(identifier: str, study: str, name: str) -> str:
    """Hashes the id of a request or plan for the header of one file.

    Researchers read files. The same id in files of two studies would tell them that
    two pseudonyms are one person.
    """
    text = f"{identifier}/{study}/{name}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _new_index(index: Mapping[int, Block], changed: list[_Changed]) -> Iterator[Block]:
    by_offset = {each.offset: each for each in changed}
    end = 0
    for offset, block in index.items():
        one = by_offset.get(offset)
        kept = one.block if one else block
        if kept is not None:
            yield kept._replace(offset=end)
            end += kept.length


def _pieces(
    snapshot: Snapshot, header: Header, changed: list[_Changed], spool: IO[bytes]
) -> Iterator[tuple[bytes, bytes]]:
    """Yields pieces of the old file with their replacements, bounded in size."""
    position = header.length
    for each in changed:
        start = header.length + each.offset
        for piece in _range(snapshot, position, start):
            yield piece, piece
        position = start + each.length
        yield snapshot.read(start, each.length), spool.read(each.new_length)
    for piece in _range(snapshot, position, snapshot.info.size):
        yield piece, piece


def _range(snapshot: Snapshot, start: int, end: int) -> Iterator[bytes]:
    while start < end:
        piece = snapshot.read(start, min(_CHUNK, end - start))
        if not piece:
            raise CorruptFile("the file ends before its size")
        yield piece
        start += len(piece)


def recognise_rewrite(store: ObjectStore, file: PlannedFile, plan: str) -> FileResult:
    """Finds out what became of a file that is, or may be, no longer as planned.

    REWRITTEN means that this plan rewrote it, in a run that was killed or by a write
    whose answer was lost. CHANGED means that another writer did.
    """
    try:
        with store.open(file.name) as snapshot:
            entries = header_of(snapshot).entries
    except ObjectNotFound:
        return FileResult(file.study, file.name, FileOutcome.GONE)
    rewrote = _rewrote(entries)
    own = hide_identifier(plan, file.study, file.name)
    if (rewrote.get("plan"), rewrote.get("generation")) == (own, file.generation):
        return _result(file, snapshot.info.generation, entries)
    detail = "written by somebody else meanwhile"
    return FileResult(file.study, file.name, FileOutcome.CHANGED, detail)


def _rewrote(entries: Mapping[str, bytes]) -> Mapping[str, Any]:
    """Reads the entry of a rewrite; empty if another program wrote it."""
    try:
        note = json.loads(entries.get(REWROTE, b"{}"))
    except ValueError:
        return {}
    return note if isinstance(note, dict) else {}


def _empty(file: PlannedFile) -> FileResult:
    """Makes the result of a file without rows, which only has to be deleted."""
    return FileResult(
        file.study,
        file.name,
        FileOutcome.REWRITTEN,
        generation_before=file.generation,
        generation_after=file.generation,
    )


def _result(
    file: PlannedFile, generation: int, entries: Mapping[str, bytes]
) -> FileResult:
    rewrote = json.loads(entries[REWROTE])
    return FileResult(
        file.study,
        file.name,
        FileOutcome.REWRITTEN,
        generation_before=file.generation,
        generation_after=generation,
        rows_before=file.rows,
        rows_removed=file.removes,
        checksum_before=rewrote["checksum"],
        checksum_after=entries[CHECKSUM].decode(),
        requests=rewrote["requests"],
        rows_changed=file.changes,
    )
