"""Options of the purge: how long what is no row is kept, and how much may go."""

import argparse
import uuid

from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.options import (
    PlatformOptions,
    add_days,
    add_flag,
    clock,
    platform_keys_uri,
    read_days,
)
from rally import numbers
from rally.retention.limits import Limits
from rally.retention.settings import PurgeSettings

_LIMITS = Limits()
_DAYS = {
    "grace_days": "take rows out of people who never enrolled so long after the row"
    " was submitted",
    "dead_letter_days": "keep dead letters so long, but for withdrawals of a study",
    "unreadable_days": "keep a study's withdrawals so long that nobody could read; then"
    " they are settled, which the event log says for ever",
    "plan_days": "keep plans so long that are told in receipts, or were never begun",
    "temporary_days": "keep results of workers, and what killed runs left, so long",
    "archive_days": "keep what --archives names so long after it was written",
}


class PurgeOptions(PipelineOptions):
    """What goes when, and how much of it at once."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        add_flag(
            parser,
            "--plan_only",
            "make the plan, which is the very one that a run does, and stop there",
        )
        parser.add_argument(
            "--confirm",
            metavar="IDS",
            help="let go what is above the ceiling and has that id, or the whole plan"
            " of that id; commas part several",
        )
        parser.add_argument(
            "--max_objects",
            type=numbers.whole(0, 10**12),
            default=_LIMITS.max_objects,
            metavar="N",
            help="leave what goes of one study for one reason where it is more objects,"
            " until somebody confirms it (default: %(default)s)",
        )
        parser.add_argument(
            "--max_share",
            type=numbers.real(0, 1),
            default=_LIMITS.max_share,
            metavar="SHARE",
            help="likewise where more of a study's objects would go, or of its rows"
            " for want of an enrolment, and more than 100 (default: %(default)s)",
        )
        parser.add_argument(
            "--archives",
            metavar="GLOB",
            help="files that were ingested, local or gs://; commas part several globs",
        )
        add_days(parser, _DAYS, _LIMITS)


def purge_settings(
    options: PipelineOptions, progress: str | None = None
) -> PurgeSettings:
    """The settings that workers get.

    Args:
        options: of the job.
        progress: folder in which workers tell how far they are.

    Raises:
        ConfigurationError: a required option is missing, or a value is none.
    """
    ours, own = options.view_as(PlatformOptions), options.view_as(PurgeOptions)
    return PurgeSettings(
        store=ours.store,
        platform_keys=platform_keys_uri(ours),
        platform=ours.platform,
        studies=ours.studies,
        as_of=clock(ours.as_of),
        ping_keys=ours.keys,
        limits=Limits(
            **read_days(own, _DAYS),
            max_objects=own.max_objects,
            max_share=own.max_share,
        ),
        archives=own.archives,
        confirm=own.confirm,
        run=uuid.uuid4().hex,
        progress=progress,
    )
