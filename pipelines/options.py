"""Options of the jobs, declared once, beside Beam's own."""

import argparse
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.option_specs import FLAG
from rally import numbers
from rally.errors import ConfigurationError
from rally.ingestion.setup import IngestSettings
from rally.keys.platform_keys import default_uri
from rally.times import RANGE, InvalidTime, parse_time


def add_days(
    parser: argparse.ArgumentParser, texts: Mapping[str, str], defaults: object
) -> None:
    """Adds options by name; several jobs may have one of them.

    Args:
        parser: is added to.
        texts: what `--help` says of each.
        defaults: has an attribute of each name.
    """
    for name, text in texts.items():
        add_shared(
            parser,
            f"--{name}",
            type=numbers.real(0, numbers.DAYS),
            default=getattr(defaults, name),
            metavar="DAYS",
            help=f"{text} (default: %(default)s)",
        )


def read_days(options: PipelineOptions, names: Iterable[str]) -> dict[str, float]:
    """The values by name."""
    return {name: getattr(options, name) for name in names}


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
            help="folder of the platform's own keys (default: <keys>/platform)",
        )
        parser.add_argument(
            "--as_of",
            metavar="TIME",
            help="the job's clock, RFC 3339 or a date (default: now)",
        )


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


def add_flag(parser: argparse.ArgumentParser, name: str, text: str) -> None:
    """Adds an option that is there or not; several jobs may have one.

    Templates give every option a value, so `--name=true` is the same as `--name`.

    Args:
        parser: is added to.
        name: with its hyphens.
        text: for `--help`.
    """
    add_shared(
        parser,
        name,
        type=_truth,
        nargs="?",
        const=True,
        default=False,
        metavar=FLAG,
        help=text,
    )


def require(options: PipelineOptions, *names: str) -> None:
    """Raises ConfigurationError where one of the options has no value."""
    for name in names:
        if not getattr(options, name):
            raise ConfigurationError(f"--{name} is required; see --help")


def _truth(text: str) -> bool:
    if text not in FLAG.split("|"):
        raise argparse.ArgumentTypeError("must be true or false")
    return text == "true"


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
        return parse_time(text).isoformat()
    except InvalidTime:
        raise ConfigurationError(
            f"--as_of {text}: is no time {RANGE}; write 2026-01-31 or"
            " 2026-01-31T12:00:00Z"
        ) from None


class IntakeOptions(PipelineOptions):
    """How pings are taken in."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--country_attribute",
            metavar="NAME",
            help="message attribute that holds the sender's country, if there is one",
        )
        parser.add_argument(
            "--reload_seconds",
            type=numbers.real(0, numbers.SECONDS, above=True),
            default=60.0,
            metavar="SECONDS",
            help="how old, at most, is what a running job knows of who has left and of"
            " which studies are paused (default: %(default)s)",
        )


def ingest_settings(
    options: PipelineOptions, progress: str | None = None
) -> IngestSettings:
    """The settings that workers get.

    Args:
        options: of the job.
        progress: folder in which workers tell how far they are.

    Raises:
        ConfigurationError: a time is none.
    """
    ours, own = options.view_as(PlatformOptions), options.view_as(IntakeOptions)
    return IngestSettings(
        store=ours.store,
        keys=ours.keys,
        platform=ours.platform,
        platform_keys=ours.platform_keys,
        studies=ours.studies,
        country_attribute=own.country_attribute,
        reload_seconds=own.reload_seconds,
        as_of=clock(ours.as_of),
        progress=progress,
    )
