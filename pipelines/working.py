"""One step of a job whose works are dealt out, and whose results come back."""

from collections.abc import Callable, Sequence
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.ending import JobStopped, finish
from pipelines.job import Job
from pipelines.running import make_pipeline
from rally.results import WrongResults, name_results
from rally.storage.objectstore.interface import ObjectStore
from transforms.parallel_map import WorkThrough


def work_through(
    job: Job,
    options: PipelineOptions,
    label: str,
    works: Sequence[Any],
    make_worker: Callable[[], Callable[[Any], Any]],
    platform: ObjectStore,
) -> list[Any]:
    """Has works done on the runner that the options name.

    Args:
        job: whose step it is.
        options: of the job.
        label: of the step, in the graph.
        works: records that can be pickled; one is one element.
        make_worker: see WorkThrough.
        platform: keeps the results meanwhile, in the job's own folder.

    Returns:
        The results, in the order of the works.

    Raises:
        ConfigurationError: a worker found something that is not as it must be.
        JobStopped: a worker could not go on, or what came back answers other works.
    """
    pipeline = make_pipeline(options)
    step = WorkThrough(works, make_worker, platform.uri, name_results(job.name))
    _ = pipeline | label >> step
    finish(pipeline)
    try:
        return step.take_results(platform)
    except WrongResults as error:
        raise JobStopped(str(error)) from None
