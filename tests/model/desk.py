"""People who agree and refuse, who ask for their copy, and the desk that answers them.

The model knows of each case whose it is and what was decided; of each consent what was
said, and when. Whether somebody has left meanwhile, the log and the list say.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

import pyrage
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from rally.access.asks import read_requests
from rally.access.cases import DEADLINE, CaseState, read_cases
from rally.access.due_copies import find_due, list_archives
from rally.access.records import EXPIRES_AFTER
from rally.audit.copies_audit import audit_copies
from rally.consent.index import ConsentIndex
from rally.consent.records import (
    CONSENT_LOG,
    ConsentChoice,
    ConsentPurpose,
    ConsentRecord,
)
from rally.decisions.verifying import read_chain
from rally.errors import ConfigurationError
from rally.event_log.event_log import EventLog
from rally.events import RALLY, EventKind
from rally.keys.names import Job
from rally.person_copy.gathering import Places
from rally.person_copy.handing_over import (
    build_copy,
    destroy_copy,
    read_built,
    record_fetched,
)
from rally.registry.notices import NoticeName
from rally.registry.transitions import States
from rally.times import from_micros, to_micros
from rally.withdrawal.fold import RequestStatus
from tests.model.draws import ages, faults, people
from tests.model.forger import Forger
from tests.model.words import PEOPLE, STUDIES, moment
from tests.support.access_cases import (
    approve_case,
    open_case,
    refuse_case,
    verify_case,
)
from tests.support.people import job_key
from tests.support.person_copies import files_of
from tests.support.world import NOTICE

OWN = pyrage.x25519.Identity.generate()
decisions = st.sampled_from(["approve", "approve", "refuse", ""])
FIELDS = ("age", "income")
KNOWN = NoticeName("1", NOTICE)
UNKNOWN = NoticeName("9", "0" * 64)
_PROTECTS = [ConsentChoice.GIVEN, ConsentChoice.REFUSED, ConsentChoice.WITHDRAWN]


class Choice(NamedTuple):
    """What somebody says so many days and hours ago."""

    person: int
    choice: ConsentChoice
    fields: tuple[str, ...]
    notice: NoticeName
    age: int
    hour: int


choices = st.builds(
    Choice,
    person=people,
    choice=st.sampled_from([ConsentChoice.GIVEN, ConsentChoice.GIVEN, *ConsentChoice]),
    fields=st.sampled_from([(), FIELDS[:1], FIELDS]),
    notice=st.sampled_from([KNOWN, KNOWN, KNOWN, UNKNOWN]),
    age=ages,
    hour=st.integers(0, 1),
)


@dataclass(frozen=True)
class Asked:
    """A case as the model has it.

    Attributes:
        person: One of PEOPLE.
        opened: Time at which it was opened, UTC.
        is_approved: Whether two people stand for it.
        is_refused: Whether somebody refused it.
        built: Time at which its copy was made, UTC.
        is_fetched: Whether the copy was handed out.
    """

    person: int
    opened: datetime
    is_approved: bool = False
    is_refused: bool = False
    built: datetime | None = None
    is_fetched: bool = False

    def is_open(self, now: datetime) -> bool:
        is_over = self.built is not None and now >= self.built + EXPIRES_AFTER
        return not (self.is_refused or self.is_fetched or is_over)


class Desk(Forger):
    """Consents and cases of people who take part."""

    def __init__(self) -> None:
        super().__init__()
        self.desk: dict[str, Asked] = {}
        self.said: list[tuple[int, ConsentRecord]] = []
        self.asked: list[tuple[int, datetime]] = []

    # What people say

    @rule(study=st.sampled_from(STUDIES),
          choices=st.lists(choices, min_size=1, max_size=4))  # fmt: skip
    def agree_or_refuse(self, study, choices) -> None:
        for each in choices:
            at = moment(self.today - each.age, -each.hour)
            record = ConsentRecord(
                each.choice,
                study,
                self.system.platform_pseudonym(each.person),
                ConsentPurpose.DEMOGRAPHICS,
                each.fields,
                at,
                at,
                each.notice,
                f"consent-{len(self.said)}",
                f"{study}/agreed.1",
            )
            CONSENT_LOG.write(self.system.platform, [record], "1")
            self.said.append((each.person, record))
        self.check_consents(study)

    @rule(study=st.sampled_from(STUDIES))
    def check_consents(self, study) -> None:
        """The index answers what a fold of all that was said and done does."""
        registry, platform = self.system.registry, self.system.platform
        states = States.of_chain(registry, read_chain(platform))
        index, now = ConsentIndex.read(platform, registry, states), self.system.now
        for person in PEOPLE:
            who = self.system.platform_pseudonym(person)
            for name in FIELDS:
                purpose = ConsentPurpose.DEMOGRAPHICS
                answer = index.consented(study, purpose, name, who, now)
                assert answer == self._consents(person, study, name)

    def _consents(self, person, study, name) -> bool:
        """What a person agreed to last, walking through all that they did in order."""
        if self.model.state(study, self.model.now) == "concluded":
            return False
        steps = []
        for who, each in self.said:
            if (who, each.study) == (person, study) and name in (each.fields or FIELDS):
                order = 1, _PROTECTS.index(each.choice), each.notice
                is_given = each.choice is ConsentChoice.GIVEN and each.notice == KNOWN
                steps.append((each.at, order, is_given))
        came = self._times(person, "joined", [study])
        gone = self._times(person, "left", [study, RALLY])
        steps += [(at, (0,), None) for at in came] + [(at, (2,), None) for at in gone]
        is_away = stands = False
        for at, order, is_given in sorted(steps):
            if at > self.model.now:
                continue
            if is_given is not None:
                stands = is_given
            else:  # leaving withdraws what was given; joining again brings none back
                is_away = order == (2,)
                stands = stands and not is_away
        return stands and not is_away

    def _times(self, person, kind, scopes) -> list[int]:
        """Times at which somebody joined or left, also by a deletion id."""
        who = self.system.platform_pseudonym(person)
        events = list(EventLog(self.system.platform))
        own = {
            each.deletion_id
            for each in events
            if each.participant == who and each.kind is EventKind.JOINED
        } - {None}
        return [
            each.submission_timestamp
            for each in events
            if (each.kind, each.scope in scopes) == (kind, True)
            and (each.participant == who or each.deletion_id in own)
        ]

    @rule(person=people, age=ages)
    def ask_for_a_copy(self, person, age) -> None:
        """A client asks; no case is opened by that."""
        time = moment(self.today - age)
        name = f"ask-{len(self.asked)}"
        self.system.event(EventKind.ASKED, person, RALLY, 0, submission_timestamp=time,
                         document=name, recipient=str(OWN.to_public()))  # fmt: skip
        self.asked.append((person, from_micros(time)))

    # What the desk does

    @rule(person=people, decides=decisions)
    def open_a_case(self, person, decides) -> None:
        now, id_ = self.system.now, f"{len(self.desk):08x}"
        if any(each.person == person and each.is_open(now)
               for each in self.desk.values()):  # fmt: skip
            return
        who = self.system.platform_pseudonym(person)
        to = str(OWN.to_public())
        open_case(self.system.platform, who, case=id_, when=now, to=to)
        self.desk[id_] = Asked(person, now)
        if decides == "approve":
            verify_case(self.system.platform, case=id_, when=now)
            approve_case(self.system.platform, case=id_, when=now)
            self.desk[id_] = replace(self.desk[id_], is_approved=True)
        elif decides == "refuse":
            self._refuse(id_)

    @precondition(lambda self: self.desk)
    @rule(pick=st.integers(0, 9))
    def refuse_a_case(self, pick) -> None:
        id_ = self._pick(pick)
        if self.desk[id_].is_open(self.system.now):
            self._refuse(id_)

    def _refuse(self, id_) -> None:
        refuse_case(self.system.platform, case=id_, when=self.system.now)
        self.desk[id_] = replace(self.desk[id_], is_refused=True)

    @precondition(lambda self: self.desk)
    @rule(pick=st.integers(0, 3), fault=faults, fetches=st.booleans())
    def export_a_copy(self, pick, fault, fetches) -> None:
        id_ = self._pick(pick)
        done = self._run(lambda: self._export(id_), fault)
        one = self.desk[id_]
        is_built = self._case(id_).built is not None
        can = one.is_approved and one.is_open(self.system.now)
        if one.built is None and can and not self._has_left(id_):
            assert is_built or not done
        else:
            assert is_built == (one.built is not None)
        if is_built and one.built is None:
            self.desk[id_] = replace(one, built=self.system.now)
        if fetches:
            self.fetch_a_copy(pick, None)

    def _export(self, id_) -> list[str]:
        places, case = self._places(), self._case(id_)
        who = self.system.platform_pseudonym(self.desk[id_].person)
        now = self.system.now
        try:
            gathered = places.gather(case, who, now)
            build_copy(places, case, gathered, job_key(Job.COPY), now, lambda _: None)
        except ConfigurationError:
            return []  # `export_a_copy` looks whether it should be there
        return []

    @precondition(lambda self: self.desk)
    @rule(pick=st.integers(0, 3), fault=faults)
    def fetch_a_copy(self, pick, fault) -> None:
        id_ = self._pick(pick)
        self._run(lambda: self._fetch(id_), fault)
        is_fetched = self._case(id_).fetched is not None
        self.desk[id_] = replace(self.desk[id_], is_fetched=is_fetched)

    def _fetch(self, id_) -> list[str]:
        places, case, one = self._places(), self._case(id_), self.desk[id_]
        withdrawals, now = places.published.list.withdrawals, self.system.now
        try:
            data = read_built(places.platform, case, withdrawals)
        except ConfigurationError:
            can = one.built is not None and one.is_open(now)
            assert not can or self._has_left(id_)
            return []
        assert one.built is not None
        assert one.is_open(now)
        assert not self._has_left(id_)
        assert "about.json" in files_of(pyrage.decrypt(data, [OWN]))
        record_fetched(places.platform, places.chain, job_key(Job.COPY), case, now)
        return []

    @rule(fault=faults)
    def destroy_copies(self, fault) -> None:
        """What is due is gone then, and the audit finds nothing."""
        if not self._run(self._destroy, fault):
            return
        now, withdrawals = self.system.now, self.system.withdrawals()
        for archive in list_archives(self.system.platform):
            one = self.desk[archive.case]
            assert one.is_open(now)
            assert not self._has_left(archive.case)
        chain = read_chain(self.system.platform)
        tally = audit_copies(self.system.platform, chain, withdrawals, now, 0)
        assert dict(tally.lines) == {}

    def _destroy(self) -> list[str]:
        places, now = self._places(), self.system.now
        cases = read_cases(places.chain, places.platform, now)
        withdrawals, key = places.published.list.withdrawals, job_key(Job.COPY)
        for each in find_due(places.platform, cases, withdrawals, now):
            case = cases[each.case]
            destroy_copy(places.platform, places.chain, key, each, case, now)
        return []

    # What has to hold after each step

    @invariant()
    def cases_are_as_decided(self) -> None:
        """A case is what the desk did; two people stand for each with an archive."""
        if not self.desk:
            return
        cases = read_cases(
            read_chain(self.system.platform), self.system.platform, self.system.now
        )
        assert cases.keys() == self.desk.keys()
        for archive in list_archives(self.system.platform):
            assert self.desk[archive.case].is_approved
        for id_, case in cases.items():
            one = self.desk[id_]
            assert case.is_open == one.is_open(self.system.now)
            assert (case.state is CaseState.REFUSED) == one.is_refused

    @precondition(lambda self: self.asked)
    @rule()
    def look_for_asks(self) -> None:
        """Whoever asked by a ping has a case since, or is told to be without one."""
        platform, now = self.system.platform, self.system.now
        chain, waiting = read_chain(platform), set()
        cases = read_cases(chain, platform, now)
        found = read_requests(chain, platform, now)
        for person, at in self.asked:
            own = [
                cases[id_].over or now
                for id_, each in self.desk.items()
                if each.person == person
            ]
            if not any(at <= over for over in own) and now - at <= 2 * DEADLINE:
                waiting.add(self.system.platform_pseudonym(person))
        assert {each.participant for each in found.asks} == waiting

    def _pick(self, pick) -> str:
        ids = sorted(self.desk, reverse=True)  # the newest are the likeliest
        return ids[pick % len(ids)]

    def _case(self, id_):
        chain = read_chain(self.system.platform)
        return read_cases(chain, self.system.platform, self.system.now)[id_]

    def _places(self) -> Places:
        system = self.system
        return Places.open(system.registry, system.stores, system.pseudonyms)

    def _has_left(self, id_) -> bool:
        """Whether the list has that a case's person left since it was opened."""
        one = self.desk[id_]
        who = self.system.platform_pseudonym(one.person)
        return any(
            each.participant == who
            and each.status is RequestStatus.ACTIVE
            and each.time >= to_micros(one.opened)
            for each in self.system.withdrawals().withdrawals
        )
