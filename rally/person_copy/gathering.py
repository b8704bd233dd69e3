"""Gathers a person's copy from a platform, within a case that is theirs."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from rally.access.cases import Case
from rally.access.person_rows import PersonRows, find_person_rows
from rally.consent.index import ConsentIndex, signed_letters
from rally.consent.records import CONSENT_LOG
from rally.decisions.chain import LOSS, Chain
from rally.errors import ConfigurationError, CorruptFile
from rally.event_log.event_log import EventLog
from rally.events import Event
from rally.person_copy.records import PersonCopy, PersonRecords
from rally.person_copy.taking import PlatformFacts, find_acts, take_copy
from rally.receipts.chain import read_receipt
from rally.receipts.receipt import Receipt
from rally.registry.registry import Registry
from rally.registry.transitions import States
from rally.releases.published import read_published
from rally.storage.layout import Stores
from rally.storage.objectstore.interface import GenerationMismatch, ObjectStore
from rally.validation.pseudonyms import Pseudonyms
from rally.withdrawal.list_object import Published, read_list
from rally.withdrawal.rulings import Rulings
from rally.withdrawal.withdrawal_list import Withdrawal, WithdrawalList


class Gathered(NamedTuple):
    """A person's copy, and how it was found.

    Attributes:
        copy: The copy.
        found: Rows and what could not be read of them.
    """

    copy: PersonCopy
    found: PersonRows


@dataclass(frozen=True, slots=True)
class Places:
    """What a copy is gathered from.

    Attributes:
        registry: Registry of the studies.
        stores: Stores of rows and of the platform.
        pseudonyms: Pseudonyms of the platform and of the studies that have a key.
        published: The withdrawal list, and the decisions beside it.
    """

    registry: Registry
    stores: Stores
    pseudonyms: Pseudonyms
    published: Published[WithdrawalList]

    @classmethod
    def open(
        cls, registry: Registry, stores: Stores, pseudonyms: Pseudonyms
    ) -> "Places":
        """Reads list and decisions.

        Raises:
            ConfigurationError: The list is missing or not as it was published, or
                decisions are lost: one of them may have refused a case.
            OSError: The platform cannot be read.
        """
        published = read_list(stores.platform)
        if published.decisions.has_loss:
            raise ConfigurationError(LOSS)
        return cls(registry, stores, pseudonyms, published)

    @property
    def platform(self) -> ObjectStore:
        """Store of the platform."""
        return self.stores.platform

    @property
    def chain(self) -> Chain:
        """Decisions of the platform."""
        return self.published.decisions

    def gather(self, case: Case, person: str, now: datetime) -> Gathered:
        """Gathers all that is held of a case's person.

        Args:
            case: The case.
            person: Platform pseudonym of the person.
            now: Time for which the copy is true, UTC.

        Raises:
            ConfigurationError: The case is of somebody else, or a file of the platform
                is damaged.
            ConnectionError: Rows change faster than they can be read.
            OSError: A store cannot be read.
        """
        if not case.is_of(person):
            raise ConfigurationError(
                f"case {case.id}: is of somebody else than the id on standard input"
            )
        own = tuple(
            each
            for each in self.published.list.withdrawals
            if each.participant == person
        )
        try:
            events = self._events_of(person)
            acts = tuple(find_acts(events, person, Rulings.of(self.chain)))
            consents = tuple(self._consents(events, person).consents_of(person, now))
            found = find_person_rows(
                self.registry, self.stores, self.pseudonyms, person
            )
            copy = take_copy(
                case.id,
                person,
                PlatformFacts(
                    self.registry,
                    self.chain,
                    self.pseudonyms,
                    self.published.list.people(),
                    read_published(self.platform, self.chain, now),
                ),
                found,
                PersonRecords(acts, own, self._receipts(own), consents),
                now,
            )
        except CorruptFile as error:
            raise ConfigurationError(
                f"{self.platform.uri}: an object is damaged ({error}); restore it"
            ) from None
        except GenerationMismatch as error:
            raise ConnectionError(
                f"{error}: changes faster than it can be read; run the command again"
            ) from None
        return Gathered(copy, found)

    def _events_of(self, person: str) -> list[Event]:
        """Reads the events of a person, and those of nobody by their deletion ids.

        Who removed the add-on left by a deletion id, which an enrolment explains.
        """
        log = EventLog(self.platform)
        own = log.about([person])
        ids = {each.deletion_id for each in own if each.deletion_id is not None}
        return [
            each
            for each in own | log.about(ids)
            if each.participant == person or each.participant is None
        ]

    def _consents(self, events: list[Event], person: str) -> ConsentIndex:
        states = States.of_chain(self.registry, self.chain)
        records = CONSENT_LOG.read(self.platform)
        return ConsentIndex(
            self.registry, states, records, events, [person], signed_letters(self.chain)
        )

    def _receipts(self, requests: tuple[Withdrawal, ...]) -> tuple[Receipt, ...]:
        """Reads the receipts of requests; one that was purged is left out."""
        numbers = sorted({number for each in requests for number in each.receipts})
        found = (read_receipt(self.platform, self.chain, each) for each in numbers)
        return tuple(each for each in found if each is not None)
