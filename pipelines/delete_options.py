"""Options of deletion: what is held for a decision, and when a request closes."""

from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.delete import DELETE
from pipelines.options import (
    pipeline_options,
    shared_settings,
)
from rally.deletion.settings import DeletionSettings
from rally.withdrawal.rules import Rules

DeleteOptions = pipeline_options("DeleteOptions", DELETE)


def deletion_settings(options: PipelineOptions) -> DeletionSettings:
    """The settings that workers get.

    Raises:
        ConfigurationError: a required option is missing, or a value is none.
    """
    own = options.view_as(DeleteOptions)
    return DeletionSettings(
        **shared_settings(options),
        rules=Rules(
            own.hold_above_people,
            own.hold_above_share,
            own.hold_window_hours,
            own.unresolved_days,
            own.unmatched_days,
            own.hold_days,
        ),
        rewrite_after_days=own.rewrite_after_days,
        longest_delay_days=own.longest_delay_days,
        rebuild_list=own.rebuild_list,
    )
