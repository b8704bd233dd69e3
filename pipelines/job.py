"""Declaration of a job: its name, its options, and which of them it needs."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from rally.options import Option

if TYPE_CHECKING:
    import apache_beam as beam
    from apache_beam.options.pipeline_options import PipelineOptions

    from pipelines.lifecycle import Ended
    from rally.settings import Settings


@dataclass(frozen=True, slots=True)
class Job:
    """A job as its users know it.

    Attributes:
        name: `rally <name>`, and `python -m pipelines.<name>`.
        summary: A few words, for the list of commands.
        description: A few sentences, for `--help` and for templates.
        example: Words after `rally <name>`, for `--help`.
        options: All of its own, in the order in which they are shown.
        needs: Names of options without which it cannot run.
        local_only: Names of options that have a meaning on the local runner alone.
        not_on_dataflow: Names of options that have none on Dataflow.
        changes: Whether it changes what is stored.
        words: Names of options that may be given as words, in this order, before all
            others: `rally release rally-birds weekly`.
    """

    name: str
    summary: str
    description: str
    example: str
    options: tuple[Option, ...]
    needs: tuple[str, ...] = ("store",)
    local_only: tuple[str, ...] = ()
    not_on_dataflow: tuple[str, ...] = ()
    changes: bool = True
    words: tuple[str, ...] = ()


class MakeSettings(Protocol):
    """Makes the settings of a job from its options, as the job itself will."""

    def __call__(self, options: "PipelineOptions", /) -> "Settings":
        """Raises ConfigurationError where a value is none."""
        ...


class JobBody(NamedTuple):
    """Work of a job once its options are read; `pipelines.jobs` has one of each.

    Attributes:
        run: Runs it here, and says how it ended.
        settings: Makes its settings.
        graph: Makes its whole pipeline for Dataflow; None has one worker run it.
        check: Looks at what is the job's own, such as its input; None has nothing.
    """

    run: "Callable[[PipelineOptions], Ended]"
    settings: MakeSettings
    graph: "Callable[[PipelineOptions], beam.Pipeline] | None" = None
    check: "Callable[[PipelineOptions], None] | None" = None


def body_of(job: Job) -> JobBody:
    """Imports what the job does, and Beam with it."""
    body: JobBody = importlib.import_module(f"pipelines.jobs.{job.name}").BODY
    return body
