"""Options of jobs as Beam reads them, beside its own."""

import argparse
import uuid
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions, _BeamArgumentParser

from pipelines.command_line import NO_PLATFORM_KEYS, read_words
from pipelines.engine_options import without_those_of_engine
from pipelines.job import Job, body_of
from pipelines.job_options import INTAKE
from pipelines.option_specs import given
from pipelines.runners import (
    check_local_workers,
    is_dataflow,
    is_local,
    pin_runner,
    require_job_server,
    require_workers_python,
)
from rally.errors import ConfigurationError, Faults, ManyFaults
from rally.ingestion.settings import IngestSettings
from rally.keys.platform_keys import default_uri
from rally.options import EVERYWHERE, JSON, Option, add_option, add_options
from rally.parser import Parser, unknown
from rally.settings import Settings
from rally.times import RANGE, InvalidTime, parse_time


def pipeline_options(name: str, options: Sequence[Option]) -> type[PipelineOptions]:
    """Makes the class by which Beam reads options.

    Where one process runs several jobs, Beam asks all classes for their options at
    once; those that several have are the same in each.

    Args:
        name: Name of the class.
        options: Options that it declares.
    """

    def add(_: type, parser: argparse.ArgumentParser) -> None:
        for option in options:
            with suppress(argparse.ArgumentError):  # another class's is there
                add_option(parser, option, flag_takes_value=True)

    return type(name, (PipelineOptions,), {"_add_argparse_args": classmethod(add)})


class _AnyJson(PipelineOptions):
    """Takes `--json` with a value or without, before the classes of jobs do.

    Beam asks all classes for their options at once, and it is a file of the audit, and
    a flag of all other jobs.
    """

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(f"--{JSON.name}", nargs="?", const=str(True).lower())


PlatformOptions = pipeline_options("PlatformOptions", EVERYWHERE)
OutputOptions = pipeline_options("OutputOptions", (JSON,))
IntakeOptions = pipeline_options("IntakeOptions", INTAKE)


class _Parser(Parser, _BeamArgumentParser):
    """Takes the values of options as Beam does."""


def parse_options(job: Job, argv: Sequence[str] | None) -> PipelineOptions:
    """Parses a job's command line by our options and Beam's, and by nothing else.

    Args:
        job: The job whose options these are.
        argv: Arguments without the program's name; None is the process's.

    Raises:
        ConfigurationError: an option is unknown or missing, or its value does not fit.
    """
    words = read_words(job, argv)
    body_of(job)  # its classes are those that Beam asks
    parser = _Parser(add_help=False, takes_others=True)
    for group in _distinct(_of_beam()):
        group._add_argparse_args(parser)
    add_options(parser, job.options, flags_take_values=True)
    _, others = parser.parse_known_args(words)
    if others := without_those_of_engine(PipelineOptions(words), others):
        raise ConfigurationError(unknown("option", others[0], parser.names()))
    options = PipelineOptions(words)
    pin_runner(options)
    faults = Faults()
    for check in (check_local_workers, require_workers_python, require_job_server):
        with faults.collected():
            check(options)
    with faults.collected():
        _refuse_others(job, options)
    faults.check()
    return options


def is_check_only(options: PipelineOptions) -> bool:
    """Tells whether a job is only looked at, and not begun."""
    is_asked: bool = options.view_as(PlatformOptions).check_only
    return is_asked


def wants_json(options: PipelineOptions) -> bool:
    """Tells whether a job prints what it did as JSON, for programs."""
    is_asked: bool = options.view_as(OutputOptions).json
    return is_asked


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
    if is_check_only(options):
        raise ConfigurationError(
            f"run() does not look alone; `rally {job.name} --check_only` does"
        )
    return options


def _refuse_others(job: Job, options: PipelineOptions) -> None:
    """Refuses options that the runner at hand would not act on."""
    others = () if is_local(options) else job.local_only
    others += job.not_on_dataflow if is_dataflow(options) else ()
    refused = [each for each in given(job.options, options) if each.name in others]
    if refused:
        raise ManyFaults(
            f"--{each.name}: has no meaning on this runner; leave it out, or name"
            " another --runner"
            for each in refused
        )


def _of_beam() -> list[type[PipelineOptions]]:
    """Beam's classes, and those that a program around us has declared."""
    every = PipelineOptions.__subclasses__()
    return [each for each in every if not each.__module__.startswith("pipelines.")]


def _distinct(
    groups: Sequence[type[PipelineOptions]],
) -> list[type[PipelineOptions]]:
    """Each class once, as Beam itself takes them: the last of a name counts."""
    return list({str(group): group for group in groups}.values())


def read_days(options: PipelineOptions, names: Iterable[str]) -> dict[str, float]:
    """The values by name."""
    return {name: getattr(options, name) for name in names}


def platform_keys_uri(ours: PipelineOptions) -> str:
    """The folder of the platform's keys, of PlatformOptions.

    Raises:
        ConfigurationError: it is not named, and neither is the one above it.
    """
    if not (ours.platform_keys or ours.keys):
        raise ConfigurationError(NO_PLATFORM_KEYS)
    uri: str = ours.platform_keys or default_uri(ours.keys)
    return uri


def clock(text: str | None) -> str | None:
    """The value of `--as_of` as RFC 3339 in UTC. Raises ConfigurationError."""
    if text is None:
        return None
    try:
        return parse_time(text).isoformat()
    except InvalidTime:
        raise ConfigurationError(
            f"--as_of {text}: is no time {RANGE}; write 2026-01-31 or"
            " 2026-01-31T12:00:00Z"
        ) from None


def shared_settings(
    options: PipelineOptions, progress: str | None = None
) -> dict[str, Any]:
    """Makes the arguments that give the record of a job its shared settings.

    Args:
        options: Options of the job.
        progress: Folder in which workers tell how far they are.

    Raises:
        ConfigurationError: the platform's keys are not named, or a time is none.
    """
    ours = options.view_as(PlatformOptions)
    return Settings(
        store=ours.store,
        platform=ours.platform,
        studies=ours.studies,
        ping_keys=ours.keys,
        platform_keys=platform_keys_uri(ours),
        as_of=clock(ours.as_of),
        run=uuid.uuid4().hex,
        progress=progress,
    ).shared()


def ingest_settings(
    options: PipelineOptions, progress: str | None = None
) -> IngestSettings:
    """Makes the settings of ingest and replay; raises as `shared_settings` does."""
    own = options.view_as(IntakeOptions)
    return IngestSettings(
        **shared_settings(options, progress),
        country_attribute=own.country_attribute,
        reload_seconds=own.reload_seconds,
    )
