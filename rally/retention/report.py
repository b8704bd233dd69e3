"""What a purge did, or would do, for people."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from rally.registry.legal_holds import LegalHold
from rally.retention.context import Context
from rally.retention.plan import Key, Tally
from rally.retention.plan_entry import Phase, split_scopes
from rally.retention.survey import SurveyResult
from rally.storage.objectstore.interface import FOREVER

BatchResult = dict[str, Any]
"""JSON of what became of a batch.

`tallies`: [study, document, why, objects, rows, bytes, oldest day] of what went;
`faults`: [name, what], the first; `more`: how many others; `held`: [what, until] of
each object that the store keeps; `blocked`: [legal hold, objects] of those that came
into force since the plan; `undone`: objects that are left, and that a listing alone
will find again.
"""


class Remains(NamedTuple):
    """What a store keeps of a place.

    Attributes:
        where: the place.
        objects: how many.
        until: when the last of them goes, UTC; FOREVER where nobody knows.
        why: "soft-deleted", "retention" …
    """

    where: str
    objects: int
    until: datetime
    why: str

    @property
    def is_dated(self) -> bool:
        """Whether it goes by itself on a known day."""
        return self.until != FOREVER

    def __str__(self) -> str:
        """One line."""
        until = f"{self.until:%Y-%m-%d}" if self.is_dated else "somebody lifts it"
        return (
            f"{self.where}: {self.objects:,} objects remain until {until} ({self.why})"
        )


@dataclass
class Report:
    """What a run found, did and left.

    Attributes:
        plan: id of the plan; "" where there was nothing to do.
        planned: what goes by the plan, by study, document and why.
        done: what went.
        withheld: what waits for a confirmation: which limit it is above, a line each.
        alarms: what must not be there, a line each.
        waits: studies that wait, and for what.
        kept: how many objects legal holds keep, by a line for each hold.
        faults: what could not be done, as (name, what).
        more_faults: how many others there are.
        remains: what stores keep for now.
        destroyed: keys that are gone, by file or resource name.
        words: what there is to know besides.
        old_copies: how many were purged.
    """

    plan: str = ""
    planned: dict[Key, Tally] = field(default_factory=dict)
    done: dict[Key, Tally] = field(default_factory=dict)
    withheld: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)
    kept: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[str, str]] = field(default_factory=list)
    more_faults: int = 0
    remains: list[Remains] = field(default_factory=list)
    destroyed: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    old_copies: int = 0

    @property
    def blocked(self) -> list[str]:
        """What legal holds keep, a line each."""
        return [
            f"{hold} keeps {number:,} objects"
            for hold, number in sorted(self.kept.items())
        ]

    @property
    def problems(self) -> Iterator[str]:
        """All that a person has to look at, a line each.

        What a legal hold blocks, and what remains until a known day, is as it must be.
        """
        yield from self.withheld
        yield from self.alarms
        yield from self.waits
        for name, what in self.faults:
            yield f"{name}: {what}"
        if self.more_faults:
            yield f"{self.more_faults:,} other objects could not be dealt with"
        yield from (str(each) for each in self.remains if not each.is_dated)

    @property
    def exit_status(self) -> int:
        """0 all done; 1 something is named."""
        return int(any(True for _ in self.problems))


def blocked_by(hold: LegalHold) -> str:
    """What begins a report's line of a hold."""
    return (
        f"{hold.namespace}: BLOCKED: legal hold of {hold.first} to {hold.last} by"
        f" {hold.by}"
    )


_SHOWN = 100
"""Objects that are named of those that could not be dealt with."""


def report_survey(
    opened: Context, notes: SurveyResult, held: Mapping[str, int], report: Report
) -> None:
    """Adds alarms, waits, blocked files and faults.

    Args:
        opened: says what goes.
        notes: of the survey.
        held: requests of each concluded study that nobody decided on.
        report: is told.
    """
    for what, named in sorted(notes.alarms.items()):
        report.alarms += [f"{name}: is {what}" for name in named.names]
        if more := named.number - len(named.names):
            report.alarms.append(f"{more:,} others are {what}")
    for namespace in sorted(opened.carriers):
        report.words.append(
            "rows without an enrolment stay: it may be among the dead letters of"
            f" {namespace}, which does not load"
        )
    for namespace, why in opened.concluded.items():
        if why:
            report.waits.append(f"{namespace}: waits for `rally delete`: {why}")
        if held[namespace]:
            undecided = f"{held[namespace]:,} requests were never decided on"
            report.words.append(f"{namespace}: {undecided}, and go with all the rest")
    for hold, number in sorted(notes.blocked.items()):
        report.kept[blocked_by(hold)] += number
    for study, number in sorted(notes.unfinished.items()):
        what = "a deletion that was killed has to go on; run `rally delete`"
        report.waits.append(f"{study}: {number:,} objects wait: {what}")
    if notes.unreadable:
        report.words.append(
            f"{notes.unreadable:,} objects of unreadable withdrawals wait; replay them,"
            " or let `rally withdrawals settle` give up what can never be read"
        )
    for plan in notes.stalled:
        what = "was begun long ago and never told; run `rally delete`"
        report.faults.append((plan, what))
    report.faults += notes.faults


def add_result(report: Report, done: BatchResult) -> int:
    """Adds what became of a batch; how many that a listing shows again are left."""
    for study, document, why, objects, rows, size, oldest in done["tallies"]:
        tally = report.done.setdefault((study, document, why), Tally())
        tally.add(rows, size, oldest, objects)
    report.kept.update(dict(done["blocked"]))
    room = max(0, _SHOWN - len(report.faults))
    report.faults += [(name, what) for name, what in done["faults"][:room]]
    report.more_faults += done["more"] + len(done["faults"][room:])
    held: dict[str, list[datetime]] = {}
    for what, until in done["held"]:
        held.setdefault(what, []).append(datetime.fromisoformat(until))
    report.remains += [
        Remains(what, len(times), max(times), "a hold or a retention policy")
        for what, times in held.items()
    ]
    undone: int = done["undone"]
    return undone


def report_not_done(
    opened: Context, notes: SurveyResult, namespace: str, phase: Phase, report: Report
) -> None:
    """What a concluded study waits for; a fault where nothing else explains it.

    Args:
        opened: as it is now.
        notes: of the survey.
        namespace: of the study.
        phase: that left something.
        report: is told.
    """
    what = f"there are {phase} of it still; the next run goes on from there"
    studies = {namespace}
    if phase is Phase.ENROLMENTS:
        studies = {each.study for each in notes.enrolments.get(namespace, ())}
    kept = {
        study
        for each in report.remains
        for study in split_scopes(each.where.partition(":")[0])
    }
    is_held = any(opened.holds.of(each) or each in kept for each in studies)
    if is_held or report.faults:
        report.words.append(f"{namespace}: {what}")
    else:
        report.faults.append((namespace, what))
