"""What happens after the demo's first day: people leave, and the study ends."""

from collections.abc import Sequence
from datetime import datetime
from itertools import chain

from pipelines import cli
from pipelines.demo import conclusion, copying, releasing, report
from pipelines.demo.desk import standard_input
from pipelines.demo.jobs import Jobs
from pipelines.demo.ledger import Ledger
from pipelines.demo.people import People
from pipelines.demo.scene import deliver

_SECOND, _THIRD = "2026-11-23", "2026-11-24"
_LEAVES = datetime.fromisoformat("2026-11-22T18:00:00Z")
_BEFORE = datetime.fromisoformat("2026-11-22T17:30:00Z")
_AFTER = datetime.fromisoformat("2026-11-23T20:00:00Z")
_RETURNS = datetime.fromisoformat("2026-11-24T09:00:00Z")

_LEAVING = """\
In the evening two of the made-up people leave: one the study, one Rally. The add-on of
the second loses what it should have told each study; this is all that arrives:
"""
_DELETING = """\
The day after, `rally compact` and `rally delete` run. Some real clients had left, too.
"""
_TOLD = """\
What the one who left Rally may be told, by `rally receipts show`:
"""
_LATE = """\
A day later, pages arrive that the two had read before they left. A study's extension
does not know that its person has left Rally, and goes on. And the one who left the
study joins it again, and reads on:
"""
_PARKED = """\
`left` is parked: an enrolment may yet arrive. Hers did, and `rally delete` admits it;
so `rally replay --reason left` stores her pages. Of who left Rally nothing is stored.
"""


def tell(jobs: Jobs, people: People) -> int:
    """Goes on from the first ingest to the end; the exit status."""
    faults = copying.tell(jobs, people)
    _leave(jobs, people)
    faults += _delete(jobs)
    faults += _receipts(jobs, people)
    faults += _return(jobs, people)
    faults += releasing.tell(jobs)
    faults += conclusion.tell(jobs, people)
    return 1 if faults else 0


def _leave(jobs: Jobs, people: People) -> None:
    print(_LEAVING)
    folder = deliver(jobs.scene, _SECOND, people.leave(_LEAVES))
    _show(report.outcomes(jobs.ingest(folder, f"{_SECOND}T12:00:00Z")))


def _delete(jobs: Jobs) -> int:
    """Compacts and deletes; how many things were not as promised."""
    print(_DELETING)
    ledger = Ledger(jobs.scene)
    before = ledger.rows()
    compacted = jobs.compact(f"{_SECOND}T13:00:00Z")
    deleted = jobs.delete(f"{_SECOND}T13:00:00Z")
    after = ledger.rows()
    gone, left = ledger.of_who_left(before), ledger.of_who_left(after)
    _show(report.before_and_after(before, gone, after, left))
    same = set(before) - gone == set(after) - left
    _show(report.deletion(compacted, deleted, others_are_same=same))
    return len(deleted.faults) + len(left) + (not same)


def _receipts(jobs: Jobs, people: People) -> int:
    """Shows what one says, and verifies all; 0 where they are true."""
    print(_TOLD)
    with standard_input(people.leaves_rally):
        cli.main(["receipts", "show", *jobs.places])
    print("\n`rally receipts verify` says: ", end="", flush=True)
    status = cli.main(["receipts", "verify", *jobs.places])
    print()
    return status


def _return(jobs: Jobs, people: People) -> int:
    """Late pings, and a person who comes back; how much was not as promised."""
    print(_LATE)
    sent = chain(
        people.arrive_late(_BEFORE), people.go_on(_AFTER), people.come_back(_RETURNS)
    )
    folder = deliver(jobs.scene, _THIRD, sent)
    _show(report.outcomes(jobs.ingest(folder, f"{_THIRD}T12:00:00Z")))
    print(_PARKED)
    deleted = jobs.delete(f"{_THIRD}T13:00:00Z")
    _show(report.outcomes(jobs.replay_left(f"{_THIRD}T14:00:00Z").counts))
    return len(deleted.faults)


def _show(lines: Sequence[str]) -> None:
    print("\n".join(lines), end="\n\n")
