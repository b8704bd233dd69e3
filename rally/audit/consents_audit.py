"""Audits what people agreed to: the log of consents, and the notices they had read."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date

from rally.audit.findings import Check, Unit
from rally.audit.searching import is_pseudonym
from rally.audit.tally import Tally
from rally.consent.index import signed_letters
from rally.consent.records import CONSENT_LOG, ConsentChoice, ConsentRecord
from rally.decisions.chain import Chain
from rally.decisions.contents import DecisionKind
from rally.decisions.entry import entry_name
from rally.decisions.notice_contents import ConsentLetters
from rally.errors import CorruptFile
from rally.events import MAIL, RALLY, Event, EventKind
from rally.registry.notices import find_notice, notices_in_force
from rally.registry.registry import Registry
from rally.registry.study import Study
from rally.storage.append_log import record_name
from rally.storage.objectstore.interface import ObjectNotFound, ObjectStore
from rally.times import from_micros, midnight


@dataclass
class Enrolments:
    """Numbers of enrolments, by namespace and day.

    Attributes:
        days: Numbers by the namespace whose notice was read, and the submission date.
    """

    days: Counter[tuple[str, date]] = field(default_factory=Counter)

    def add(self, event: Event) -> None:
        """Counts an event, if it is an enrolment.

        Who joined Rally has read what the platform's namespace shows, which received
        the ping.
        """
        if event.kind is not EventKind.JOINED:
            return
        namespace = event.scope
        if namespace == RALLY:
            namespace = event.signal.partition("/")[0]
        day = from_micros(event.submission_timestamp).date()
        self.days[namespace, day] += 1


class ConsentsAudit:
    """Audits the log of consents, and the notices of enrolments and consents.

    Attributes:
        tally: Findings.
        studies: Number of records about each study.
        letters: Object of each record of a letter, by the record's name.
        is_whole: Whether all of the log could be read.
    """

    def __init__(self, platform: ObjectStore, registry: Registry) -> None:
        """Reads nothing yet."""
        self.tally = Tally()
        self.studies = Counter[str]()
        self.letters = dict[str, str]()
        self.is_whole = False
        self._platform = platform
        self._registry = registry

    def read_log(self) -> None:
        """Reads every record, and names the objects that are not whole.

        Raises:
            OSError: the store cannot be reached, or refuses.
        """
        self.is_whole = True
        for name in CONSENT_LOG.list_objects(self._platform):
            try:
                records = CONSENT_LOG.read_object(self._platform, name)
            except ObjectNotFound:
                continue
            except CorruptFile as error:
                self.is_whole = False
                self.tally.add_broken(Check.FILES, name, str(error), 1, Unit.OBJECTS)
                for check in (Check.NOTICES, Check.CONCLUDED):
                    why = "the log of consents is not whole"
                    self.tally.add_unseen(check, "consents", why)
                continue
            odd = sum(not is_pseudonym(each.participant) for each in records)
            what = "without a pseudonym"
            self.tally.add_broken(Check.IDS, name, what, odd, Unit.ROWS)
            self.studies.update(each.study for each in records)
            letters = (each for each in records if each.signal == MAIL)
            self.letters |= {record_name(each): name for each in letters}
            for each in records:
                self._check_record(each)

    def check_enrolments(self, enrolments: Enrolments) -> None:
        """Checks that every enrolment was made under a notice that is known."""
        for (namespace, day), number in sorted(enrolments.days.items()):
            study = self._registry.studies.get(namespace)
            if study is None:
                continue  # it does not load, or is concluded and gone
            if not study.notices:
                what = "enrolments in a study that lists no notices"
                self.tally.add_apart(Check.NOTICES, namespace, what, number, Unit.ROWS)
            elif not notices_in_force(study.notices, midnight(day)):
                what = "enrolments from before the first notice"
                self.tally.add_broken(Check.NOTICES, namespace, what, number, Unit.ROWS)

    def check_letters(
        self, before: Chain, after: Chain, concluded: Collection[str]
    ) -> None:
        """Holds records of letters against what people signed.

        Args:
            before: Chain as it was read before the log.
            after: Chain as it was read after the log, which is written first.
            concluded: Studies whose records are purged.
        """
        if not self.is_whole:
            return
        for entry in before.of(DecisionKind.RECORD_CONSENTS):
            assert isinstance(entry.content, ConsentLetters)
            if entry.content.study not in concluded:
                lost = sum(each not in self.letters for each in entry.content.records)
                what, where = (
                    "letters of consents that are lost",
                    entry_name(entry.number),
                )
                self.tally.add_broken(Check.DECISIONS, where, what, lost, Unit.PEOPLE)
        signed = signed_letters(after)
        for record, name in self.letters.items():
            if record not in signed:
                what = "a letter that nobody signed for, and that counts for nothing"
                self.tally.add_broken(Check.DECISIONS, name, what, 1, Unit.ROWS)

    def _check_record(self, record: ConsentRecord) -> None:
        study = self._registry.studies.get(record.study)
        if study is None or record.choice is not ConsentChoice.GIVEN:
            return
        if not _is_known(study, record):
            what = "consents to a notice that the study does not list"
            self.tally.add_broken(Check.NOTICES, record.study, what, 1, Unit.ROWS)


def _is_known(study: Study, record: ConsentRecord) -> bool:
    time = from_micros(record.at)
    return find_notice(study.notices, record.notice, time) is not None
