"""Release: a table of aggregates of one study, by a recipe that was approved.

The job itself, with Beam, is `pipelines.jobs.release`; it is imported when it begins.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.job import Job
from pipelines.starting import start
from rally.options import EVERYWHERE, JSON, RELEASES, WHAT, Option, grouped
from rally.process import run_as_process

if TYPE_CHECKING:
    from rally.releases.draft import Draft

RELEASE = (
    *grouped(
        WHAT,
        Option(name="study", metavar="NS", help="the study's namespace or an alias"),
        Option(
            name="recipe",
            metavar="ID",
            help="the recipe: a file's name in releases/ beside study.yaml, without its"
            " suffix",
        ),
        Option(
            name="window",
            metavar="DAY",
            help="first day of the release, of a recipe with several (default: the last"
            " one that is over)",
        ),
    ),
    *grouped(
        "Whether anything is drawn, and where results go",
        Option(
            name="plan_only",
            is_flag=True,
            help="say what the release would cost and how exact it would be; draw and"
            " spend nothing",
        ),
        RELEASES,
    ),
)

JOB = Job(
    "release",
    "make a table of aggregates by an approved recipe; the only way out",
    "Sum what a recipe asks for over a study's rows, each person within the recipe's"
    " bounds; take its cost from the study's budget; add noise once. The result waits"
    " inside until another person has signed it, and is then placed where results"
    " leave. Run again, the job gives the same result and costs nothing.",
    "rally-birds weekly --plan_only --store=/srv/rally/store --keys=/srv/rally/keys",
    (*EVERYWHERE, JSON, *RELEASE),
    needs=("store", "study", "recipe"),
    not_on_dataflow=(JSON.name,),
    words=("study", "recipe"),
)


def run(argv: Sequence[str] | None = None) -> "Draft | None":
    """Runs the job and returns the release; None where it was only planned.

    Raises:
        ConfigurationError: something is not as it must be; nothing was spent.
        JobStopped: a worker could not go on.
    """
    from pipelines.jobs import release

    return release.run(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command: prints what came of it, and returns the exit status."""
    return start(JOB, argv)


if __name__ == "__main__":
    run_as_process(main)
