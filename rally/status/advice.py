"""What waits for a person, and the command that each of it asks for."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

from rally.access.cases import OVERDUE_AFTER
from rally.dead_letters import LetterKind
from rally.exit_status import DONE
from rally.registry.approval_deadlines import in_days
from rally.status.state import PlatformState
from rally.storage.last_runs import AFTER_CONCLUSION, LastRun

DAILY = ("delete", "compact", "purge", "audit")
"""The jobs that run every day, in the order in which they are advised."""

_DUE = "rally studies due"
_MOST_AGE = timedelta(hours=48)
"""A daily job whose last run is older was left out."""


class Matter(NamedTuple):
    """Something that a person has to look at.

    Attributes:
        about: a study, a job, or "platform".
        what: it is, in a few words.
        command: to run now.
    """

    about: str
    what: str
    command: str


def find_matters(state: PlatformState) -> list[Matter]:
    """All that waits for a person, what is most urgent first."""
    return [
        *_decisions(state),
        *_requests(state),
        *_jobs(state),
        *_studies(state),
        *_endings(state),
    ]


def list_commands(state: PlatformState, matters: list[Matter]) -> list[str]:
    """The commands to run now, each once; where all is well, there may be none."""
    commands = [*dict.fromkeys(each.command for each in matters)]
    is_new = not state.is_used and state.conclusion is None
    return ["rally ingest"] if is_new and not commands else commands


def _decisions(state: PlatformState) -> Iterator[Matter]:
    if state.faults:
        what = f"decisions that are void or lost: {state.faults:,}"
        yield Matter("platform", what, "rally decisions verify")
    if state.approvals:
        what = f"decisions that wait for a second signature: {state.approvals:,}"
        yield Matter("platform", what, "rally decisions list")
    for each in state.orders:
        if each.approved is None:
            what = f"to be expunged, not approved yet: {each.what}"
            command = f"rally decisions approve {each.number}"
        else:
            what, command = f"to be expunged: {each.what}", "rally delete"
        yield Matter(each.namespace, what, command)
    for awaited in state.signatures:
        yield Matter(*awaited)


def _requests(state: PlatformState) -> Iterator[Matter]:
    if late := len(state.requests.late_requests):
        what = f"{late:,} withdrawal{'' if late == 1 else 's'} past the deadline"
        yield Matter("platform", what, "rally withdrawals --requests")
    if overdue := state.overdue_cases:
        people = "1 person waits" if overdue == 1 else f"{overdue:,} people wait"
        what = f"{people} for a copy for more than {OVERDUE_AFTER.days} days"
        yield Matter("platform", what, "rally person cases")
    if state.asks:
        number = sum(each.people for each in state.asks)
        what = (
            f"{number:,} asked for a copy by a ping, without a case, since"
            f" {state.asks[0].day}"
        )
        yield Matter("platform", what, "rally person cases")
    for each in state.waiting:
        what = f"{each.people:,} held, decide by {each.until}"
        yield Matter(each.scope, what, "rally withdrawals --requests")
    for letters in state.letters:
        if letters.kind is LetterKind.WITHDRAWAL and letters.study in {
            each.namespace for each in state.studies
        }:
            what = f"withdrawals that cannot be read: {letters.objects:,} objects"
            yield Matter(letters.study, what, "rally replay")


def _jobs(state: PlatformState) -> Iterator[Matter]:
    for job, run in state.runs.items():
        if told := _fault_of(run):
            yield Matter(job, told, f"rally {job}")
    for job in _daily(state):
        last = state.runs.get(job)
        if last is None:
            yield Matter(job, "never ran", f"rally {job}")
        elif (last.ended or last.began) < state.now - _MOST_AGE and not last.is_alive:
            yield Matter(job, "did not run for two days", f"rally {job}")


def _daily(state: PlatformState) -> Sequence[str]:
    """The jobs that have to run every day; on a concluded platform few do."""
    if state.conclusion is None:
        return DAILY if state.is_used else ()
    return () if state.conclusion.finished else AFTER_CONCLUSION


def _fault_of(run: LastRun) -> str:
    """What is wrong with how a run ended; "" is nothing."""
    if not run.ended and not run.is_alive:
        return "was killed"
    return f"ended with {run.status}" if run.status not in (None, DONE) else ""


def _studies(state: PlatformState) -> Iterator[Matter]:
    for namespace in state.unloadable:
        yield Matter(namespace, "does not load", "rally studies check")
    for view in state.views:
        what = "no view of the withdrawal list: nobody can read its rows"
        if view.published:
            day = f"{view.published:%Y-%m-%d %H:%M}"
            what = f"its view of the withdrawal list is of {day}"
        yield Matter(view.study, what, "rally delete")
    for each in state.closed:
        command = f"rally studies show {each.study}"
        yield Matter(each.study, each.what, command)


def _endings(state: PlatformState) -> Iterator[Matter]:
    today = state.now.date()
    for each in state.expiring:
        what = f"{each.what} {in_days(each.day, today)}"
        is_over = each.what.startswith("lock") and each.day < today
        plan = f"rally studies conclude {each.study} --plan_only"
        command = plan if is_over else f"rally studies show {each.study}"
        yield Matter(each.study, what, _DUE if each.is_review else command)
