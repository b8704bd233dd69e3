"""What a job is to those who launch it: its name, its options, and which it needs."""

from dataclasses import dataclass

from apache_beam.options.pipeline_options import PipelineOptions


@dataclass(frozen=True, slots=True)
class Job:
    """A job as its users know it.

    Attributes:
        name: `rally <name>`, and `python -m pipelines.<name>`.
        description: a few sentences, for `--help` and for templates.
        options: the classes that declare its options.
        needs: options without which it cannot run.
        local_only: options that have a meaning on the local runner alone.
        not_on_dataflow: options that have none on Dataflow.
    """

    name: str
    description: str
    options: tuple[type[PipelineOptions], ...]
    needs: tuple[str, ...] = ("store",)
    local_only: tuple[str, ...] = ()
    not_on_dataflow: tuple[str, ...] = ()
