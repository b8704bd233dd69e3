"""The options that each job takes."""

import importlib

from rally.options import add_options
from rally.parser import Parser


def options_of(job: str) -> Parser:
    """A parser of a job's own options, without Beam's: it refuses what is no option."""
    parser = Parser()
    add_options(parser, importlib.import_module(f"pipelines.{job}").JOB.options)
    return parser
