"""Options of deletion: what is held for a decision, and when a request closes."""

import argparse
import uuid

from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.options import (
    PlatformOptions,
    add_flag,
    clock,
    platform_keys_uri,
)
from rally import numbers
from rally.deletion.settings import DeletionSettings
from rally.withdrawal.rules import Rules

_RULES = Rules()


class DeleteOptions(PipelineOptions):
    """What is held, when a request closes, and whether anything is changed."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        add_flag(
            parser,
            "--plan_only",
            "admit requests and make the plan, which is the very one that a run"
            " applies, and stop there",
        )
        add_flag(
            parser,
            "--rebuild_list",
            "make a withdrawal list that is lost anew from the event log; requests"
            " get new ids, and their receipts are written again",
        )
        parser.add_argument(
            "--hold_above_people",
            type=numbers.whole(1, 10**9),
            default=_RULES.hold_above_people,
            metavar="N",
            help="hold requests for a decision where more people than this leave one"
            " study, or Rally, at once (default: %(default)s)",
        )
        parser.add_argument(
            "--hold_above_share",
            type=numbers.real(0, 1),
            default=_RULES.hold_above_share,
            metavar="SHARE",
            help="and more than this share of all who ever joined it (default:"
            " %(default)s)",
        )
        parser.add_argument(
            "--hold_window_hours",
            type=numbers.real(0, 24 * numbers.DAYS, above=True),
            default=_RULES.hold_window_hours,
            metavar="HOURS",
            help="at once: within so many hours (default: %(default)s)",
        )
        parser.add_argument(
            "--hold_days",
            type=numbers.real(0, numbers.DAYS, above=True),
            default=_RULES.hold_days,
            metavar="DAYS",
            help="wait so long for a decision on what is held, and let it count then"
            " (default: %(default)s)",
        )
        parser.add_argument(
            "--unresolved_days",
            type=numbers.real(0, numbers.DAYS, above=True),
            default=_RULES.unresolved_days,
            metavar="DAYS",
            help="close a request whose deletion id no enrolment explains after so"
            " long (default: %(default)s)",
        )
        parser.add_argument(
            "--unmatched_days",
            type=numbers.real(0, numbers.DAYS, above=True),
            default=_RULES.unmatched_days,
            metavar="DAYS",
            help="let a request of somebody who never enrolled leave the list after so"
            " long, once it is carried out (default: %(default)s)",
        )
        parser.add_argument(
            "--longest_delay_days",
            type=numbers.real(0, numbers.DAYS, above=True),
            default=38.0,
            metavar="DAYS",
            help="how long a ping may be on its way: retention of topic, subscription"
            " and snapshots, and of archives that are ingested again. A request closes"
            " after a sweep so long after it (default: %(default)s)",
        )


def deletion_settings(options: PipelineOptions) -> DeletionSettings:
    """The settings that workers get.

    Raises:
        ConfigurationError: a required option is missing, or a value is none.
    """
    ours, own = options.view_as(PlatformOptions), options.view_as(DeleteOptions)
    return DeletionSettings(
        store=ours.store,
        platform_keys=platform_keys_uri(ours),
        platform=ours.platform,
        studies=ours.studies,
        as_of=clock(ours.as_of),
        rules=Rules(
            own.hold_above_people,
            own.hold_above_share,
            own.hold_window_hours,
            own.unresolved_days,
            own.unmatched_days,
            own.hold_days,
        ),
        longest_delay_days=own.longest_delay_days,
        run=uuid.uuid4().hex,
        rebuild_list=own.rebuild_list,
    )
