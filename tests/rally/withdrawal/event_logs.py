"""Studies, people and a log, as few words as they take."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count

from rally.decisions.contents import DecisionKind as Decides
from rally.decisions.contents import Letters, RequestDecision
from rally.decisions.entry import START, Entry
from rally.events import MAIL, RALLY, Event, EventKind, event_name
from rally.registry.registry import Registry
from rally.registry.study import AfterEnd, Policy, Study, StudyKind, Unmatched
from rally.registry.transitions import States, StudyAction, Transition
from rally.times import to_micros
from rally.withdrawal.admission import admit
from rally.withdrawal.requests import key_of, subject_of
from rally.withdrawal.rules import Rules
from rally.withdrawal.rulings import Rulings
from rally.withdrawal.withdrawal_list import WithdrawalList

X, Y, HUB = "rally-x", "rally-y", "rally-hub"
"""X defers after its end, Y deletes; HUB is the platform's."""

ALWAYS = 10**6
"""Counter of a list that is newer than any."""

HOUR = 3_600_000_000
DAY = 24 * HOUR
FIRST = datetime(2022, 3, 1, tzinfo=UTC)


def day(number):
    """The beginning of a day, counted from the first of March 2022."""
    return FIRST + timedelta(days=number)


def micros(number):
    return to_micros(day(number))


def study(namespace, kind=StudyKind.STUDY, **changes):
    policy = {"after_end": AfterEnd.DEFER, "unmatched_withdrawals": Unmatched.DELETE}
    policy |= {name: changes.pop(name) for name in policy if name in changes}
    return Study(
        namespace=namespace,
        kind=kind,
        name=namespace,
        aliases=changes.pop("aliases", ()),
        starts=date(2022, 1, 1),
        ending_announced=None,
        collect_through=changes.pop("collect_through", None),
        analysis_until=None,
        policy=Policy(
            enrolment_required=kind is StudyKind.STUDY,
            refuse_do_not_track=False,
            private_browsing=None,
            countries=frozenset(),
            minimum_age=None,
            **policy,
        ),
        access=(),
        derived=(),
        documents={},
    )


def registry(*studies):
    known = {
        X: study(X),
        Y: study(Y, after_end=AfterEnd.DELETE),
        HUB: study(HUB, StudyKind.PLATFORM, after_end=AfterEnd.DELETE),
    }
    return Registry(known | {each.namespace: each for each in studies})


def left(who, when, scope=X, document=None, **changes):
    """A withdrawal, at a number of days."""
    event = Event(
        EventKind.LEFT,
        scope,
        who,
        micros(when),
        None,
        document or f"left-{who}-{when}",
        f"{HUB if scope == RALLY else scope}/left.1",
    )
    return event._replace(**changes)


def uninstalled(deletion_id, when, **changes):
    """A withdrawal from Rally of which a deletion id is known only."""
    event = left(None, when, RALLY, f"gone-{deletion_id}", deletion_id=deletion_id)
    return event._replace(**changes)


def joined(who, when, scope=X, deletion_id=None, document=None):
    return Event(
        EventKind.JOINED,
        scope,
        who,
        micros(when),
        deletion_id,
        document or f"joined-{who}-{scope}-{when}",
        f"{HUB}/joined.1",
    )


def decided(kind, event, when, list=ALWAYS):
    """A person's decision on a withdrawal, who saw a list of that counter."""
    about = RequestDecision((subject_of(key_of(event)),), "")
    return _entry(kind, about, day(when), list)


def signed(*letters):
    """A person has read these letters."""
    names = tuple(sorted(map(event_name, letters)))
    return _entry(Decides.RECORD_LETTERS, Letters(X, day(0), names), day(0))


def _entry(kind, content, when, list=ALWAYS):
    return Entry("0" * 32, 1, START, list, kind, content, when, "jo")


def ended(when, namespace=X, action=StudyAction.END):
    return Transition(namespace, action, day(when), "jo", "")


def concluded(when, namespace=X):
    return ended(when, namespace, StudyAction.CONCLUDE)


class Desk:
    """Admits again and again, as deletion does; the ids are 1, 2, 3 and so on."""

    def __init__(self, *studies, rules=None):
        self.registry = registry(*studies)
        self.rules = rules or Rules()
        self.list = WithdrawalList(counter=7)
        self.is_anew = False
        self._ids = map(str, count(1))

    def admit(self, events, when=100, transitions=()):
        """Folds the whole log; returns the list, which is the next one's before.

        Decisions among the events are the chain's; every letter is signed for.
        """
        states = States(self.registry, transitions)
        decisions, log = [], events
        if isinstance(events, list):
            decisions = [each for each in events if isinstance(each, Entry)]
            log = [each for each in events if not isinstance(each, Entry)]
            decisions.append(signed(*(e for e in log if e.signal == MAIL)))
        self.list = admit(
            log,
            self.list,
            self.registry,
            states,
            day(when),
            self.rules,
            Rulings(sorted(decisions, key=lambda each: (each.when, repr(each)))),
            self._ids.__next__,
            is_anew=self.is_anew,
        )
        return self.list

    def publish(self):
        """From now on it is this list that people decide by."""
        self.list = replace(self.list, counter=self.list.counter + 1)

    def the(self, events, when=100, transitions=()):
        """The only request there is."""
        [withdrawal] = self.admit(events, when, transitions).withdrawals
        return withdrawal
