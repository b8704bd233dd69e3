"""Options of replay: which dead letters."""

import argparse

from apache_beam.options.pipeline_options import PipelineOptions

from rally.outcomes import FailureReason


class ReplayOptions(PipelineOptions):
    """Which dead letters are replayed."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--reason",
            choices=tuple(map(str, FailureReason)),
            metavar="REASON",
            help="replay only what failed for this reason (default: all): "
            + ", ".join(FailureReason),
        )


def replay_reason(options: PipelineOptions) -> FailureReason | None:
    """The reason that is replayed; None is all of them."""
    text = options.view_as(ReplayOptions).reason
    return FailureReason(text) if text else None
