"""The state of a study at a time: what its dates and its operators say.

The dates stand in study.yaml. What an operator decides is an object of the platform's
log, named by its content: written once, never changed, folded in any order.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from typing import NamedTuple

from rally.errors import ConfigurationError
from rally.storing.objects import ObjectStore
from rally.studies.fields import Fields, Place, choice, text
from rally.studies.registry import Registry
from rally.studies.study import Study

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
    """The states of all studies of a registry over time."""

    def __init__(self, registry: Registry, transitions: Iterable[Transition]) -> None:
        """Sorts the log by study and time; of other namespaces nothing is asked."""
        self._log: dict[str, list[Transition]] = defaultdict(list)
        for transition in transitions:
            if registry.study(transition.namespace):
                self._log[transition.namespace].append(transition)
        for log in self._log.values():
            log.sort(key=lambda each: (each.at, _ORDER.index(each.action)))

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


def check_transition(state: State, action: Action) -> None:
    """Refuses what a study in this state cannot do.

    Raises:
        ConfigurationError: the action makes no sense now.
    """
    if state not in _POSSIBLE[action]:
        states = " or ".join(_POSSIBLE[action])
        raise ConfigurationError(
            f"{action}: the study is {state}, and must be {states} for it"
        )


def record_transition(platform: ObjectStore, transition: Transition) -> None:
    """Adds a decision to the log; the same decision again changes nothing.

    Raises:
        ConfigurationError: it could not be read back: no one is named, or the time has
            no zone, or there is more than a line of text.
    """
    data = _to_json(transition)
    _from_json(Place("decision"), data)
    platform.create(_name(data), data)


def read_transitions(platform: ObjectStore) -> list[Transition]:
    """Reads the log, in the order of the objects' names.

    Raises:
        ConfigurationError: an object is not as it was written.
    """
    transitions = []
    for info in platform.list(_FOLDER):
        data = platform.read(info.name)
        place = Place(f"{platform.uri.rstrip('/')}/{info.name}")
        if info.name != _name(data):
            raise place.error("is not as it was written; restore or remove it")
        transitions.append(_from_json(place, data))
    return transitions


def _by_dates(study: Study, time: datetime) -> State:
    if time < _midnight(study.starts):
        return State.DRAFT
    if study.collect_through:
        locked = _midnight(study.collect_through + timedelta(days=1))
        if time >= locked:
            return State.ENDED
    return State.COLLECTING


@cache  # of the few days that studies name
def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _name(data: bytes) -> str:
    return f"{_FOLDER}{hashlib.sha256(data).hexdigest()[:32]}.json"


def _to_json(transition: Transition) -> bytes:
    at = transition.at.isoformat()
    content = {**transition._asdict(), "at": at}
    return json.dumps(content, sort_keys=True, ensure_ascii=False).encode()


def _from_json(place: Place, data: bytes) -> Transition:
    try:
        content = json.loads(data)
    except ValueError:
        raise place.error("is not JSON; restore or remove it") from None
    fields = Fields(place, content)
    transition = Transition(
        namespace=fields.need("namespace", text),
        action=fields.need("action", choice(Action)),
        at=fields.need("at", _time),
        by=fields.need("by", text),
        note=fields.need("note", _note),
    )
    fields.close()
    return transition


def _time(place: Place, value: object) -> datetime:
    try:
        read = datetime.fromisoformat(text(place, value))
    except ValueError:
        read = datetime.min
    if read.tzinfo is None:
        raise place.error("must be a time with its zone, such as 2022-03-10T12:00Z")
    return read.astimezone(UTC)


def _note(place: Place, value: object) -> str:
    return "" if value == "" else text(place, value)
