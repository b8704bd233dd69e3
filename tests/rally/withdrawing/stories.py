"""Studies, people and a log, as few words as they take."""

from datetime import UTC, date, datetime, timedelta
from itertools import count

from rally.events import RALLY, Event, EventKind
from rally.studies.registry import Registry
from rally.studies.study import AfterEnd, Kind, Policy, Study, Unmatched
from rally.studies.transitions import Action, States, Transition
from rally.times import to_micros
from rally.withdrawing.admission import admit
from rally.withdrawing.holding import Rules
from rally.withdrawing.withdrawal_list import WithdrawalList

X, Y, HUB = "rally-x", "rally-y", "rally-hub"
"""X defers after its end, Y deletes; HUB is the platform's."""

HOUR = 3_600_000_000
DAY = 24 * HOUR
FIRST = datetime(2022, 3, 1, tzinfo=UTC)


def day(number):
    """The beginning of a day, counted from the first of March 2022."""
    return FIRST + timedelta(days=number)


def micros(number):
    return to_micros(day(number))


def study(namespace, kind=Kind.STUDY, **changes):
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
            enrolment_required=kind is Kind.STUDY,
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
        HUB: study(HUB, Kind.PLATFORM, after_end=AfterEnd.DELETE),
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


def decided(kind, event, when):
    """A decision on a withdrawal."""
    return event._replace(
        kind=kind, submission_timestamp=micros(when), signal="decision by jo"
    )


def ended(when, namespace=X, action=Action.END):
    return Transition(namespace, action, day(when), "jo", "")


def concluded(when, namespace=X):
    return ended(when, namespace, Action.CONCLUDE)


class Desk:
    """Admits again and again, as deletion does; the ids are 1, 2, 3 and so on."""

    def __init__(self, *studies, rules=None):
        self.registry = registry(*studies)
        self.rules = rules or Rules()
        self.list = WithdrawalList(counter=7)
        self._ids = map(str, count(1))

    def admit(self, events, when=100, transitions=()):
        """Folds the whole log; returns the list, which is the next one's before."""
        states = States(self.registry, transitions)
        self.list = admit(
            events,
            self.list,
            self.registry,
            states,
            day(when),
            self.rules,
            self._ids.__next__,
        )
        return self.list

    def the(self, events, when=100, transitions=()):
        """The only request there is."""
        [withdrawal] = self.admit(events, when, transitions).withdrawals
        return withdrawal
