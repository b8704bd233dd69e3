"""Command lines of jobs: parsed by our options and Beam's, and by nothing else."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from apache_beam.options.pipeline_options import PipelineOptions, _BeamArgumentParser

from pipelines.engine_options import without_those_of_engine
from pipelines.job import Job
from pipelines.option_specs import given
from pipelines.options import PlatformOptions, require
from pipelines.runners import (
    check_local_workers,
    is_dataflow,
    is_local,
    pin_runner,
    require_job_server,
    require_workers_python,
)
from rally.errors import ConfigurationError


class Parser(argparse.ArgumentParser):
    """Raises where argparse would print its usage and exit."""

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """In the same words on every version of Python."""
        if action.choices is not None and value not in action.choices:
            known = ", ".join(map(repr, action.choices))
            raise argparse.ArgumentError(
                action, f"invalid choice: {value!r} (choose from {known})"
            )

    def error(self, message: str) -> NoReturn:
        """Raises ConfigurationError."""
        raise ConfigurationError(f"{message.removeprefix('argument ')}; see --help")


def parse_options(job: Job, argv: Sequence[str] | None) -> PipelineOptions:
    """Parses a job's command line and refuses what neither we nor Beam know.

    Args:
        job: whose options these are.
        argv: arguments without the program's name; None is the process's.

    Raises:
        ConfigurationError: an option is unknown or missing, or its value does not fit.
    """
    _help_and_exit(job, argv)
    parser = _Parser(allow_abbrev=False, add_help=False)
    for group in _distinct(_ours_and_beams(job)):
        group._add_argparse_args(parser)
    _, unknown = parser.parse_known_args(argv)
    if unknown := without_those_of_engine(PipelineOptions(argv), unknown):
        raise ConfigurationError(
            f"{unknown[0].partition('=')[0]}: no such option; see --help"
        )
    options = PipelineOptions(argv)
    pin_runner(options)
    check_local_workers(options)
    require_workers_python(options)
    require(options.view_as(PlatformOptions), *job.needs)
    _refuse_others(job, options)
    require_job_server(options)
    return options


def parse_options_here(job: Job, argv: Sequence[str] | None) -> PipelineOptions:
    """The same for `run(argv)`, which gives what a job that ended found.

    Raises:
        ConfigurationError: as above; or the job would run on Dataflow, where only a
            launch closes it in.
    """
    options = parse_options(job, argv)
    if is_dataflow(options):
        raise ConfigurationError(
            f"run() does not launch on Dataflow; `rally {job.name}` and main() do"
        )
    return options


def _refuse_others(job: Job, options: PipelineOptions) -> None:
    """Of options that the runner at hand would not act on."""
    others = () if is_local(options) else job.local_only
    others += job.not_on_dataflow if is_dataflow(options) else ()
    for option in given(job.options, options):
        if option.name in others:
            raise ConfigurationError(
                f"--{option.name}: has no meaning on this runner; leave it out, or name"
                " another --runner"
            )


def _help_and_exit(job: Job, argv: Sequence[str] | None) -> None:
    """Shows our options only; Beam's hundreds have their own documentation."""
    shown = _Parser(
        prog=f"rally {job.name}",
        description=job.description,
        epilog="Beam's own options (--runner, --direct_num_workers, --project, ...) are"
        " taken too.",
        allow_abbrev=False,
    )
    for group in job.options:
        group._add_argparse_args(shown)
    asked = {"-h", "--help"}.intersection(argv if argv is not None else sys.argv[1:])
    if asked:
        shown.parse_args(["--help"])


def _ours_and_beams(job: Job) -> list[type[PipelineOptions]]:
    """Leaves out options of other jobs, which one process may have imported too."""
    others = "pipelines."
    return [
        group
        for group in PipelineOptions.__subclasses__()
        if group in job.options or not group.__module__.startswith(others)
    ]


def _distinct(
    groups: Sequence[type[PipelineOptions]],
) -> list[type[PipelineOptions]]:
    """Each class once, as Beam itself takes them: the last of a name counts."""
    return list({str(group): group for group in groups}.values())


class _Parser(Parser, _BeamArgumentParser):
    """Takes the values of options as Beam does."""
