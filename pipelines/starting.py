"""How a job of the command line starts: here, or handed over to Dataflow."""

from collections.abc import Callable, Sequence

from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.ending import exit_status
from pipelines.job import Job
from pipelines.parsing import parse_options


def start(
    job: Job, argv: Sequence[str] | None, run: Callable[[PipelineOptions], int]
) -> int:
    """The command of a job.

    Args:
        job: which.
        argv: arguments without the program's name; None is the process's.
        run: has it done and tells of it; the exit status.

    Returns:
        The exit status, see `pipelines.cli.main`.
    """
    return exit_status(lambda: run(parse_options(job, argv)))
