"""Compact: sorts new files into buckets, without duplicates and without who left.

The job itself, with Beam, is `pipelines.jobs.compact`; it is imported when it begins.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.job import Job
from pipelines.starting import start
from rally.options import EVERYWHERE, JSON
from rally.process import run_as_process

if TYPE_CHECKING:
    from rally.compaction.outcomes import CompactionResult


JOB = Job(
    "compact",
    "sort files into buckets, without duplicates and without who left",
    "Sort the files of each partition into buckets, drop duplicates and the rows of"
    " people who left, and remove what went into them. Run it as often as you like.",
    "--store=/srv/rally/store --keys=/srv/rally/keys",
    (*EVERYWHERE, JSON),
    not_on_dataflow=(JSON.name,),
)


def run(argv: Sequence[str] | None = None) -> "list[CompactionResult]":
    """Runs the job and returns what became of each partition that it looked at.

    Raises:
        ConfigurationError: something is not as it must be.
        JobStopped: a worker could not go on.
    """
    from pipelines.jobs import compact

    return compact.run(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command: prints what came of it, and returns the exit status."""
    return start(JOB, argv)


if __name__ == "__main__":
    run_as_process(main)
