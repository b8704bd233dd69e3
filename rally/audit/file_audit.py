"""Audits one file of rows, and decides which of several faults counts.

A file that is not whole is that and nothing else. What lies elsewhere than where it was
written is out of place, and what it says of people there means nothing.
"""

from array import array
from collections.abc import Callable
from typing import NamedTuple

from rally.audit.clear_bytes import encode_name
from rally.audit.duplicates import Hashes
from rally.audit.expunge_audit import make_order_checks
from rally.audit.findings import Check, Unit
from rally.audit.row_checks import PartitionRules, RowChecks
from rally.audit.rule_book import SchemaCheck, chosen_block, undecodable
from rally.audit.searching import Searches, search_bytes, search_header
from rally.audit.tally import LineKind, Tally
from rally.audit.whole_files import WholeFile, starts_of
from rally.deletion.rewriting import REWROTE
from rally.errors import CorruptFile
from rally.storage.header import FINGERPRINT, LIST_COUNTER, Header
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.partitions import LiveFile
from rally.storage.row_keys import KEY_BYTES
from rally.storage.snapshots import frame_rows, header_of, parse_frame
from rally.storage.writer import CONTENT, Digest, of_compacted, of_new

_BROKEN_ANYWHERE = (Check.PLACE, Check.IDS, Check.NETWORK)
"""Checks that count for a file in the wrong place."""

_MISPLACED_ROWS = "rows of another partition"
_KEY_BYTES = KEY_BYTES + 10  # with the time, as long as a long may be


class FileAuditContext(NamedTuple):
    """Inputs for auditing each file of one partition.

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
    rules: PartitionRules
    schema_check: SchemaCheck
    searches: Searches
    width: int
    today: str
    is_signed: Callable[[int], bool]


def audit_file(context: FileAuditContext, live: LiveFile) -> tuple[Tally, Hashes]:
    """Returns the findings in a file, and hashes of its rows if it is compacted.

    Raises:
        GenerationMismatch, ObjectNotFound: The file is no longer what was listed.
        OSError: The store cannot be reached, or refuses.
    """
    try:
        return _audit(context, live)
    except CorruptFile as error:
        tally = Tally()
        name = live.file.info.name
        tally.add_broken(Check.FILES, name, str(error), 1, Unit.OBJECTS)
        search_bytes(tally, context.searches, name, encode_name(name))
        tally.files = 1
        return tally, array("q")


def hashes_of(
    store: ObjectStore, live: LiveFile, width: int, rules: PartitionRules
) -> Hashes:
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


def _audit(context: FileAuditContext, live: LiveFile) -> tuple[Tally, Hashes]:
    width = context.width if live.file.bucket else 0
    name = live.file.info.name
    with context.store.open(*live.file.identity) as snapshot:
        file = WholeFile(snapshot)
        fingerprint = _fingerprint(file.header)
        orders = make_order_checks(context.rules.orders, file.header.schema)
        checks = RowChecks(
            context.rules, live, context.searches, width, fingerprint, orders
        )
        digests = _digests(context, live, file.header)
        chosen = chosen_block(name, context.today, len(file.index))
        walk = context.schema_check.walker(file.header)
        for place, block in enumerate(file.blocks(walk, digests)):
            is_decoded = place == chosen and not block.is_foreign
            odd = undecodable(block, file.header) if is_decoded else ()
            checks.check_block(block, odd)
    tally = checks.tally
    tally.files = 1
    if _names_unsigned_list(context, file.header):
        what = "says that it was written under a withdrawal list that nobody signed"
        tally.add_broken(Check.FILES, name, what, 1, Unit.OBJECTS)
    if walk is None:
        rows = file.rows
        what = "not of the approved schema"
        tally.rows += rows
        tally.add_broken(Check.SCHEMA, context.rules.where, what, rows, Unit.ROWS)
    if not file.can_be_proven:
        why = "it has no checksum: nothing shows whether it is whole"
        tally.add_unseen(Check.FILES, name, why)
    search_header(tally, context.searches, name, file.header)
    stated = file.header.entries.get(CONTENT, b"").decode("ascii", "replace")
    if digests and stated not in {each.hexdigest() for each in digests}:
        return _out_of_place(tally, context.rules.where), array("q")
    return tally, checks.hashes


def _fingerprint(header: Header) -> str:
    return header.entries.get(FINGERPRINT, b"").decode("ascii", "replace")


def _names_unsigned_list(context: FileAuditContext, header: Header) -> bool:
    stated = header.entries.get(LIST_COUNTER, b"")
    return stated.isdigit() and (len(stated) > 18 or not context.is_signed(int(stated)))


def _digests(context: FileAuditContext, live: LiveFile, header: Header) -> list[Digest]:
    """Begins the digests that the rows may come to; none where the header has none.

    One has the fingerprint of the header. If that is none of the document's, there is
    one for each that is: a wrong schema is another fault.
    """
    if CONTENT not in header.entries or REWROTE in header.entries:
        return []
    stated = _fingerprint(header)
    known = context.schema_check.fingerprints
    fingerprints = [stated] if stated in known else [stated, *known]
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
        if line.check in _BROKEN_ANYWHERE and line.kind is LineKind.BROKEN:
            tally.add(line, number)
    if not any(line.check is Check.PLACE for line in tally.lines):
        tally.add_broken(Check.PLACE, where, _MISPLACED_ROWS, 1, Unit.OBJECTS)
    return tally
