"""The report of a purge, and the results of batches that it sums up."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from rally.registry.legal_holds import LegalHold
from rally.results import as_number, as_text
from rally.retention.context import Context
from rally.retention.plan import EntryTally, TallyKey
from rally.retention.plan_entry import Phase, split_scopes
from rally.retention.survey import SurveyResult
from rally.storage.objectstore.interface import FOREVER


@dataclass(slots=True)
class BatchResult:
    """Result of a worker's work on the entries of one batch.

    Attributes:
        tallies: Sums of what was deleted, by study, document and reason.
        faults: Names of the first objects that could not be dealt with, and causes.
        more_faults: Number of other such objects.
        held: Objects that stores keep, each with the day until which.
        blocked: Number of objects by legal hold that came into force since the plan.
        undone: Number of objects left that a listing alone will find again.
    """

    tallies: dict[TallyKey, EntryTally] = field(default_factory=dict)
    faults: list[tuple[str, str]] = field(default_factory=list)
    more_faults: int = 0
    held: list[tuple[str, datetime]] = field(default_factory=list)
    blocked: Counter[str] = field(default_factory=Counter)
    undone: int = 0

    def to_json(self) -> dict[str, Any]:
        """Returns the result as JSON values."""
        return {
            "tallies": [
                [*key, sums.objects, sums.rows, sums.bytes, sums.oldest]
                for key, sums in self.tallies.items()
            ],
            "faults": [list(fault) for fault in self.faults],
            "more": self.more_faults,
            "held": [[what, until.isoformat()] for what, until in self.held],
            "blocked": [list(each) for each in self.blocked.items()],
            "undone": self.undone,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "BatchResult":
        """Reads a result from JSON values.

        Raises:
            LookupError, TypeError, ValueError: The values are no result.
        """
        return cls(
            tallies={
                (as_text(study), as_text(document), as_text(reason)): EntryTally(
                    as_number(objects),
                    as_number(rows),
                    as_number(size),
                    as_text(oldest),
                )
                for study, document, reason, objects, rows, size, oldest in value[
                    "tallies"
                ]
            },
            faults=[(as_text(name), as_text(what)) for name, what in value["faults"]],
            more_faults=as_number(value["more"]),
            held=[
                (as_text(what), datetime.fromisoformat(until))
                for what, until in value["held"]
            ],
            blocked=Counter(
                {as_text(hold): as_number(n) for hold, n in value["blocked"]}
            ),
            undone=as_number(value["undone"]),
        )


class Remains(NamedTuple):
    """Objects that a store keeps for some time after their deletion.

    Attributes:
        where: Study and document, or URI of the place.
        objects: Number of objects.
        until: Time at which the last of them expires, UTC; FOREVER if unknown.
        reason: Reason of the store: "soft-deleted", "retention" and so on.
    """

    where: str
    objects: int
    until: datetime
    reason: str

    @property
    def is_dated(self) -> bool:
        """Whether the objects expire on a known day."""
        return self.until != FOREVER

    def __str__(self) -> str:
        """Returns one line for people."""
        until = f"{self.until:%Y-%m-%d}" if self.is_dated else "somebody lifts it"
        return (
            f"{self.where}: {self.objects:,} objects remain until {until}"
            f" ({self.reason})"
        )


@dataclass
class PurgeReport:
    """Report of a run of the purge.

    Attributes:
        plan: Id of the plan; "" if there was nothing to do.
        planned: Sums of what the plan deletes, by study, document and reason.
        done: Sums of what was deleted, likewise.
        withheld: One line for each group that waits for a confirmation.
        alarms: One line for each thing that must not exist.
        waits: One line for each study that waits, and for what.
        kept: Number of objects that legal holds keep, by a description of the hold.
        faults: Names of what could not be dealt with, and the causes.
        more_faults: Number of other such objects.
        remains: Objects that stores keep for now.
        destroyed: Keys that were destroyed, by file or resource name.
        remarks: One line for each other thing to know.
        old_copies: Number of old copies that were purged.
    """

    plan: str = ""
    planned: dict[TallyKey, EntryTally] = field(default_factory=dict)
    done: dict[TallyKey, EntryTally] = field(default_factory=dict)
    withheld: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)
    kept: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[str, str]] = field(default_factory=list)
    more_faults: int = 0
    remains: list[Remains] = field(default_factory=list)
    destroyed: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    old_copies: int = 0

    @property
    def blocked(self) -> list[str]:
        """One line for each legal hold, with the number of objects that it keeps."""
        return [
            f"{hold} keeps {number:,} objects"
            for hold, number in sorted(self.kept.items())
        ]

    @property
    def problems(self) -> Iterator[str]:
        """Yields one line for each thing that a person has to look at.

        Objects that a legal hold keeps, or that expire on a known day, are no problem.
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
        """Exit status: 0 without a problem, 1 with any."""
        return int(any(True for _ in self.problems))


