"""Audits one file of rows, and decides which of several faults counts.

A file that is not whole is that and nothing else. What lies elsewhere than where it was
written is out of place, and what it says of people there means nothing.
"""

from array import array
from collections.abc import Callable
from typing import NamedTuple

from rally.audit.clear_bytes import in_bytes
from rally.audit.duplicates import Hashes
from rally.audit.findings import Check, Unit
from rally.audit.row_checks import RowChecks, Rules
from rally.audit.rule_book import SchemaCheck, chosen_block, undecodable
from rally.audit.searching import Searches, search_bytes, search_header
from rally.audit.tally import Kind, Tally
from rally.audit.whole_files import WholeFile, starts_of
from rally.compaction.partition_view import FINGERPRINT
from rally.deletion.rewriting import REWROTE
from rally.errors import CorruptFile
from rally.storage.header import LIST_COUNTER, Header
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.partitions import LiveFile
from rally.storage.row_keys import KEY_BYTES
from rally.storage.snapshots import frame_rows, header_of, parse_frame
from rally.storage.writer import CONTENT, Digest, of_compacted, of_new

_WHEREVER = (Check.PLACE, Check.IDS, Check.NETWORK)
"""Checks that count for a file in the wrong place."""

_ELSEWHERE = "rows of another partition"
_KEY_BYTES = KEY_BYTES + 10  # with the time, as long as a long may be


class Asked(NamedTuple):
    """Checks for every file of a partition.

    Attributes:
        store: Store of the study.
        rules: Rules of the partition.
        schema_check: Check of rows against the schema of their document.
        searches: Searches for what must stand nowhere.
        width: Number of first bytes that tell rows apart.
        today: Date of the audit, YYYY-MM-DD.
        is_signed: Whether there ever was a withdrawal list of a counter.
    """

    store: ObjectStore
    rules: Rules
    schema_check: SchemaCheck
    searches: Searches
    width: int
    today: str
    is_signed: Callable[[int], bool]


def audit_file(asked: Asked, live: LiveFile) -> tuple[Tally, Hashes]:
    """Returns the findings in a file, and hashes of its rows if it is compacted.

    Raises:
        GenerationMismatch, ObjectNotFound: The file is no longer what was listed.
        OSError: The store cannot be reached, or refuses.
    """
    try:
        return _audit(asked, live)
    except CorruptFile as error:
        tally = Tally()
        name = live.file.info.name
        tally.broken(Check.FILES, name, str(error), 1, Unit.OBJECTS)
        search_bytes(tally, asked.searches, name, in_bytes(name))
        tally.files = 1
        return tally, array("q")


def hashes_of(store: ObjectStore, live: LiveFile, width: int, rules: Rules) -> Hashes:
    """Returns hashes of a compacted file's rows that count; none if it is damaged.

    Raises as audit_file does.
    """
    hashes = array("q")
    try:
        with store.open(*live.file.identity) as snapshot:
            header = header_of(snapshot)
            for block in header.checked_blocks(snapshot.info.size):
                stored = snapshot.read(header.length + block.offset, block.length)
                frame = parse_frame(stored, block.offset, header.sync)
                data = frame_rows(frame, header.codec)
                hashes.extend(
                    hash(data[at : at + width])
                    for at in starts_of(block)
                    if live.holds(data[at + 1 : at + 37])
                    and not rules.condemns(data[at : at + _KEY_BYTES])
                )
    except CorruptFile:
        return array("q")
    return hashes


def _audit(asked: Asked, live: LiveFile) -> tuple[Tally, Hashes]:
    width = asked.width if live.file.bucket else 0
    checks = RowChecks(asked.rules, live, asked.searches, width)
    tally, name = checks.tally, live.file.info.name
    with asked.store.open(*live.file.identity) as snapshot:
        file = WholeFile(snapshot)
        digests = _digests(asked, live, file.header)
        chosen = chosen_block(name, asked.today, len(file.index))
        walk = asked.schema_check.walker(file.header)
        for place, block in enumerate(file.blocks(walk, digests)):
            is_decoded = place == chosen and not block.is_foreign
            odd = undecodable(block, file.header) if is_decoded else ()
            checks.see(block, odd)
    tally.files = 1
    if _claims_unsigned(asked, file.header):
        what = "says that it was written under a withdrawal list that nobody signed"
        tally.broken(Check.FILES, name, what, 1, Unit.OBJECTS)
    if walk is None:
        rows = file.rows
        what = "not of the approved schema"
        tally.rows += rows
        tally.broken(Check.SCHEMA, asked.rules.where, what, rows, Unit.ROWS)
    if not file.can_be_proven:
        why = "it has no checksum: nothing shows whether it is whole"
        tally.unseen(Check.FILES, name, why)
    search_header(tally, asked.searches, name, file.header)
    said = file.header.entries.get(CONTENT, b"").decode("ascii", "replace")
    if digests and said not in {each.hexdigest() for each in digests}:
        return _out_of_place(tally, asked.rules.where), array("q")
    return tally, checks.hashes


def _claims_unsigned(asked: Asked, header: Header) -> bool:
    told = header.entries.get(LIST_COUNTER, b"")
    return told.isdigit() and (len(told) > 18 or not asked.is_signed(int(told)))


def _digests(asked: Asked, live: LiveFile, header: Header) -> list[Digest]:
    """Begins the digests that the rows may come to; none where the header has none.

    One has the fingerprint of the header, one the approved one: a wrong schema is
    another fault.
    """
    if CONTENT not in header.entries or REWROTE in header.entries:
        return []
    told = header.entries.get(FINGERPRINT, b"").decode("ascii", "replace")
    fingerprints = sorted({told, asked.schema_check.fingerprint})
    if live.file.bucket:
        return [of_compacted(live.file.info.name, each) for each in fingerprints]
    if live.file.is_new:
        return [of_new(live.file.partition, each) for each in fingerprints]
    return []


def _out_of_place(found: Tally, where: str) -> Tally:
    """Keeps what counts wherever a file lies, with one line at least on its place."""
    tally = Tally()
    tally.files, tally.rows = found.files, found.rows
    for line, number in found.lines.items():
        if line.check in _WHEREVER and line.kind is Kind.BROKEN:
            tally.add(line, number)
    if not any(line.check is Check.PLACE for line in tally.lines):
        tally.broken(Check.PLACE, where, _ELSEWHERE, 1, Unit.OBJECTS)
    return tally
