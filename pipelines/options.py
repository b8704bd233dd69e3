"""Options of the jobs, declared once, beside Beam's own."""

import argparse
import math
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from apache_beam.options.pipeline_options import (
    PipelineOptions,
    StandardOptions,
    _BeamArgumentParser,
)

from pipelines.engine_options import without_those_of_engine
from pipelines.parser import Parser
from rally.errors import ConfigurationError
from rally.ingesting.setup import IngestSettings
from rally.keys.platform_keys import default_uri

LOCAL_RUNNER = "pipelines.local_runner.LocalRunner"
"""What DirectRunner means here.

Beam's DirectRunner picks another runner by what it finds on the machine and the
network; a job must not behave differently for that.
"""

_A_DAY = timedelta(days=1)
_LOCAL = ("local", "direct", "switchingdirect", "fnapi")
_DATAFLOW = {"dataflow": "DataflowRunner", "testdataflow": "TestDataflowRunner"}
"""Runners by their names in small letters, without the word "runner"."""


class PlatformOptions(PipelineOptions):
    """Where everything is; the same words in every job."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--store",
            metavar="URI",
            help="where rows are stored: a folder or gs://bucket/folder; {study} in it"
            " gives each study a place of its own",
        )
        parser.add_argument(
            "--platform",
            metavar="URI",
            help="where events, dead letters and the platform's records are (default:"
            " <store>/platform; required where the store has {study} in it)",
        )
        parser.add_argument(
            "--studies",
            metavar="DIR",
            help="the registry of studies, a folder or gs:// (default: the one that"
            " comes with the package)",
        )
        parser.add_argument(
            "--keys",
            metavar="URI",
            help="folder of the keys that open pings, local or gs://",
        )
        parser.add_argument(
            "--platform_keys",
            metavar="URI",
            help="folder of the platform's own keys (default: <keys>/platform, made on"
            " first use with a local key-encryption key if it is on this machine)",
        )
        parser.add_argument(
            "--as_of",
            metavar="TIME",
            help="the job's clock, RFC 3339 or a date (default: now)",
        )
        parser.add_argument(
            "--country_attribute",
            metavar="NAME",
            help="message attribute that holds the sender's country, if there is one",
        )
        parser.add_argument(
            "--reload_seconds",
            type=float,
            default=60.0,
            metavar="SECONDS",
            help="how old, at most, is what a running job knows of who has left and of"
            " which studies are paused (default: %(default)s)",
        )


def parse_options(
    program: str,
    description: str,
    argv: Sequence[str] | None,
    *own: type[PipelineOptions],
) -> PipelineOptions:
    """Parses a job's command line and refuses what neither we nor Beam know.

    Args:
        program: for `--help`.
        description: one sentence, for `--help`.
        argv: arguments without the program's name; None is the process's.
        own: the option classes that `--help` shows.

    Raises:
        ConfigurationError: an option is unknown, or its value does not fit.
    """
    _help_and_exit(program, description, argv, own)
    parser = _Parser(allow_abbrev=False, add_help=False)
    for group in _distinct(_ours_and_beams(own)):
        group._add_argparse_args(parser)
    _, unknown = parser.parse_known_args(argv)
    if unknown := without_those_of_engine(PipelineOptions(argv), unknown):
        raise ConfigurationError(
            f"{unknown[0].partition('=')[0]}: no such option; see --help"
        )
    options = PipelineOptions(argv)
    pin_runner(options)
    return options


def pin_runner(options: PipelineOptions) -> None:
    """Makes the local runner one certain runner, and gives Dataflow's its own name."""
    standard = options.view_as(StandardOptions)
    if is_local(options):
        standard.runner = LOCAL_RUNNER
    elif is_dataflow(options):
        standard.runner = _DATAFLOW[_runner(options)]


def is_local(options: PipelineOptions) -> bool:
    """Whether the job runs in the local runner."""
    return _runner(options) in _LOCAL


