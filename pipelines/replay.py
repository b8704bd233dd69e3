"""Replay: dead letters are fed through ingest again after a fault was mended.

The job itself, with Beam, is `pipelines.jobs.replay`; it is imported when it begins.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.job import Job
from pipelines.job_options import INTAKE
from pipelines.starting import start
from rally.options import EVERYWHERE, JSON, Option, grouped
from rally.outcomes import FailureReason
from rally.process import run_as_process

if TYPE_CHECKING:
    from pipelines.jobs.replay import Result

REPLAY = grouped(
    "Which dead letters are replayed",
    Option(
        name="reason",
        metavar="REASON",
        choices=tuple(map(str, FailureReason)),
        help="replay only what failed for this reason (default: all): "
        + ", ".join(FailureReason),
    ),
)

JOB = Job(
    "replay",
    "feed dead letters through ingest again after a fault was mended",
    "Feed dead letters through ingest again. What goes through, or is refused now, is"
    " removed; what fails again stays as it was.",
    "--reason=left --store=/srv/rally/store --keys=/srv/rally/keys",
    (*EVERYWHERE, JSON, *INTAKE, *REPLAY),
    needs=("store", "keys"),
    not_on_dataflow=(JSON.name,),
)


def run(argv: Sequence[str] | None = None) -> "Result":
    """Runs the job and returns what became of the dead letters.

    Raises:
        ConfigurationError: something is not as it must be; nothing was replayed.
        JobStopped: a worker could not read or write.
    """
    from pipelines.jobs import replay

    return replay.run(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command: prints what came of it, and returns the exit status."""
    return start(JOB, argv)


if __name__ == "__main__":
    run_as_process(main)
