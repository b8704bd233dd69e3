"""Surveys the copies of people, each of which is destroyed when it is due."""

from collections.abc import Iterator

from rally.access.cases import read_cases
from rally.access.due_copies import find_due, list_archives
from rally.retention.context import Context
from rally.retention.plan_entry import (
    PLATFORM,
    Phase,
    PlanEntry,
    Reason,
    whole_entry,
)
from rally.withdrawal.list_object import read_list

_COPY = "(copies of people)"


def survey_person_copies(context: Context) -> Iterator[PlanEntry]:
    """Yields entries for copies that have to be destroyed.

    Who made them records that they are gone when they run again: a purge signs nothing.

    Args:
        context: Context of the purge.

    Raises:
        ConfigurationError: The withdrawal list is not as deletion published it.
        OSError: The platform cannot be read.
    """
    if not list_archives(context.platform):
        return
    published = read_list(context.platform)
    cases = read_cases(published.decisions, context.platform, context.now)
    withdrawals = published.list.withdrawals
    for due in find_due(context.platform, cases, withdrawals, context.now):
        if due.archive is not None:
            labels = ("", _COPY, "")
            yield whole_entry(
                Phase.REST, PLATFORM, labels, due.archive.info, Reason.COPY
            )
