"""Options that are numbers of days: added and read in one way by all jobs."""

import argparse
from collections.abc import Iterable, Mapping

from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.options import add_shared
from rally.errors import ConfigurationError

_MOST_DAYS = 36_500  # 100 years; more overflows dates


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
            type=float,
            default=getattr(defaults, name),
            metavar="DAYS",
            help=f"{text} (default: %(default)s)",
        )


def read_days(options: PipelineOptions, names: Iterable[str]) -> dict[str, float]:
    """The values by name. Raises ConfigurationError where one is out of range."""
    days = {name: getattr(options, name) for name in names}
    for name, value in days.items():
        if not 0 <= value <= _MOST_DAYS:  # which no NaN is
            raise ConfigurationError(f"--{name} must be from 0 to {_MOST_DAYS}")
    return days
