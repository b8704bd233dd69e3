"""The ledger: what each study's budget went to, and which results left; append-only.

A number is taken by creating its object, so that of two releases at once one is first
and the other looks again. Nobody may change or delete a line. Each names the digest of
all before it, so one that is missing, changed, forged or out of its order is a fault,
and under a fault nothing is reserved, drawn or placed.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from rally.decisions.chain import Chain
from rally.decisions.entry import START, extend
from rally.errors import ConfigurationError, ManyFaults
from rally.keys.names import Job
from rally.keys.signing import SigningKey
from rally.releases.ledger_lines import (
    FOLDER,
    MOST_BYTES,
    LedgerLine,
    LineContent,
    Placing,
    Reservation,
    Spending,
    decode,
    encode,
    line_name,
    number_in,
    signed_bytes,
)
from rally.storage.objectstore.interface import ObjectNotFound, ObjectStore
from rally.storage.records import list_records

ResultId = tuple[str, str]
"""Namespace of a study, and id of one of its releases or name of a submitted file."""


_Key = tuple[type[LineContent], str, str]


class LedgerEnd(NamedTuple):
    """The last line of a ledger, as somebody names it who has seen it.

    Attributes:
        number: Number of the line; 0 of none.
        digest: Digest of all lines up to it; "" of none.
    """

    number: int
    digest: str


NO_END = LedgerEnd(0, "")
"""End of a ledger without lines."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """All lines of a platform's ledger that its release job signed.

    Attributes:
        lines: Lines in their order.
        digest: Digest of all objects that are there.
        last: Number of the last object that is there; 0 of none.
        faults: Faults, one line each; under one nothing may be appended.
    """

    lines: tuple[LedgerLine, ...] = ()
    digest: str = START
    last: int = 0
    faults: tuple[str, ...] = ()

    def check(self) -> None:
        """Raises ConfigurationError where the ledger has a fault."""
        if self.faults:
            raise ManyFaults(self.faults)

    @property
    def reservations(self) -> dict[ResultId, Reservation]:
        """Reservations by the release that they are for."""
        return {_result(it): it for it in self.contents() if type(it) is Reservation}

    @property
    def spendings(self) -> dict[ResultId, Spending]:
        """Results that were drawn, by their release."""
        return {_result(it): it for it in self.contents() if type(it) is Spending}

    @property
    def placings(self) -> dict[ResultId, Placing]:
        """Results that left, by release or submitted file."""
        return {_result(it): it for it in self.contents() if type(it) is Placing}

    @property
    def end(self) -> LedgerEnd:
        """Its end, for whoever names it; NO_END of none, and under a fault."""
        whole = self.last and not self.faults
        return LedgerEnd(self.last, self.digest) if whole else NO_END

    def holds(self, seen: LedgerEnd) -> bool:
        """Tells whether it has all lines up to an end that somebody has seen.

        One with a fault holds none.
        """
        if seen.number == 0:
            return True
        if self.faults or seen.number > self.last:
            return False
        digests = [*(each.previous for each in self.lines), self.digest]
        return digests[seen.number] == seen.digest

    def reserved_by(self, study: str) -> Decimal:
        """Sums what a study's releases took of its budget."""
        taken = (
            Decimal(it.rho)
            for it in self.contents()
            if type(it) is Reservation and it.study == study
        )
        return sum(taken, Decimal(0))

    def contents(self) -> Iterator[LineContent]:
        """Gives the contents of all lines, in their order."""
        return (line.content for line in self.lines)


NO_LEDGER = Ledger()
"""Ledger without lines."""


def read_ledger(platform: ObjectStore, chain: Chain) -> Ledger:
    """Reads the whole ledger, and verifies it.

    Args:
        platform: Store of the platform.
        chain: Decisions of the platform, which name the keys that count.

    Raises:
        OSError: The platform cannot be read.
    """
    walk = _Walk(chain)
    for info in list_records(platform, FOLDER):
        try:
            data = platform.read_range(info.name, 0, MOST_BYTES + 1)
        except ObjectNotFound:
            continue  # the next one says that it is missing
        walk.see(info.name, data)
    return walk.ledger()


