"""What people decided of withdrawals: the chain's entries, by what they are about.

A request is decided once. A decision counts for a request that the withdrawal list
said was held when it was signed: nobody takes back what was admitted as active.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from rally.decisions.chain import Chain
from rally.decisions.contents import Kind, Letters, RequestDecision, Settlement
from rally.decisions.entry import Entry
from rally.decisions.verifying import read_chain
from rally.events import MAIL, Event, event_name
from rally.storage.objectstore.interface import ObjectStore

_KINDS = (
    Kind.CONFIRM,
    Kind.REJECT,
    Kind.EXPEDITE,
    Kind.SETTLE,
    Kind.RECORD_LETTERS,
)


class Ruling(NamedTuple):
    """That a request counts, or does not.

    Attributes:
        number: of the entry.
        list: counter of the withdrawal list that its signer saw.
        rejects: whether the request does not count.
    """

    number: int
    list: int
    rejects: bool


class Rulings:
    """All that people decided of withdrawals.

    Attributes:
        settlements: of dead letters that nobody can read.
        has_loss: whether decisions may be missing among them.
    """

    def __init__(
        self, entries: Iterable[Entry] = (), *, has_loss: bool = False
    ) -> None:
        """Sorts entries by what they are about, each subject's in their order."""
        self.has_loss = has_loss
        self.settlements: list[Settlement] = []
        self._rulings: dict[str, list[Ruling]] = defaultdict(list)
        self._expedited = set[str]()
        self._letters = set[str]()
        for entry in entries:
            match entry.content:
                case Letters(events=events):
                    self._letters.update(events)
                case Settlement() as settlement:
                    self.settlements.append(settlement)
                case RequestDecision(subjects=subjects):
                    self._rule(entry, subjects)

    @classmethod
    def of(cls, chain: Chain) -> "Rulings":
        """Those of a chain that count."""
        return cls(chain.of(*_KINDS), has_loss=chain.has_loss)

    @classmethod
    def read(cls, platform: ObjectStore) -> "Rulings":
        """Those of a platform. Raises ConfigurationError and OSError."""
        return cls.of(read_chain(platform))

    def first(self, subject: str, since: int) -> Ruling | None:
        """The decision on a request that counts; None where there is none.

        Args:
            subject: the request; see rally.withdrawal.requests.subject_of.
            since: counter of the first list that said that it is held.
        """
        for ruling in self._rulings.get(subject, ()):
            if ruling.list >= since:
                return ruling
        return None

    def is_ruled(self, subject: str) -> bool:
        """Whether somebody decided on a request, whatever it counts for."""
        return subject in self._rulings

    def still_rejects(self, subject: str, number: int) -> bool:
        """Whether the entry that rejected a request is one that counts."""
        return self.has_loss or any(
            each.rejects and each.number == number
            for each in self._rulings.get(subject, ())
        )

    def is_expedited(self, subject: str) -> bool:
        """Whether a request that counts waits for no study's end."""
        return subject in self._expedited

    def is_genuine(self, event: Event) -> bool:
        """Whether it is no letter, or one that a person signed for."""
        return event.signal != MAIL or event_name(event) in self._letters

    def _rule(self, entry: Entry, subjects: Iterable[str]) -> None:
        if entry.kind is Kind.EXPEDITE:
            self._expedited.update(subjects)
        ruling = Ruling(entry.number, entry.list, entry.kind is Kind.REJECT)
        for subject in subjects:
            self._rulings[subject].append(ruling)
