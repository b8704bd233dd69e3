"""Options of the audit: how much is read, by which limits, and where it is told."""

import argparse
from datetime import UTC, datetime

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
from rally.audit.limits import THRESHOLD, Limits
from rally.audit.settings import AuditSettings
from rally.errors import ConfigurationError

STANDARD_OUTPUT = "-"

_LIMITS = Limits()
_DAYS = {
    "deadline_days": "a request has from when it was received until its rows are gone",
    "grace_days": "an enrolment may come so long after a row of the person",
    "dead_letter_days": "dead letters may stay so long, but those that are withdrawals",
    "announced_days": "participants are told of an end so long before it",
    "purge_days": "the jobs that run daily have so long to purge a concluded study",
}


class AuditOptions(PipelineOptions):
    """What is read, and where the report goes."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--sample",
            type=numbers.real(0, 1, above=True),
            default=1.0,
            metavar="SHARE",
            help="read only this share of the files of rows, other ones each day;"
            " everything else is looked at as a whole (default: all)",
        )
        add_flag(
            parser,
            "--test_ids",
            "look for Rally ids and network addresses that stand on standard"
            " input, one a line; those of everybody in the event log are always"
            " looked for",
        )
        parser.add_argument(
            "--json",
            metavar="FILE",
            help="write the report as JSON; - is standard output, in place of the"
            " table",
        )
        parser.add_argument(
            "--html", metavar="FILE", help="write the report as one page of HTML"
        )
        parser.add_argument(
            "--threshold",
            type=numbers.whole(1, 10**9),
            default=THRESHOLD,
            metavar="N",
            help="tell no number of rows or people below this one (default:"
            " %(default)s)",
        )
        add_days(parser, _DAYS, _LIMITS)


def audit_settings(
    options: PipelineOptions, progress: str | None = None
) -> AuditSettings:
    """The settings that workers get, with a clock that stands still.

    Args:
        options: of the job.
        progress: folder in which workers tell how far they are.

    Raises:
        ConfigurationError: a required option is missing, or a value is none.
    """
    ours, own = options.view_as(PlatformOptions), options.view_as(AuditOptions)
    if own.html == STANDARD_OUTPUT:
        raise ConfigurationError("--html: name a file; only --json may be -")
    return AuditSettings(
        store=ours.store,
        platform_keys=platform_keys_uri(ours),
        platform=ours.platform,
        studies=ours.studies,
        key_folder=ours.keys,
        as_of=clock(ours.as_of) or datetime.now(UTC).isoformat(),
        share=own.sample,
        limits=Limits(**read_days(own, _DAYS)),
        progress=progress,
    )
