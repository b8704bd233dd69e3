"""Purge: what has expired, and everything of concluded studies, goes; it is proven.

The job itself, with Beam, is `pipelines.jobs.purge`; it is imported when it begins.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.job import Job
from pipelines.job_options import days
from pipelines.starting import start
from rally import numbers
from rally.options import EVERYWHERE, JSON, Option, grouped
from rally.process import run_as_process
from rally.retention.limits import Limits

if TYPE_CHECKING:
    from rally.retention.report import PurgeReport

_LIMITS = Limits()
DAYS = {
    "grace_days": "take rows out of people who never enrolled so long after the row"
    " was submitted",
    "dead_letter_days": "keep dead letters so long, but for withdrawals of a study;"
    " data that waits for a renewal goes 14 days after it was sent",
    "unreadable_days": "keep a study's withdrawals so long that nobody could read; then"
    " they are settled, which the event log says for ever",
    "plan_days": "keep plans so long that are told in receipts, or were never begun",
    "temporary_days": "keep results of workers, and what killed runs left, so long",
    "archive_days": "keep what --archives names so long after it was written",
}
PURGE = grouped(
    "What goes when, and how much of it at once",
    Option(
        name="plan_only",
        is_flag=True,
        help="make the plan, which is the very one that a run does, and stop there",
    ),
    Option(
        name="confirm",
        metavar="IDS",
        in_profile=False,
        help="let go what is above the ceiling and has that id, or the whole plan"
        " of that id; commas part several",
    ),
    Option(
        name="max_objects",
        metavar="N",
        type=numbers.whole(0, 10**12),
        default=_LIMITS.max_objects,
        help="leave what goes of one study for one reason where it is more objects,"
        " until somebody confirms it (default: %(default)s)",
    ),
    Option(
        name="max_share",
        metavar="SHARE",
        type=numbers.real(0, 1),
        default=_LIMITS.max_share,
        help="likewise where more of a study's objects would go, or of its rows"
        " for want of an enrolment, and more than 100 (default: %(default)s)",
    ),
    Option(
        name="archives",
        metavar="GLOB",
        help="files that were ingested, local or gs://; commas part several globs",
    ),
    *days(DAYS, _LIMITS),
)

JOB = Job(
    "purge",
    "take out what has expired and what was concluded, and prove it",
    "Delete what is past its retention, everything of concluded studies and then their"
    " keys, rows without an enrolment, and the platform's old records; list all of it"
    " again, and say what remains until when. Run it every day.",
    "--plan_only --store=/srv/rally/store --keys=/srv/rally/keys",
    (*EVERYWHERE, JSON, *PURGE),
    not_on_dataflow=(JSON.name,),
)


def run(argv: Sequence[str] | None = None) -> "PurgeReport":
    """Runs the job and returns what it did.

    Raises:
        ConfigurationError: something is not as it must be; nothing was deleted.
        JobStopped: a store or the log failed, or another run was in the way.
    """
    from pipelines.jobs import purge

    return purge.run(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command: prints what came of it, and returns the exit status."""
    return start(JOB, argv)


if __name__ == "__main__":
    run_as_process(main)
