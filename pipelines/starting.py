"""How a job of the command line starts: here, or handed over to Dataflow."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.ending import Ended, exit_status
from pipelines.job import Job
from pipelines.parsing import parse_options
from pipelines.runners import is_dataflow
from rally.telling.entries import Event

if TYPE_CHECKING:
    from pipelines.dataflow import Graph, Settings


def start(
    job: Job,
    argv: Sequence[str] | None,
    run: Callable[[PipelineOptions], Ended],
    graph: "Graph | None" = None,
    settings: "Settings | None" = None,
) -> int:
    """The command of a job.

    Args:
        job: which.
        argv: arguments without the program's name; None is the process's.
        run: has it done and tells of it; see Ended.
        graph: makes its pipeline for Dataflow; see `pipelines.dataflow.launch`.
        settings: makes the settings of a job that is conducted there; either this or
            `graph` is given.

    Returns:
        The exit status, see `pipelines.cli.main`.
    """

    def started() -> Ended:
        options = parse_options(job, argv)
        if not is_dataflow(options):
            return run(options)
        from pipelines.dataflow import launch  # Google's clients are slow to import

        status = launch(job, options, graph, settings)
        return Ended(status, event=Event.JOB_LAUNCHED)

    return exit_status(job.name, started)