def is_dataflow(options: PipelineOptions) -> bool:
    """Whether the job runs on Dataflow."""
    return _runner(options) in _DATAFLOW


def _runner(options: PipelineOptions) -> str:
    """The runner's name; Beam takes it with or without package, "runner" and case."""
    given = options.view_as(StandardOptions).runner or "direct"
    return given.rpartition(".")[2].lower().removesuffix("runner")


def ingest_settings(options: PipelineOptions, **more: object) -> IngestSettings:
    """The settings that workers get.

    Raises:
        ConfigurationError: a required option is missing, or a time is none.
    """
    ours = options.view_as(PlatformOptions)
    require(ours, "store", "keys")
    if not 0 < ours.reload_seconds < math.inf:
        raise ConfigurationError("--reload_seconds must be a number above 0")
    values = {
        name: getattr(ours, name)
        for name in (
            "store",
            "keys",
            "platform",
            "platform_keys",
            "studies",
            "country_attribute",
            "reload_seconds",
        )
    }
    return IngestSettings(**values, as_of=clock(ours.as_of), **more)  # type: ignore[arg-type]


def add_shared(parser: argparse.ArgumentParser, name: str, **more: Any) -> None:
    """Adds an option that several jobs have under one name.

    Where one process runs several jobs, Beam asks all of them for their options at
    once; type and default are the same in each.

    Args:
        parser: is added to.
        name: with its hyphens.
        more: as for add_argument.
    """
    with suppress(argparse.ArgumentError):  # another job's is there
        parser.add_argument(name, **more)


def require(options: PipelineOptions, *names: str) -> None:
    """Raises ConfigurationError where one of the options has no value."""
    for name in names:
        if not getattr(options, name):
            raise ConfigurationError(f"--{name} is required; see --help")


def platform_keys_uri(ours: PipelineOptions) -> str:
    """The folder of the platform's keys, of PlatformOptions.

    Raises:
        ConfigurationError: it is not named, and neither is the one above it.
    """
    if not (ours.platform_keys or ours.keys):
        raise ConfigurationError("--platform_keys is required, or --keys; see --help")
    uri: str = ours.platform_keys or default_uri(ours.keys)
    return uri


def clock(text: str | None) -> str | None:
    """The value of `--as_of` as RFC 3339 in UTC. Raises ConfigurationError."""
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
        time = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
        _ = time + _A_DAY  # pings are compared with a little later than now
    except (ValueError, OverflowError):
        raise ConfigurationError(
            f"--as_of {text}: is no time; write 2026-01-31 or 2026-01-31T12:00:00Z"
        ) from None
    return time.isoformat()


def _help_and_exit(
    program: str,
    description: str,
    argv: Sequence[str] | None,
    own: tuple[type[PipelineOptions], ...],
) -> None:
    """Shows our options only; Beam's hundreds have their own documentation."""
    shown = _Parser(
        prog=program,
        description=description,
        epilog="Beam's own options (--runner, --direct_num_workers, --project, …) are"
        " taken too.",
        allow_abbrev=False,
    )
    for group in own:
        group._add_argparse_args(shown)
    asked = {"-h", "--help"}.intersection(argv if argv is not None else sys.argv[1:])
    if asked:
        shown.parse_args(["--help"])


def _ours_and_beams(
    own: tuple[type[PipelineOptions], ...],
) -> list[type[PipelineOptions]]:
    """Leaves out options of other jobs, which one process may have imported too."""
    others = "pipelines."
    return [
        group
        for group in PipelineOptions.__subclasses__()
        if group in own or not group.__module__.startswith(others)
    ]


def _distinct(
    groups: Sequence[type[PipelineOptions]],
) -> list[type[PipelineOptions]]:
    """Each class once, as Beam itself takes them: the last of a name counts."""
    return list({str(group): group for group in groups}.values())


class _Parser(Parser, _BeamArgumentParser):
    """Takes the values of options as Beam does."""