def append(
    platform: ObjectStore,
    chain: Chain,
    key: SigningKey,
    make: Callable[[Ledger], LineContent | None],
    now: datetime,
) -> Ledger:
    """Appends a line for which the ledger leaves room.

    Args:
        platform: Store of the platform.
        chain: Decisions of the platform.
        key: Signing key of the job that makes releases.
        make: Content of the line, after the ledger as it is; None where the line is
            there already. It is called again where another run was first, and raises
            ConfigurationError where the line is not to be.
        now: Time at which it is written, UTC.

    Returns:
        The ledger, with the line.

    Raises:
        ConfigurationError: The ledger has a fault, the key is not the one that the
            decisions name, or the line is not to be.
        OSError: The platform cannot be read or written, or a KMS does not serve.
        ValueError: The line does not follow those before it: a fault of this software.
    """
    chain.check_key(Job.RELEASE, key)
    while True:
        ledger = read_ledger(platform, chain)
        ledger.check()
        content = make(ledger)
        if content is None:
            return ledger
        if why := _why_not(content, {_key(each): each for each in ledger.contents()}):
            raise ValueError(f"{line_name(ledger.last + 1)}: {why}")
        line = LedgerLine(chain.platform, ledger.last + 1, ledger.digest, now, content)
        line = line._replace(signature=key.sign(signed_bytes(line)).hex())
        platform.create(line_name(line.number), encode(line))


class _Walk:
    """Follows the lines in the order of their numbers."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._lines: list[LedgerLine] = []
        self._faults: list[str] = []
        self._digest, self._last = START, 0
        self._seen: dict[_Key, LineContent] = {}

    def ledger(self) -> Ledger:
        """Gives what was seen."""
        return Ledger(tuple(self._lines), self._digest, self._last, tuple(self._faults))

    def see(self, name: str, data: bytes) -> None:
        """Takes the next object."""
        number = number_in(name)
        if number > self._last + 1:
            more = f", as are all up to {number - 1}" if number > self._last + 2 else ""
            name_of = line_name(self._last + 1)
            self._faults.append(f"{name_of}: is missing{more}; restore from a backup")
        try:
            line = self._read(name, data)
        except ConfigurationError as error:
            self._faults.append(str(error))
        else:
            self._lines.append(line)
        self._digest, self._last = extend(self._digest, data), number

    def _read(self, name: str, data: bytes) -> LedgerLine:
        """Reads a line that may stand here. Raises ConfigurationError."""
        line = decode(data, name)
        if not self._chain.is_signed_as(
            Job.RELEASE, line.signature, signed_bytes(line)
        ):
            raise _fault(name, "is not signed by the job that makes releases")
        if (line.platform, line.number) != (self._chain.platform, number_in(name)):
            raise _fault(name, "is a line of another place; restore it")
        if line.previous != self._digest:
            raise _fault(name, "names other lines before it than are there")
        if why := _why_not(line.content, self._seen):
            raise _fault(name, why)
        self._seen[_key(line.content)] = line.content
        return line


def is_submitted(name: str) -> bool:
    """Tells whether a result is a submitted file: its suffix begins with a letter."""
    return name.partition(".")[2][:1].isalpha()


def _why_not(content: LineContent, before: Mapping[_Key, LineContent]) -> str:
    """Says why a line may not follow those before it; "" where it may."""
    if _key(content) in before:
        return "says for a second time what a line before it says"
    _, study, release = _key(content)
    if isinstance(content, Spending) and (Reservation, study, release) not in before:
        return "is a result for which nothing was reserved"
    if isinstance(content, Placing) and not is_submitted(release):
        spent = before.get((Spending, study, release))
        if not isinstance(spent, Spending) or spent.sha256 != content.sha256:
            return "is of another result than the one that was drawn"
    return ""


def _key(content: LineContent) -> _Key:
    return type(content), content.study, content.release


def _result(content: LineContent) -> ResultId:
    return content.study, content.release


def _fault(name: str, what: str) -> ConfigurationError:
    return ConfigurationError(f"{name}: {what}")
