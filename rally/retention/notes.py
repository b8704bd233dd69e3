"""What a survey saw beside what goes: alarms, what is blocked, how much there is."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from rally.registry.legal_holds import LegalHold, LegalHolds
from rally.retention.plan_entry import Line, Phase, unheld
from rally.storage.layout import Partition

_SHOWN = 20


@dataclass
class Named:
    """Names of which the first few are kept, and all are counted."""

    number: int = 0
    names: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        """Counts one more."""
        self.number += 1
        if len(self.names) < _SHOWN:
            self.names.append(name)


@dataclass
class Notes:
    """What a survey saw.

    Attributes:
        alarms: objects that must not be there, by what they are.
        blocked: objects that a legal hold keeps, by hold.
        unfinished: objects of partitions in which a deletion has to go on, by study.
        objects: how many each study has.
        rows: that were looked at for an enrolment, by study.
        due: partitions whose rows need an enrolment by now.
        joins: partitions whose rows say who joined something.
        unheard: of these rows how many the event log knows nothing of, by the study
            that has to go without them and by `<namespace>/<document>`.
        enrolments: partitions of the platform's rows about studies, by study.
        waiting: concluded studies of whose enrolments some must stay for now.
        unreadable: objects of withdrawals among dead letters.
        stalled: plans that were begun and never told.
        faults: what could not be looked at, and why.
    """

    alarms: dict[str, Named] = field(default_factory=dict)
    blocked: Counter[LegalHold] = field(default_factory=Counter)
    unfinished: Counter[str] = field(default_factory=Counter)
    objects: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    due: dict[Partition, int] = field(default_factory=dict)
    joins: dict[Partition, int] = field(default_factory=dict)
    unheard: dict[str, Counter[str]] = field(default_factory=dict)
    enrolments: dict[str, dict[Partition, int]] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    unreadable: int = 0
    stalled: list[str] = field(default_factory=list)
    faults: list[tuple[str, str]] = field(default_factory=list)

    def alarm(self, what: str, name: str) -> None:
        """Notes an object that must not be there."""
        self.alarms.setdefault(what, Named()).add(name)

    def unless_held(self, lines: Iterable[Line], holds: LegalHolds) -> Iterator[Line]:
        """What no legal hold keeps of the lines; the rest is counted.

        Where one keeps something of a concluded study, it keeps the later phases too.

        Args:
            lines: in the order of phases.
            holds: that are in force.
        """
        stopped = dict[str, tuple[Phase, LegalHold]]()
        for line in lines:
            free, hold = unheld(line, holds)
            before = _stopped_before(line, stopped)
            if hold:
                for each in line.studies:
                    stopped.setdefault(each, (line.phase, hold))
            if kept_by := hold or before:
                self.blocked[kept_by] += 1
            if free and not before:
                yield free


def _stopped_before(
    line: Line, stopped: Mapping[str, tuple[Phase, LegalHold]]
) -> LegalHold | None:
    """The hold by which all studies of a line came to an end in earlier phases."""
    ends = [stopped.get(each, (line.phase, None)) for each in sorted(line.studies)]
    if not ends or any(phase is line.phase for phase, _ in ends):
        return None
    return ends[0][1]
