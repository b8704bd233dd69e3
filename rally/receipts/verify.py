"""Proves the chain of receipts: none missing, none changed, none untrue."""

from collections.abc import Iterator
from enum import StrEnum
from itertools import chain
from typing import NamedTuple

from rally.decisions.chain import Chain
from rally.errors import ConfigurationError, CorruptFile
from rally.receipts.anchor import ANCHOR, Anchor, read_anchor
from rally.receipts.encoding import decode_receipt, digest, is_sealed
from rally.receipts.receipt import FOLDER, FileChange, Receipt, number_in, receipt_name
from rally.storage.header import CHECKSUM
from rally.storage.layout import Stores
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectNotFound,
    ObjectStore,
)
from rally.storage.records import list_records
from rally.storage.snapshots import header_of


class FindingKind(StrEnum):
    """Kind of fault of a receipt.

    MISSING: its number is not there. MALFORMED: its bytes are those of no receipt.
    BAD_SIGNATURE: it is not as deletion signed it. MISNUMBERED: it stands under
    another number than its own. CHANGED: the next one names other bytes. BEHIND: the
    withdrawal list knows of a later one than the last. UNTRUE: its sums are wrong, or
    the files are not as it says.
    """

    MISSING = "missing"
    MALFORMED = "malformed"
    BAD_SIGNATURE = "bad signature"
    MISNUMBERED = "misnumbered"
    CHANGED = "changed"
    BEHIND = "behind"
    UNTRUE = "untrue"


class Finding(NamedTuple):
    """One thing that is wrong.

    Attributes:
        kind: Kind of the finding.
        name: The object, in the platform's store.
        what: Description, exact and without ids.
    """

    kind: FindingKind
    name: str
    what: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.name}: {self.kind}: {self.what}"


class Contents(NamedTuple):
    """Content of a file by its header; nothing where that cannot be read."""

    rows: int | None = None
    checksum: str | None = None


class Truth:
    """Holds receipts against the stores, in which it looks at a file once.

    A file that has moved on to another generation says nothing.
    """

    def __init__(self, stores: Stores) -> None:
        """Takes the stores of all studies."""
        self._stores = stores
        self._generations: dict[tuple[str, str], int | None] = {}
        self._contents: dict[tuple[str, str, int], Contents | None] = {}

    def faults(self, receipt: Receipt) -> Iterator[str]:
        """What the files tell otherwise, a line each. Raises OSError."""
        for section in receipt.sections:
            for change in section.files:
                for fault in self._faults(section.namespace, change):
                    yield f"{change.name}: {fault}"

    def _faults(self, namespace: str, change: FileChange) -> Iterator[str]:
        generation = self._generation(namespace, change.name)
        if generation == change.generation_before:
            said = "gone" if change.generation_after is None else "rewritten"
            yield f"is said to be {said} and stands there as it was"
        elif generation is not None and generation == change.generation_after:
            contents = self._read(namespace, change.name, generation)
            if contents is not None:
                yield from _differences(change, contents)

    def _generation(self, namespace: str, name: str) -> int | None:
        key = namespace, name
        if key not in self._generations:
            info = self._stores.of(namespace).stat(name)
            self._generations[key] = info.generation if info else None
        return self._generations[key]

    def _read(self, namespace: str, name: str, generation: int) -> Contents | None:
        """What the file says; None where it has moved on meanwhile."""
        key = namespace, name, generation
        if key not in self._contents:
            self._contents[key] = self._open(*key)
        return self._contents[key]

    def _open(self, namespace: str, name: str, generation: int) -> Contents | None:
        try:
            with self._stores.of(namespace).open(name, generation) as snapshot:
                header = header_of(snapshot)
            checksum = header.entries.get(CHECKSUM, b"").decode("ascii", "replace")
            return Contents(header.rows, checksum)
        except CorruptFile:
            return Contents()
        except (ObjectNotFound, GenerationMismatch):
            return None


def wrong_sums(receipt: Receipt) -> Iterator[str]:
    """What in a receipt cannot be, whatever the files say; a line each."""
    for section in receipt.sections:
        for change in section.files:
            for fault in _wrong_sums(change):
                yield f"{change.name}: {fault}"


def _wrong_sums(change: FileChange) -> Iterator[str]:
    before, removed, after = change.rows_before, change.rows_removed, change.rows_after
    if before - removed != after:
        yield f"{before} rows less {removed} are not {after}"
    if change.rows_of_request > removed + change.rows_changed:
        yield (
            f"{change.rows_of_request} rows of the request are more than"
            f" {removed + change.rows_changed}"
        )
    if change.rows_changed > after:
        yield f"{change.rows_changed} rows that changed are more than {after}"
    if change.generation_after is None and after:
        yield f"is said to be gone, and to have {after} rows"
    if (change.generation_after is None) != (change.checksum_after is None):
        yield "has a generation without a checksum, or a checksum without one"


