"""Audit: the store is read, and what was promised to participants is proven or not.

The job itself, with Beam, is `pipelines.jobs.audit`; it is imported when it begins.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.job import Job
from pipelines.job_options import days
from pipelines.starting import start
from rally import numbers
from rally.audit.limits import Limits
from rally.disclosure import THRESHOLD
from rally.options import EVERYWHERE, RELEASES, Option, grouped
from rally.process import run_as_process

if TYPE_CHECKING:
    from rally.audit.findings import AuditReport

DAYS = {
    "deadline_days": "a request has from when it was received until its rows are gone",
    "grace_days": "an enrolment may come so long after a row of the person",
    "dead_letter_days": "dead letters may stay so long, but those that are withdrawals",
    "announced_days": "participants are told of an end so long before it",
    "purge_days": "the jobs that run daily have so long to purge a concluded study",
}
AUDIT = grouped(
    "What is read, and where the report goes",
    Option(
        name="sample",
        metavar="SHARE",
        type=numbers.real(0, 1, above=True),
        default=1.0,
        help="read only this share of the files of rows, other ones each day;"
        " everything else is looked at as a whole (default: all)",
    ),
    Option(
        name="test_ids",
        is_flag=True,
        help="look for Rally ids and network addresses that stand on standard"
        " input, one a line; those of everybody in the event log are always"
        " looked for",
    ),
    Option(
        name="json",
        metavar="FILE",
        help="write the report as JSON; - is standard output, in place of the table",
    ),
    Option(
        name="html",
        metavar="FILE",
        help="write the report as one page of HTML",
    ),
    Option(
        name="threshold",
        metavar="N",
        type=numbers.whole(1, 10**9),
        default=THRESHOLD,
        in_profile=False,
        help="tell no number of rows or people below this one (default: %(default)s)",
    ),
    *days(DAYS, Limits()),
    RELEASES,
)

JOB = Job(
    "audit",
    "prove the promises over the store, or name what breaks them",
    "Read the store and prove what was promised to participants: that who left is gone,"
    " that nothing is kept past its time, outside its study or without approval, and"
    " that every file, receipt and key is as it should be. Nothing is changed.",
    "--html=audit.html --store=/srv/rally/store --keys=/srv/rally/keys",
    (*EVERYWHERE, *AUDIT),
    not_on_dataflow=("test_ids",),
    changes=False,
)


def run(argv: Sequence[str] | None = None) -> "AuditReport":
    """Runs the job, and writes the files that the options name.

    Raises:
        ConfigurationError: an option is not as it must be, a key is not there, or a
            worker could not go on.
    """
    from pipelines.jobs import audit

    return audit.run(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command: prints what came of it, and returns the exit status."""
    return start(JOB, argv)


if __name__ == "__main__":
    run_as_process(main)
