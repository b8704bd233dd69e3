"""Replay: dead letters through ingest again, after a key or a schema was mended."""

import pipelines.quiet  # noqa: F401 - before Beam, which speaks on import

# isort: split
import argparse
import sys
from collections import Counter
from collections.abc import Sequence

from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.options import PlatformOptions, ingest_settings, parse_options
from pipelines.running import (
    exit_status,
    finish,
    make_pipeline,
    read_counts,
    summary,
)
from rally.dead_letters import list_dead_letters
from rally.errors import ConfigurationError
from rally.ingesting.counts import Count
from rally.ingesting.preflight import check_before_start
from rally.outcomes import FailureReason
from transforms.replay_dead_letters import ReplayDeadLetters

DESCRIPTION = (
    "Feed dead letters through ingest again. What goes through, or is refused now, is"
    " removed; what fails again stays as it was."
)


class ReplayOptions(PipelineOptions):
    """Which dead letters are replayed."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--reason",
            metavar="REASON",
            help="replay only what failed for this reason (default: all): "
            + ", ".join(FailureReason),
        )


def run(argv: Sequence[str] | None = None) -> Counter[Count]:
    """Runs the job and returns what became of the dead letters.

    Raises:
        ConfigurationError: something is not as it must be; nothing was replayed.
    """
    options = parse_options(
        "rally replay", DESCRIPTION, argv, PlatformOptions, ReplayOptions
    )
    settings = ingest_settings(options)
    reason = _reason(options.view_as(ReplayOptions).reason)
    check_before_start(settings)
    objects = list(list_dead_letters(settings.stores().platform))
    pipeline = make_pipeline(options)
    _ = pipeline | "ReplayDeadLetters" >> ReplayDeadLetters(objects, settings, reason)
    return read_counts(finish(pipeline))


def main(argv: Sequence[str] | None = None) -> int:
    """The command: prints a summary and returns the exit status."""
    return exit_status(lambda: _report(run(argv)))


def _report(counts: Counter[Count]) -> int:
    print("\n".join(summary(counts)) if counts else "no dead letters")
    return 0


def _reason(text: str | None) -> FailureReason | None:
    if text is None:
        return None
    if text not in set(FailureReason):
        raise ConfigurationError(f"--reason {text}: no such reason; see --help")
    return FailureReason(text)


if __name__ == "__main__":
    sys.exit(main())
