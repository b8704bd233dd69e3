"""One step of a job whose works are dealt out, and whose results come back."""

from collections.abc import Callable, Sequence
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.ending import finish
from pipelines.running import make_pipeline
from rally.storing.objects import ObjectStore
from transforms.work_through import WorkThrough, take_results


def work_through(
    options: PipelineOptions,
    label: str,
    works: Sequence[Any],
    make_worker: Callable[[], Callable[[Any], Any]],
    platform: ObjectStore,
    result_name: str,
) -> list[Any]:
    """Has works done on the runner that the options name.

    Args:
        options: of the job.
        label: of the step, in the graph.
        works: records that can be pickled; one is one element.
        make_worker: see WorkThrough.
        platform: keeps the results meanwhile.
        result_name: of their object there.

    Returns:
        The results, in the order of the works.

    Raises:
        ConfigurationError: a worker found something that is not as it must be.
        JobStopped: a worker could not go on.
    """
    pipeline = make_pipeline(options)
    _ = pipeline | label >> WorkThrough(works, make_worker, platform.uri, result_name)
    finish(pipeline)
    return take_results(platform, result_name)
