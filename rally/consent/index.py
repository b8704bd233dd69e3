"""An index of consents: who agreed to what, as the platform's logs have it.

Researchers' releases ask it person by person, and it denies what nobody gave. It holds
only people who said something about a consent, or those whom it was asked for.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from rally.consent.fold import (
    Consent,
    Evidence,
    PersonInStudy,
    StudyTerms,
    fields_named,
    fold_consent,
)
from rally.consent.records import CONSENT_LOG, ConsentPurpose, ConsentRecord
from rally.decisions.contents import DecisionKind
from rally.decisions.notice_contents import ConsentLetters
from rally.event_log.event_log import EventLog
from rally.events import MAIL, RALLY, Event, EventKind
from rally.registry.registry import Registry
from rally.registry.transitions import States
from rally.storage.append_log import record_name
from rally.storage.objectstore.interface import ObjectStore
from rally.times import to_micros

if TYPE_CHECKING:
    from rally.decisions.chain import Chain


class StudyConsent(NamedTuple):
    """One consent of a person, with what it is about.

    Attributes:
        study: Namespace.
        purpose: Purpose.
        field: Field; "" is the whole purpose.
        consent: How it stands.
    """

    study: str
    purpose: ConsentPurpose
    field: str
    consent: Consent


@dataclass(slots=True)
class _Person:
    """What the logs have of one person.

    Attributes:
        records: Choices by study.
        joined: Times of joining by scope.
        left: Times of leaving by scope.
    """

    records: dict[str, list[ConsentRecord]] = field(
        default_factory=lambda: defaultdict(list)
    )
    joined: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    left: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))


class ConsentIndex:
    """Consents by platform pseudonym."""

    def __init__(
        self,
        registry: Registry,
        states: States,
        records: Iterable[ConsentRecord],
        events: Iterable[Event],
        people: Collection[str] | None = None,
        letters: Collection[str] = (),
    ) -> None:
        """Reads the records once, and the events twice.

        Args:
            registry: Registry of the studies.
            states: States of the studies.
            records: Records of the log of consents.
            events: Events of the event log, which can be read again.
            people: Platform pseudonyms of those to hold; None holds whoever has a
                record, and then joining alone makes no consent.
            letters: Names of the records of letters that people signed for.
        """
        self._people: dict[str, _Person] = {}
        if people is not None:
            self._people = {each: _Person() for each in people}
        for record in records:
            if record.signal == MAIL and record_name(record) not in letters:
                continue  # nobody signed for it
            if people is None:
                self._people.setdefault(record.participant, _Person())
            if person := self._people.get(record.participant):
                person.records[record.study].append(record)
        self._read_events(events)
        self._terms = {
            name: StudyTerms(study.notices, _micros(states.concluded_at(name)))
            for name, study in registry.studies.items()
        }

    @classmethod
    def read(
        cls,
        platform: ObjectStore,
        registry: Registry,
        states: States,
        people: Collection[str] | None = None,
    ) -> "ConsentIndex":
        """Reads the logs of a platform.

        Args:
            platform: Store of the platform.
            registry: Registry of the studies.
            states: States of the studies.
            people: Platform pseudonyms of those to hold; None holds whoever has a
                record.

        Raises:
            CorruptFile: one of the logs is damaged.
            OSError: the platform cannot be read.
        """
        from rally.decisions.verifying import read_chain  # imports Tink

        records, events = CONSENT_LOG.read(platform), EventLog(platform)
        letters = signed_letters(read_chain(platform))
        return cls(registry, states, records, events, people, letters)

    def consented(
        self,
        study: str,
        purpose: ConsentPurpose,
        field: str,
        participant: str,
        at: datetime,
    ) -> bool:
        """Tells whether a person has agreed to something, and still does.

        Only what the person's client said itself counts, with a notice that the study
        lists. Joining a study is no consent to anything beside it.

        Args:
            study: Namespace of the study.
            purpose: Purpose.
            field: Field of it.
            participant: Platform pseudonym.
            at: Time, UTC.
        """
        found = self._fold(study, purpose, field, participant, to_micros(at))
        return found is not None and found.opens and found.evidence is Evidence.EXPLICIT

    def consents_of(self, participant: str, at: datetime) -> Iterator[StudyConsent]:
        """Gives all consents of a person at a time, by study, purpose and field.

        Args:
            participant: Platform pseudonym of somebody whom the index holds.
            at: Time, UTC.
        """
        person = self._people[participant]
        for study in sorted({*person.records, *person.joined} & self._terms.keys()):
            named = fields_named(person.records.get(study, ()))
            named.setdefault(ConsentPurpose.STUDY, [""])
            for purpose in ConsentPurpose:
                for name in named.get(purpose, ()):
                    found = self._fold(study, purpose, name, participant, to_micros(at))
                    if found is not None:
                        yield StudyConsent(study, purpose, name, found)

    def _fold(
        self, study: str, purpose: ConsentPurpose, name: str, participant: str, at: int
    ) -> Consent | None:
        person, terms = self._people.get(participant), self._terms.get(study)
        if person is None or terms is None:
            return None
        about = PersonInStudy(
            person.records.get(study, ()),
            person.joined.get(study, ()),
            (*person.left.get(study, ()), *person.left.get(RALLY, ())),
        )
        return fold_consent(about, terms, purpose, name, at)

    def _read_events(self, events: Iterable[Event]) -> None:
        """Reads who joined and left; some leave by a deletion id that they joined with.

        A withdrawal that waits for a decision, or was rejected, counts here: who is
        asked again loses nothing.
        """
        owners = defaultdict[str, set[str]](set)
        for event in events:
            if event.kind is not EventKind.JOINED or event.participant is None:
                continue
            if person := self._people.get(event.participant):
                person.joined[event.scope].append(event.submission_timestamp)
                if event.deletion_id is not None:
                    owners[event.deletion_id].add(event.participant)
        for event in events:
            if event.kind is not EventKind.LEFT:
                continue
            leaving = {event.participant, *owners.get(event.deletion_id or "", ())}
            for each in leaving & self._people.keys():
                times = self._people[each].left[event.scope]
                times.append(event.submission_timestamp)


def signed_letters(chain: "Chain") -> frozenset[str]:
    """Gives the names of the records of letters that people signed for."""
    found = set[str]()
    for entry in chain.of(DecisionKind.RECORD_CONSENTS):
        assert isinstance(entry.content, ConsentLetters)
        found.update(entry.content.records)
    return frozenset(found)


def _micros(time: datetime | None) -> int | None:
    return None if time is None else to_micros(time)
