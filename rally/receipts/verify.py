"""Proves the chain of receipts: none missing, none changed, none untrue."""

from collections.abc import Iterator
from enum import StrEnum
from itertools import chain
from typing import NamedTuple

from rally.decisions.chain import Chain
from rally.errors import ConfigurationError
from rally.receipts.anchor import ANCHOR, Anchor, read_anchor
from rally.receipts.changes import Sums, changes_name, read_changes, sum_up, sums_of
from rally.receipts.encoding import decode_receipt, digest, is_sealed
from rally.receipts.receipt import (
    FOLDER,
    NamedChanges,
    Receipt,
    number_in,
    receipt_name,
)
from rally.receipts.truth import Truth, wrong_sums
from rally.storage.layout import Stores
from rally.storage.objectstore.interface import ObjectNotFound, ObjectStore
from rally.storage.records import list_records

NOTHING = Anchor()
"""What comes before the first receipt."""


class FindingKind(StrEnum):
    """Kind of fault of a receipt, or of the changes of files that receipts name.

    MISSING: it is not there. MALFORMED: its bytes are those of no receipt.
    BAD_SIGNATURE: it is not as deletion signed it. MISNUMBERED: it stands under
    another number than its own. CHANGED: a receipt names other bytes. BEHIND: the
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
    anchor, findings = _read_anchor(platform, decisions)
    yield from findings
    walk = _Walk(platform, decisions, anchor, Truth(stores) if stores else None)
    for info in list_records(platform, FOLDER, may_be_links=True):  # as if missing
        if number_in(info.name):
            yield from walk.read(info.name)
    yield from walk.end(known)


class Verified(NamedTuple):
    """Result of a verification that went on from an earlier one.

    Attributes:
        findings: What is wrong.
        end: The last receipt that is there.
    """

    findings: tuple[Finding, ...]
    end: Anchor


def verify_since(
    platform: ObjectStore,
    decisions: Chain,
    stores: Stores,
    known: int,
    since: Anchor = NOTHING,
) -> Verified:
    """Verifies the receipts after one that was verified before.

    That receipt names all before it by its bytes. If it is another by now, or gone, the
    whole chain is verified, as it is without any.

    Args:
        platform: The platform's store.
        decisions: Decisions of the platform, which name the keys that count.
        stores: Stores whose files are looked at.
        known: The last number that the withdrawal list knows.
        since: The receipt to go on from.

    Raises:
        OSError: a store cannot be reached, or refuses.
    """
    anchor, findings = _read_anchor(platform, decisions)
    is_on = since.through > anchor.through and _is_there(platform, since)
    walk = _Walk(platform, decisions, since if is_on else anchor, Truth(stores))
    names = _names_since(platform, since.through, known)
    if not is_on:
        infos = list_records(platform, FOLDER, may_be_links=True)  # as if missing
        names = (each.name for each in infos if number_in(each.name))
    for name in names:
        findings += walk.read(name)
    return Verified((*findings, *walk.end(known)), walk.before)


def _read_anchor(
    platform: ObjectStore, decisions: Chain
) -> tuple[Anchor, list[Finding]]:
    """Reads the anchor of the purge, and says what is wrong with it."""
    try:
        return read_anchor(platform, decisions), []
    except ConfigurationError as error:
        where = f"{platform.uri.rstrip('/')}/{ANCHOR}: "
        what = str(error).removeprefix(where)
        return NOTHING, [Finding(FindingKind.MALFORMED, ANCHOR, what)]


def _is_there(platform: ObjectStore, receipt: Anchor) -> bool:
    try:
        return digest(platform.read(receipt_name(receipt.through))) == receipt.digest
    except ObjectNotFound:
        return False


def _names_since(platform: ObjectStore, number: int, known: int) -> Iterator[str]:
    """Yields the names of the receipts after a number, without listing the others."""
    while platform.stat(name := receipt_name(number := number + 1)) or number <= known:
        yield name


class _Walk:
    """Follows the receipts in the order of their numbers."""

    def __init__(
        self,
        platform: ObjectStore,
        decisions: Chain,
        anchor: Anchor,
        truth: Truth | None,
    ) -> None:
        self.last = anchor.through
        self._platform = platform
        self._decisions = decisions
        self._anchor = anchor
        self._truth = truth
        self.before = anchor  # the number and hash of the one before
        self._name_before = ""  # its name, where its object is there
        self._changes: NamedChanges | None = None  # those that were read last
        self._sums: Sums | None = None  # of these; None where they cannot be read

    def read(self, name: str) -> Iterator[Finding]:
        """Reads the next one that is there, and tells what is wrong as `_see` does."""
        try:
            data = self._platform.read(name)
        except ObjectNotFound:
            return  # it went in this moment: the next one tells
        yield from self._see(name, data)

    def end(self, known: int) -> Iterator[Finding]:
        """Tells whether receipts are missing at the end, up to a number."""
        if self.last < known:
            what = f"the withdrawal list knows it, and the last one here is {self.last}"
            yield Finding(FindingKind.BEHIND, receipt_name(known), what)

    def _see(self, name: str, data: bytes) -> Iterator[Finding]:
        """What is wrong with one object, the one before it, and those between."""
        number = number_in(name)
        if number > self.last + 1:
            yield _gap(self.last + 1, number - 1)
        receipt, findings = self._read(name, data)
        yield from findings
        if receipt:
            yield from self._link(name, receipt)
            yield from self._untrue(name, receipt)
        self.before, self._name_before = Anchor(number, digest(data)), name
        self.last = max(self.last, number)
        if number == self._anchor.through and self.before != self._anchor:
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
        number, before = receipt.number, self.before
        if before.through != number - 1 or before.digest == receipt.previous:
            return
        if self._name_before:
            what = f"receipt {number} names other bytes"
            yield Finding(FindingKind.CHANGED, self._name_before, what)
        else:  # what it should follow is purged, or nothing
            yield Finding(FindingKind.CHANGED, name, "does not follow what was before")

    def _untrue(self, name: str, receipt: Receipt) -> Iterator[Finding]:
        """What of the files behind a receipt is not as it says.

        Receipts of a run name the same changes, which are read once.
        """
        if receipt.number <= self._anchor.through:
            return  # a killed purge left it; its changes are gone
        if receipt.changes and receipt.changes != self._changes:
            self._changes = receipt.changes
            yield from self._read_changes(name, receipt.changes)
        sums = self._sums if receipt.changes else {}
        if sums is None:
            return
        expected = sums_of(receipt, sums)
        for each in receipt.sections:
            files, rows = expected.pop(each.namespace, (0, 0))
            if (each.files, each.rows) != (files, rows):
                what = (
                    f"{each.namespace}: says {each.rows} rows of {each.files} files,"
                    f" and its changes {rows} of {files}"
                )
                yield Finding(FindingKind.UNTRUE, name, what)
        for namespace in expected:
            what = f"{namespace}: is not told, and its changes are about it"
            yield Finding(FindingKind.UNTRUE, name, what)

    def _read_changes(self, receipt: str, named: NamedChanges) -> Iterator[Finding]:
        name, self._sums = changes_name(named), None
        try:
            changes = read_changes(self._platform, named)
        except ConfigurationError as error:
            what = str(error).removeprefix(f"{self._platform.uri.rstrip('/')}/{name}: ")
            yield Finding(FindingKind.CHANGED, name, what)
            return
        if changes is None:
            what = f"{receipt} names it, and it is not there; restore from a backup"
            yield Finding(FindingKind.MISSING, name, what)
            return
        self._sums = sum_up(changes)
        faults = wrong_sums(changes)
        if self._truth:
            faults = chain(faults, self._truth.faults(changes))
        for fault in faults:
            yield Finding(FindingKind.UNTRUE, name, fault)


def _gap(first: int, last: int) -> Finding:
    count = "it is" if first == last else f"it and all up to {last} are"
    what = f"{count} not there; restore from a backup"
    return Finding(FindingKind.MISSING, receipt_name(first), what)
