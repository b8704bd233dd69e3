"""The state of a study at a time: what its dates and its operators say.

The dates stand in study.yaml. What an operator decides is an object of the platform's
log, named by its content: written once, never changed, folded in any order.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from typing import NamedTuple

from rally.errors import ConfigurationError
from rally.storing.objects import ObjectStore
from rally.studies import decisions
from rally.studies.fields import Place, choice, moment, note, text
from rally.studies.registry import Registry
from rally.studies.study import Kind, Study

_FOLDER = "states/"


class State(StrEnum):
    """What a study does with pings."""

    DRAFT = "draft"
    COLLECTING = "collecting"
    PAUSED = "paused"
    ENDED = "ended"
    CONCLUDED = "concluded"


class Action(StrEnum):
    """What an operator can decide, in the order in which equal times are folded.

    Of a resume and a pause at one time the pause counts, and an end over both.
    """

    RESUME = "resume"
    PAUSE = "pause"
    END = "end"
    CONCLUDE = "conclude"


class Transition(NamedTuple):
    """An operator's decision.

    Attributes:
        at: from when it holds, in UTC.
        by: who decided.
        note: why, for the record.
    """

    namespace: str
    action: Action
    at: datetime
    by: str
    note: str


_POSSIBLE = {
    Action.PAUSE: (State.DRAFT, State.COLLECTING),
    Action.RESUME: (State.PAUSED,),
    Action.END: (State.DRAFT, State.COLLECTING, State.PAUSED),
    Action.CONCLUDE: (State.ENDED,),
}
_ORDER = list(Action)


class States:
    """The states of all studies of a registry over time.

    Attributes:
        concluded: namespaces of studies that somebody concluded, whenever that counts
            from.
    """

    def __init__(self, registry: Registry, transitions: Iterable[Transition]) -> None:
        """Sorts the log by study and time; of other namespaces nothing is asked."""
        self._log: dict[str, list[Transition]] = defaultdict(list)
        for transition in transitions:
            if registry.is_registered(transition.namespace):
                self._log[transition.namespace].append(transition)
        for log in self._log.values():
            log.sort(key=lambda each: (each.at, _ORDER.index(each.action)))
        self.concluded = frozenset(
            namespace
            for namespace, log in self._log.items()
            if any(each.action is Action.CONCLUDE for each in log)
        )

    @classmethod
    def read(cls, registry: Registry, platform: ObjectStore) -> "States":
        """Those that the platform's log says. Raises ConfigurationError."""
        return cls(registry, read_transitions(platform))

    def is_concluded(self, namespace: str, time: datetime) -> bool:
        """Whether a study's data goes, or is gone, at a time that knows its zone."""
        return namespace in self.concluded and any(
            each.action is Action.CONCLUDE and each.at <= time
            for each in self._log[namespace]
        )

    def concluded_by(self, time: datetime) -> frozenset[str]:
        """Namespaces of all studies that are concluded at a time."""
        return frozenset(
            each for each in self.concluded if self.is_concluded(each, time)
        )

    def concluded_at(self, namespace: str) -> datetime | None:
        """From when a study is concluded, UTC; None where nobody concluded it."""
        log = self._log.get(namespace, [])
        return next((each.at for each in log if each.action is Action.CONCLUDE), None)

    def changes(self, study: Study) -> list[datetime]:
        """When the study's state may change, sorted; before the first it is one."""
        times = {each.at for each in self._log.get(study.namespace, ())}
        times.add(_midnight(study.starts))
        if study.collect_through:
            times.add(_locked(study.collect_through))
        return sorted(times)

    def at(self, study: Study, time: datetime) -> State:
        """The study's state at a time that knows its zone.

        What has ended stays ended, whoever pauses or resumes it later.
        """
        by_dates = _by_dates(study, time)
        log = self._log.get(study.namespace)
        if log is None:  # nobody ever decided anything, as for most studies
            return by_dates
        actions = [each.action for each in log if each.at <= time]
        if Action.CONCLUDE in actions:
            return State.CONCLUDED
        if Action.END in actions or by_dates is State.ENDED:
            return State.ENDED
        if actions and actions[-1] is Action.PAUSE:
            return State.PAUSED
        return by_dates


def check_transition(
    states: States, study: Study, action: Action, time: datetime
) -> None:
    """Refuses what a study cannot do at a time.

    Raises:
        ConfigurationError: the action makes no sense then; or the study was concluded,
            now or later, and nothing brings it back.
    """
    if study.namespace in states.concluded:
        raise ConfigurationError(
            f"{action}: {study.namespace} is concluded, and nothing brings it back"
        )
    if action is Action.CONCLUDE and study.kind is Kind.PLATFORM:
        raise ConfigurationError(
            f"{action}: {study.namespace} is the platform's own, and only studies are"
            " concluded"
        )
    state = states.at(study, time)
    if state not in _POSSIBLE[action]:
        possible = " or ".join(_POSSIBLE[action])
        raise ConfigurationError(
            f"{action}: the study is {state}, and must be {possible} for it"
        )


def record_transition(platform: ObjectStore, transition: Transition) -> None:
    """Adds a decision to the log; the same decision again changes nothing.

    Raises:
        ConfigurationError: it could not be read back: no one is named, or the time has
            no zone, or there is more than a line of text.
    """
    content = {**transition._asdict(), "at": transition.at.isoformat()}
    data = decisions.encode(content)
    _read(Place("decision"), data)
    decisions.append(platform, _FOLDER, data)


def read_transitions(platform: ObjectStore) -> list[Transition]:
    """Reads the log, in the order of the objects' names.

    Raises:
        ConfigurationError: an object is not as it was written.
    """
    return [_read(place, data) for place, data in decisions.read_all(platform, _FOLDER)]


def _by_dates(study: Study, time: datetime) -> State:
    if time < _midnight(study.starts):
        return State.DRAFT
    if study.collect_through and time >= _locked(study.collect_through):
        return State.ENDED
    return State.COLLECTING


@cache  # of the few days that studies name
def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _locked(collect_through: date) -> datetime:
    """When a study ends by its dates."""
    return _midnight(collect_through + timedelta(days=1))


def _read(place: Place, data: bytes) -> Transition:
    fields = decisions.decode(place, data)
    transition = Transition(
        namespace=fields.need("namespace", text),
        action=fields.need("action", choice(Action)),
        at=fields.need("at", moment),
        by=fields.need("by", text),
        note=fields.need("note", note),
    )
    fields.close()
    return transition
