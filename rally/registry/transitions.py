"""The state of a study at a time: what its dates and its operators say.

The dates stand in study.yaml. What an operator decides is an entry of the platform's
chain of decisions. Each says from when it holds; by that they are folded, in any order.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from rally.decisions.contents import DecisionKind as DecisionKind
from rally.decisions.contents import StudyDecision
from rally.decisions.platform_contents import PlatformConclusion
from rally.errors import ConfigurationError
from rally.registry.registry import Registry
from rally.registry.study import Study, StudyKind
from rally.storage.objectstore.interface import ObjectStore
from rally.times import midnight

if TYPE_CHECKING:
    from rally.decisions.chain import Chain


class StudyState(StrEnum):
    """State of a study, which says what becomes of pings."""

    DRAFT = "draft"
    COLLECTING = "collecting"
    PAUSED = "paused"
    ENDED = "ended"
    CONCLUDED = "concluded"


class StudyAction(StrEnum):
    """Decision of an operator, in the order in which equal times are folded.

    Of a resume and a pause at one time the pause counts, and an end over both.
    """

    RESUME = "resume"
    PAUSE = "pause"
    END = "end"
    CONCLUDE = "conclude"

    @property
    def kind(self) -> DecisionKind:
        """The kind of its entries in the chain."""
        return DecisionKind(f"study.{self}")


class Transition(NamedTuple):
    """An operator's decision.

    Attributes:
        namespace: Namespace of the study.
        action: Decision.
        at: Time from which it holds, UTC.
        by: Name of who signed.
        note: Reason, for the record.
        number: Number of its entry in the chain; 0 of one that is only supposed.
    """

    namespace: str
    action: StudyAction
    at: datetime
    by: str
    note: str
    number: int = 0


_POSSIBLE = {
    StudyAction.PAUSE: (StudyState.DRAFT, StudyState.COLLECTING),
    StudyAction.RESUME: (StudyState.PAUSED,),
    StudyAction.END: (StudyState.DRAFT, StudyState.COLLECTING, StudyState.PAUSED),
    StudyAction.CONCLUDE: (StudyState.ENDED,),
}
_ORDER = list(StudyAction)


class States:
    """The states of all studies of a registry over time.

    Attributes:
        concluded: Namespaces of studies that somebody concluded, whenever that counts
            from.
    """

    def __init__(self, registry: Registry, transitions: Iterable[Transition]) -> None:
        """Sorts decisions by study and time; of other namespaces nothing is asked."""
        self._log: dict[str, list[Transition]] = defaultdict(list)
        for transition in transitions:
            if registry.is_registered(transition.namespace):
                self._log[transition.namespace].append(transition)
        for log in self._log.values():
            log.sort(key=lambda each: (each.at, _ORDER.index(each.action)))
        self.concluded = frozenset(
            namespace
            for namespace, log in self._log.items()
            if any(each.action is StudyAction.CONCLUDE for each in log)
        )

    @classmethod
    def read(cls, registry: Registry, platform: ObjectStore) -> "States":
        """Those that the platform's chain says.

        Raises:
            ConfigurationError: the platform has no chain.
            OSError: it cannot be read.
        """
        from rally.decisions.verifying import read_chain  # imports Tink

        return cls.of_chain(registry, read_chain(platform))

    @classmethod
    def of_chain(cls, registry: Registry, chain: "Chain") -> "States":
        """Those that a chain says."""
        return cls(registry, decided_in(registry, chain))

    @classmethod
    def known(cls, registry: Registry, chain: "Chain | None") -> "States":
        """Those that a chain says, or without one those of the dates alone."""
        return cls(registry, ()) if chain is None else cls.of_chain(registry, chain)

    def is_concluded(self, namespace: str, time: datetime) -> bool:
        """Tells whether a study's data goes or is gone at a time, which has a zone."""
        return namespace in self.concluded and any(
            each.action is StudyAction.CONCLUDE and each.at <= time
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
        return next(
            (each.at for each in log if each.action is StudyAction.CONCLUDE), None
        )

    def is_ended_early(self, study: Study, time: datetime) -> bool:
        """Tells whether a person, up to a time, ended a study before its dates did."""
        return any(
            each.action is StudyAction.END
            and each.at <= time
            and _by_dates(study, each.at) is not StudyState.ENDED
            for each in self._log.get(study.namespace, ())
        )

    def changes(self, study: Study) -> list[datetime]:
        """When the study's state may change, sorted; before the first it is one."""
        times = {each.at for each in self._log.get(study.namespace, ())}
        times.add(_midnight(study.starts))
        if study.collect_through:
            times.add(_locked(study.collect_through))
        return sorted(times)

    def at(self, study: Study, time: datetime) -> StudyState:
        """The study's state at a time that knows its zone.

        What has ended stays ended, whoever pauses or resumes it later.
        """
        by_dates = _by_dates(study, time)
        log = self._log.get(study.namespace)
        if log is None:  # nobody ever decided anything, as for most studies
            return by_dates
        actions = [each.action for each in log if each.at <= time]
        if StudyAction.CONCLUDE in actions:
            return StudyState.CONCLUDED
        if StudyAction.END in actions or by_dates is StudyState.ENDED:
            return StudyState.ENDED
        if actions and actions[-1] is StudyAction.PAUSE:
            return StudyState.PAUSED
        return by_dates


def check_transition(
    states: States, study: Study, action: StudyAction, time: datetime
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
    if action is StudyAction.CONCLUDE and study.kind is StudyKind.PLATFORM:
        raise ConfigurationError(
            f"{action}: {study.namespace} is the platform's own, and goes with it:"
            " see `rally platform conclude`"
        )
    state = states.at(study, time)
    if state not in _POSSIBLE[action]:
        possible = " or ".join(_POSSIBLE[action])
        raise ConfigurationError(
            f"{action}: the study is {state}, and must be {possible} for it"
        )


def decided_in(registry: Registry, chain: "Chain") -> list[Transition]:
    """What counts of the decisions on the studies of a registry.

    The platform's own namespaces are concluded with the platform.
    """
    found = transitions_in(chain)
    if entry := chain.conclusion:
        what = entry.content
        assert isinstance(what, PlatformConclusion)  # as in transitions_in
        at, by, number = what.at, entry.by, entry.number
        found += (
            Transition(each.namespace, StudyAction.CONCLUDE, at, by, what.note, number)
            for each in registry.studies.values()
            if each.kind is StudyKind.PLATFORM
        )
    return found


def transitions_in(chain: "Chain") -> list[Transition]:
    """What counts of the decisions on studies, in the order of the chain."""
    actions = {each.kind: each for each in StudyAction}
    found = list[Transition]()
    for entry in chain.of(*actions):
        what = entry.content
        assert isinstance(what, StudyDecision)  # rally.decisions.contents.READERS
        action = actions[entry.kind]
        found.append(
            Transition(
                what.namespace, action, what.at, entry.by, what.note, entry.number
            )
        )
    return found


def _by_dates(study: Study, time: datetime) -> StudyState:
    if time < _midnight(study.starts):
        return StudyState.DRAFT
    if study.collect_through and time >= _locked(study.collect_through):
        return StudyState.ENDED
    return StudyState.COLLECTING


_midnight = cache(midnight)  # of the few days that studies name


def _locked(collect_through: date) -> datetime:
    """When a study ends by its dates."""
    return _midnight(collect_through + timedelta(days=1))
