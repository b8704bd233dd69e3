"""How the demo's study ends: it is locked, concluded, purged, and all of it audited."""

from collections.abc import Sequence
from contextlib import redirect_stdout
from datetime import datetime
from io import StringIO
from pathlib import Path

from pipelines import cli
from pipelines.demo import report
from pipelines.demo.clients import NEWS
from pipelines.demo.jobs import Jobs
from pipelines.demo.people import People
from pipelines.demo.scene import deliver
from rally.audit.report.text import to_text
from rally.withdrawal.withdrawal_list import RequestState

_LOCKED, _CONCLUDED = "2027-04-05", "2027-04-20"
_FORGOTTEN, _AUDITED = "2027-04-21", "2027-04-24"
_LEAVES = datetime.fromisoformat("2027-04-04T18:00:00Z")

_ENDED = """\
In spring the study ends, as its participants had been told, and is locked for analysis.
Somebody who leaves now has to wait for its conclusion:
"""
_CONCLUDING = """\
Two weeks later `rally studies conclude` is decided. `rally delete` settles who waited,
and `rally purge` takes all the rest of the study; and whatever else has had its time,
or has no enrolment:
"""
_FORGETTING = """\
In the next night the event log forgets the study, too, and its keys go:
"""
_PROVEN = """\
Three days later `rally audit` reads everything that is left, and all records:
"""


def tell(jobs: Jobs, people: People) -> int:
    """Goes on to the end of the study; how much was not as promised."""
    faults = _lock(jobs, people)
    faults += _conclude(jobs)
    return faults + _audit(jobs)


def _lock(jobs: Jobs, people: People) -> int:
    print(_ENDED)
    folder = deliver(jobs.scene, _LOCKED, people.leave_late(_LEAVES))
    _show(report.outcomes(jobs.ingest(folder, f"{_LOCKED}T12:00:00Z")))
    deleted = jobs.delete(f"{_LOCKED}T13:00:00Z")
    waiting = [each for each in deleted.withdrawals.withdrawals if each.deferred]
    states = {each.state for each in waiting}
    _show([f"Withdrawals that wait for the conclusion: {len(waiting)}."])
    return len(deleted.faults) + (states != {RequestState.DEFERRED})


def _conclude(jobs: Jobs) -> int:
    print(_CONCLUDING)
    words = ["studies", "conclude", NEWS, "--by=decide", "--yes"]
    decided = [*words, f"--as_of={_CONCLUDED}"]
    with redirect_stdout(StringIO()):
        status = cli.main([*decided, *jobs.places])
    deleted = jobs.delete(f"{_CONCLUDED}T12:00:00Z")
    purged = jobs.purge(f"{_CONCLUDED}T13:00:00Z")
    _show(report.purged(purged))
    settled = len(deleted.receipts)
    _show([f"Receipts of who had waited: {settled}."])
    faults = status + (not settled) + len(deleted.faults) + len(list(purged.problems))
    return faults + _forget(jobs)


def _forget(jobs: Jobs) -> int:
    print(_FORGETTING)
    deleted = jobs.delete(f"{_FORGOTTEN}T12:00:00Z")
    purged = jobs.purge(f"{_FORGOTTEN}T13:00:00Z")
    keys = ", ".join(Path(each).name for each in purged.destroyed)
    _show([f"Keys destroyed: {keys}."])
    return (not keys) + len(deleted.faults) + len(list(purged.problems))


def _audit(jobs: Jobs) -> int:
    print(_PROVEN)
    page = jobs.scene.store.parent / "audit.html"
    audited = jobs.audit(f"{_AUDITED}T12:00:00Z", page)
    # But for its head, which says how long it took.
    _show(to_text(audited).partition("\n\n")[2].splitlines())
    print(f"The same as a page to look at, offline: {page}\n")
    return audited.exit_status


def _show(lines: Sequence[str]) -> None:
    print("\n".join(lines), end="\n\n")
