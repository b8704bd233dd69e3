"""What somebody does who has rights and no key, and of whom the model hears nothing.

Whoever forges may create and replace any object of the platform's; and has, in one of
the rules, the key of somebody who may decide.
"""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from rally.decisions.content_parsing import Content
from rally.decisions.contents import (
    DecisionKind,
    RequestDecision,
    StudyDecision,
)
from rally.errors import ConfigurationError
from rally.event_log.event_log import EventLog
from rally.events import MAIL, RALLY, Event, EventKind, write_events
from rally.times import from_micros
from rally.withdrawal.fold import RequestStatus
from rally.withdrawal.list_object import read_list
from rally.withdrawal.newest_list import newest_signed
from rally.withdrawal.requests import key_of, subject_of
from tests.model.comparison import Comparison
from tests.model.draws import people, scopes
from tests.model.words import STRANGERS, STUDIES, moment
from tests.support import forged_decisions
from tests.support.request_decisions import rule_on
from tests.support.stores import restore_list, save_list
from tests.support.world import HOUSE

_STUDY = [
    DecisionKind.PAUSE,
    DecisionKind.RESUME,
    DecisionKind.END,
    DecisionKind.CONCLUDE,
]
_REQUESTS = [DecisionKind.CONFIRM, DecisionKind.REJECT, DecisionKind.EXPEDITE]


class Forger(Comparison):
    """The moves of a forger."""

    def __init__(self) -> None:
        super().__init__()
        self.older = save_list(self.system.platform)
        self.has_strangers = False

    @rule(kind=st.sampled_from(_STUDY + _REQUESTS), study=st.sampled_from(STUDIES),
          by=st.sampled_from(["decide", "owner-1", "mallory"]),
          beyond=st.sampled_from([0, 0, 0, 7]))  # fmt: skip
    def forge_a_decision(self, kind, study, by, beyond) -> None:
        """In somebody's name, with another key; or in a stranger's, with their own."""
        about: Content = RequestDecision(self._subjects(), "")
        if kind in _STUDY:
            about = StudyDecision(study, from_micros(self.model.now), "")
        platform = self.system.platform
        number = read_list(platform).decisions.head.number + 1 + beyond
        counter = self.system.withdrawals().counter
        forged_decisions.forge(platform, kind, about, number, by, counter)

    @rule(rejects=st.booleans())
    def decide_on_what_is_not_held(self, rejects) -> None:
        """With a stolen key: on what is active, and on what is yet to be admitted."""
        published = self.system.withdrawals()
        asked = {key_of(e) for e in EventLog(self.system.platform)
                 if e.kind is EventKind.LEFT}  # fmt: skip
        known = {key_of(e): e.status for e in published.withdrawals}
        vain = [key for key in asked if known.get(key) is not RequestStatus.HELD]
        kind = DecisionKind.REJECT if rejects else DecisionKind.CONFIRM
        subjects = sorted(map(subject_of, vain))
        rule_on(
            self.system.platform, kind, published.counter, subjects, self.system.now
        )

    @rule(person=people, scope=scopes)
    def forge_a_letter(self, person, scope) -> None:
        who, time = self.system.platform_pseudonym(person), self.model.now
        event = Event(EventKind.LEFT, scope, who, time, None, f"forged-{time}", MAIL)
        write_events(self.system.platform, [event], "1")

    @precondition(lambda self: not self.has_strangers)
    @rule(scope=scopes, many=st.integers(3, len(STRANGERS)))
    def make_up_people(self, scope, many) -> None:
        """Who join and leave at once: they hold nobody, and lift no limit."""
        self.has_strangers = True
        for who in STRANGERS[:many]:
            for kind, hour in ((EventKind.JOINED, -1), (EventKind.LEFT, 0)):
                time, name = moment(self.today, hour), f"{kind}-{who}"
                self.system.event(kind, who, scope, 0, submission_timestamp=time,
                                 document=name)  # fmt: skip
                key = who, scope, name
                if kind is EventKind.JOINED:
                    self.model.joins[key] = time
                else:
                    signal = HOUSE if scope == RALLY else scope
                    self.model.leave(key, time, signal)

    @rule()
    def put_an_older_list_back(self) -> None:
        """Jobs but deletion begin by refusing it; then the newest is restored."""
        platform = self.system.platform
        newest = save_list(platform)
        restore_list(platform, self.older)
        older = read_list(platform)
        if newest_signed(platform, older) > older.list.counter:
            with pytest.raises(ConfigurationError, match="an older one was put"):
                self.system.compact()
        restore_list(platform, newest)

    def _subjects(self) -> tuple[str, ...]:
        published = self.system.withdrawals().withdrawals
        return tuple(sorted(subject_of(key_of(each)) for each in published))
