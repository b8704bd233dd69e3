"""The options that each job takes."""

import importlib

from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.parser import Parser


def options_of(job: str) -> Parser:
    """A parser of a job's own options, without Beam's: it refuses what is no option."""
    parser = Parser(allow_abbrev=False)
    groups = [
        each
        for each in vars(importlib.import_module(f"pipelines.{job}")).values()
        if isinstance(each, type)
        and issubclass(each, PipelineOptions)
        and each.__module__.startswith("pipelines.")
    ]
    assert groups, f"{job} declares no options"
    for group in groups:
        group._add_argparse_args(parser)
    return parser
