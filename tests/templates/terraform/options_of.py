"""The options that each job takes."""

import importlib

from pipelines.command_line import Parser


def options_of(job: str) -> Parser:
    """A parser of a job's own options, without Beam's: it refuses what is no option."""
    parser = Parser(allow_abbrev=False)
    for group in importlib.import_module(f"pipelines.{job}").JOB.options:
        group._add_argparse_args(parser)
    return parser