def _differences(change: FileChange, found: Contents) -> Iterator[str]:
    if found.rows is None:
        yield "cannot be read, and is as the receipt left it"
        return
    if found.rows != change.rows_after:
        yield f"has {found.rows} rows and not {change.rows_after}"
    if found.checksum != change.checksum_after:
        yield f"has the checksum {found.checksum} and not {change.checksum_after}"


def verify_chain(
    platform: ObjectStore,
    decisions: Chain,
    stores: Stores | None = None,
    known: int = 0,
) -> Iterator[Finding]:
    """Reads every receipt and tells what is wrong, in the order of their numbers.

    Args:
        platform: The platform's store.
        decisions: Decisions of the platform, which name the keys that count.
        stores: Stores whose files are looked at; None looks at no file.
        known: The last number that the withdrawal list knows.

    Raises:
        OSError: a store cannot be reached, or refuses.
    """
    anchor = Anchor()
    try:
        anchor = read_anchor(platform, decisions)
    except ConfigurationError as error:
        where = f"{platform.uri.rstrip('/')}/{ANCHOR}: "
        what = str(error).removeprefix(where)
        yield Finding(FindingKind.MALFORMED, ANCHOR, what)
    walk = _Walk(decisions, anchor, Truth(stores) if stores else None)
    for info in list_records(platform, FOLDER, may_be_links=True):  # as if missing
        if info.name != ANCHOR:
            try:
                yield from walk.see(info.name, platform.read(info.name))
            except ObjectNotFound:
                continue  # it went in this moment: the next one tells
    if walk.last < known:
        what = f"the withdrawal list knows it, and the last one here is {walk.last}"
        yield Finding(FindingKind.BEHIND, receipt_name(known), what)


class _Walk:
    """Follows the receipts in the order of their numbers."""

    def __init__(self, decisions: Chain, anchor: Anchor, truth: Truth | None) -> None:
        self.last = anchor.through
        self._decisions = decisions
        self._anchor = anchor
        self._truth = truth
        self._before = anchor  # the number and hash of the one before
        self._name_before = ""  # its name, where its object is there

    def see(self, name: str, data: bytes) -> Iterator[Finding]:
        """What is wrong with one object, the one before it, and those between."""
        number = number_in(name)
        if number > self.last + 1:
            yield _gap(self.last + 1, number - 1)
        receipt, findings = self._read(name, data)
        yield from findings
        if receipt:
            yield from self._link(name, receipt)
            yield from self._untrue(name, receipt)
        self._before, self._name_before = Anchor(number, digest(data)), name
        self.last = max(self.last, number)
        if number == self._anchor.through and self._before != self._anchor:
            yield Finding(FindingKind.CHANGED, name, "the anchor names other bytes")

    def _read(self, name: str, data: bytes) -> tuple[Receipt | None, list[Finding]]:
        """The receipt where it can be trusted, else what is wrong with it."""
        try:
            receipt = decode_receipt(data, name)
        except ConfigurationError as error:
            what = str(error).removeprefix(f"{name}: ")
            return None, [Finding(FindingKind.MALFORMED, name, what)]
        if not is_sealed(receipt, self._decisions):
            what = "is not as deletion signed it"
            return None, [Finding(FindingKind.BAD_SIGNATURE, name, what)]
        if receipt.number != number_in(name):
            what = f"says that it is receipt {receipt.number}"
            return None, [Finding(FindingKind.MISNUMBERED, name, what)]
        return receipt, []

    def _link(self, name: str, receipt: Receipt) -> Iterator[Finding]:
        number, before = receipt.number, self._before
        if before.through != number - 1 or before.digest == receipt.previous:
            return
        if self._name_before:
            what = f"receipt {number} names other bytes"
            yield Finding(FindingKind.CHANGED, self._name_before, what)
        else:  # what it should follow is purged, or nothing
            yield Finding(FindingKind.CHANGED, name, "does not follow what was before")

    def _untrue(self, name: str, receipt: Receipt) -> Iterator[Finding]:
        faults = wrong_sums(receipt)
        if self._truth:
            faults = chain(faults, self._truth.faults(receipt))
        return (Finding(FindingKind.UNTRUE, name, fault) for fault in faults)


def _gap(first: int, last: int) -> Finding:
    count = "it is" if first == last else f"it and all up to {last} are"
    what = f"{count} not there; restore from a backup"
    return Finding(FindingKind.MISSING, receipt_name(first), what)
