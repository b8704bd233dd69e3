"""Options that are numbers of days, added in one way by all jobs."""

import argparse
from collections.abc import Iterable, Mapping

from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.options import add_shared
from rally import numbers


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
