"""How a job of the command line starts: here, or handed over to Dataflow."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.command_line import parse_options
from pipelines.job import Job
from pipelines.lifecycle import Ended, exit_status
from pipelines.runners import is_dataflow
from rally.exit_status import NOT_AS_PROMISED
from rally.observability.log_entries import LogEvent
from rally.process import say
from rally.registry.registry import Registry
from rally.settings import Places

if TYPE_CHECKING:
    from pipelines.dataflow import Graph, Settings


def start(
    job: Job,
    argv: Sequence[str] | None,
    run: Callable[[PipelineOptions], Ended],
    settings: "Settings",
    graph: "Graph | None" = None,
) -> int:
    """The command of a job.

    A study that does not load is named before the job begins, and nothing of it is
    touched. The job does what it can for all others, and is not as promised.

    Args:
        job: which.
        argv: arguments without the program's name; None is the process's.
        run: has it done and tells of it; see Ended.
        settings: makes its settings.
        graph: makes its pipeline for Dataflow; see `pipelines.dataflow.launch`. None
            has it conducted there.

    Returns:
        The exit status, see `pipelines.cli.main`.
    """

    def started() -> Ended:
        options = parse_options(job, argv)
        if is_dataflow(options):
            from pipelines.dataflow import launch  # Google's clients are slow to import

            status = launch(job, options, settings, graph)
            return Ended(status, event=LogEvent.JOB_LAUNCHED)
        registry = _registry(settings(options))
        for fault in registry.faults.values():
            say(fault)
        ended = run(options)
        return ended._replace(status=NOT_AS_PROMISED) if registry.faults else ended

    return exit_status(job.name, started)


def _registry(places: Places) -> Registry:
    """The studies that are used; by their files alone where a store is away.

    The job itself meets that again, and says what it means to it.
    """
    try:
        return places.registry()
    except ConnectionError:
        return places.load_registry()