def blocked_by(hold: LegalHold) -> str:
    """Describes a legal hold that keeps something, as the start of a line."""
    return (
        f"{hold.namespace}: BLOCKED: legal hold of {hold.first} to {hold.last} by"
        f" {hold.by}"
    )


_SHOWN = 100
"""Number of faults that a report names; others are counted."""


def report_survey(
    context: Context, survey: SurveyResult, held: Mapping[str, int], report: PurgeReport
) -> None:
    """Adds alarms, waits, blocked objects and faults of a survey to a report.

    Args:
        context: Context of the purge.
        survey: The survey.
        held: Number of held requests of each concluded study.
        report: The report.
    """
    for what, named in sorted(survey.alarms.items()):
        report.alarms += [f"{name}: is {what}" for name in named.names]
        if more := named.number - len(named.names):
            report.alarms.append(f"{more:,} others are {what}")
    for namespace in sorted(context.carriers):
        report.remarks.append(
            "rows without an enrolment stay: it may be among the dead letters of"
            f" {namespace}, which does not load"
        )
    for namespace, reason in context.concluded.items():
        if reason:
            report.waits.append(f"{namespace}: waits for `rally delete`: {reason}")
        if held[namespace]:
            undecided = f"{held[namespace]:,} requests were never decided on"
            report.remarks.append(f"{namespace}: {undecided}, and go with all the rest")
    for hold, number in sorted(survey.blocked.items()):
        report.kept[blocked_by(hold)] += number
    for study, number in sorted(survey.unfinished.items()):
        what = "a deletion that was killed has to go on; run `rally delete`"
        report.waits.append(f"{study}: {number:,} objects wait: {what}")
    if survey.unreadable:
        report.remarks.append(
            f"{survey.unreadable:,} objects of unreadable withdrawals wait; replay"
            " them, or let `rally withdrawals settle` give up what can never be read"
        )
    for plan in survey.stalled:
        what = "was begun long ago and never told; run `rally delete`"
        report.faults.append((plan, what))
    report.faults += survey.faults


def add_result(report: PurgeReport, result: BatchResult) -> None:
    """Adds the result of a batch to a report."""
    for key, sums in result.tallies.items():
        tally = report.done.setdefault(key, EntryTally())
        tally.add(sums.rows, sums.bytes, sums.oldest, sums.objects)
    report.kept.update(result.blocked)
    room = max(0, _SHOWN - len(report.faults))
    report.faults += result.faults[:room]
    report.more_faults += result.more_faults + len(result.faults[room:])
    held: dict[str, list[datetime]] = {}
    for what, until in result.held:
        held.setdefault(what, []).append(until)
    report.remains += [
        Remains(what, len(times), max(times), "a hold or a retention policy")
        for what, times in held.items()
    ]


def report_not_done(
    context: Context,
    survey: SurveyResult,
    namespace: str,
    phase: Phase,
    report: PurgeReport,
) -> None:
    """Reports that a phase left something of a study; a fault if nothing explains it.

    Args:
        context: Context of the purge, as it is now.
        survey: The survey.
        namespace: Namespace of the study.
        phase: Phase that left something.
        report: The report.
    """
    what = f"there are {phase} of it still; the next run goes on from there"
    studies = {namespace}
    if phase is Phase.ENROLMENTS:
        studies = {each.study for each in survey.enrolments.get(namespace, ())}
    kept = {
        study
        for each in report.remains
        for study in split_scopes(each.where.partition(":")[0])
    }
    is_held = any(context.holds.of(each) or each in kept for each in studies)
    if is_held or report.faults:
        report.remarks.append(f"{namespace}: {what}")
    else:
        report.faults.append((namespace, what))
