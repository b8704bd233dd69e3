"""Delete: who left a study, or Rally, is taken out of the store, and it is proven.

The job itself, with Beam, is `pipelines.jobs.delete`; it is imported when it begins.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.job import Job
from pipelines.job_options import days
from pipelines.starting import start
from rally import numbers
from rally.options import EVERYWHERE, JSON, Option, grouped
from rally.process import run_as_process
from rally.withdrawal.rules import MOST_REWRITE_DAYS, REWRITE_AFTER_DAYS, Rules

if TYPE_CHECKING:
    from rally.deletion.report import DeletionReport

_RULES = Rules()
_DAYS = {
    "hold_days": "wait so long for a decision on what is held, and let it count then",
    "unresolved_days": "close a request whose deletion id no enrolment explains after"
    " so long",
    "unmatched_days": "let a request of somebody who never enrolled leave the list"
    " after so long, once it is carried out",
}
DELETE = grouped(
    "What is held, when a request closes, and whether anything is changed",
    Option(
        name="plan_only",
        is_flag=True,
        help="admit requests and make the plan, which is the very one that a run"
        " applies, and stop there",
    ),
    Option(
        name="rebuild_list",
        is_flag=True,
        in_profile=False,
        help="make a withdrawal list that is lost anew from the event log; requests"
        " get new ids, and their receipts are written again",
    ),
    Option(
        name="hold_above_people",
        metavar="N",
        type=numbers.whole(1, 10**9),
        default=_RULES.hold_above_people,
        help="hold requests for a decision where more people than this leave one"
        " study, or Rally, at once (default: %(default)s)",
    ),
    Option(
        name="hold_above_share",
        metavar="SHARE",
        type=numbers.real(0, 1),
        default=_RULES.hold_above_share,
        help="and more than this share of all who ever joined it (default:"
        " %(default)s)",
    ),
    Option(
        name="hold_window_hours",
        metavar="HOURS",
        type=numbers.real(0, 24 * numbers.DAYS, above=True),
        default=_RULES.hold_window_hours,
        help="at once: within so many hours (default: %(default)s)",
    ),
    *days(_DAYS, _RULES, above=True),
    Option(
        name="rewrite_after_days",
        metavar="DAYS",
        type=numbers.real(0, MOST_REWRITE_DAYS),
        default=REWRITE_AFTER_DAYS,
        help="rewrite a file once the oldest request about it is so old, for all"
        " requests at once, or once a person has expedited one; 0 is in each run"
        " (default: %(default)s)",
    ),
    Option(
        name="longest_delay_days",
        metavar="DAYS",
        type=numbers.real(0, numbers.DAYS, above=True),
        default=38.0,
        help="how long a ping may be on its way: retention of topic, subscription"
        " and snapshots, and of archives that are ingested again. A request closes"
        " after a sweep so long after it (default: %(default)s)",
    ),
)

JOB = Job(
    "delete",
    "take who left out of the store, prove it, and write receipts",
    "Admit the requests of those who left, publish the withdrawal list, take their rows"
    " out of every file, purge old copies, read everything again, and write a receipt"
    " of each request.",
    "--plan_only --store=/srv/rally/store --keys=/srv/rally/keys",
    (*EVERYWHERE, JSON, *DELETE),
    # A retry finds the list that the first try made, and refuses: a person does this.
    not_on_dataflow=("rebuild_list", JSON.name),
)


def run(argv: Sequence[str] | None = None) -> "DeletionReport":
    """Runs the job and returns what it did.

    Raises:
        ConfigurationError: something is not as it must be; nothing was deleted.
        JobStopped: a store or the log failed, or another run was in the way.
    """
    from pipelines.jobs import delete

    return delete.run(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command: prints what came of it, and returns the exit status."""
    return start(JOB, argv)


if __name__ == "__main__":
    run_as_process(main)
