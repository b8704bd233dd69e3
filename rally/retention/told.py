"""Puts what was seen and done into a report, in plain words."""

from collections.abc import Mapping
from datetime import datetime

from rally.retention.executor import Done
from rally.retention.notes import Notes
from rally.retention.opened import Opened
from rally.retention.plan import Tally
from rally.retention.plan_entry import Phase, parted
from rally.retention.report import Remains, Report, blocked_by

_SHOWN = 100
"""Objects that are named of those that could not be dealt with."""


def tell_notes(
    opened: Opened, notes: Notes, held: Mapping[str, int], report: Report
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


def add_done(report: Report, done: Done) -> int:
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


def tell_not_done(
    opened: Opened, notes: Notes, namespace: str, phase: Phase, report: Report
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
        for study in parted(each.where.partition(":")[0])
    }
    is_held = any(opened.holds.of(each) or each in kept for each in studies)
    if is_held or report.faults:
        report.words.append(f"{namespace}: {what}")
    else:
        report.faults.append((namespace, what))
