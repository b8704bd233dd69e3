"""Limits to what one run deletes without a person's confirmation.

A mistaken date, or an outdated registry, must not empty a study overnight. Each limit
is for one study and one reason. What is above it waits for a person. So forged rows
that exceed one limit cannot stop any other deletion.
"""

from collections.abc import Iterator
from typing import NamedTuple

from rally.retention.limits import Limits
from rally.retention.plan import GroupShare, PurgePlan, ReasonGroup
from rally.retention.plan_entry import Reason
from rally.retention.survey import SurveyResult

_FEW = 100
"""Number of objects or rows up to which no share is too large, for small studies."""


class Withheld(NamedTuple):
    """A group of deletions that waits for a confirmation.

    Attributes:
        group: Study and reason.
        id: Id that a person confirms: a hash of the group's entries in the plan.
        what: Description of the limit that it exceeds, which begins with the study.
        objects: Number of objects that wait.
    """

    group: ReasonGroup
    id: str
    what: str
    objects: int

    def __str__(self) -> str:
        """Returns one line, which says what to do."""
        return (
            f"{self.what}; these were not deleted. Look at the plan, and run it again"
            f" with --confirm {self.id} if they are right to go"
        )


def withhold(plan: PurgePlan, survey: SurveyResult, limits: Limits) -> list[Withheld]:
    """Finds the groups of a plan that exceed a limit, sorted.

    The data of a concluded study may exceed the share, since people decided on the
    conclusion, but not the number of objects.

    Args:
        plan: The plan.
        survey: Survey, with the size of each study and gaps of the event log.
        limits: The limits.
    """
    found = []
    for group, share in sorted(plan.shares.items()):
        if what := next(_above(group, share, survey, limits), ""):
            found.append(Withheld(group, share.id, what, share.objects))
    return found


def _above(
    group: ReasonGroup, share: GroupShare, survey: SurveyResult, limits: Limits
) -> Iterator[str]:
    study, reason = group
    named = f"{study or 'the platform'}: {reason}"
    if reason is Reason.UNENROLLED and (lost := survey.event_only.get(study)):
        documents = ", ".join(sorted(lost))
        yield (
            f"{named}: {sum(lost.values()):,} rows of {documents} say that somebody"
            " joined, and have no event: the event log has lost some, so that nobody"
            " knows who never enrolled; restore events/ first"
        )
    if share.objects > limits.max_objects:
        yield f"{named}: {share.objects:,} objects go, more than --max_objects allows"
    if reason not in (Reason.EXPIRED, Reason.UNENROLLED):
        return
    if _is_above(share.objects, survey.objects[study], limits.max_share):
        yield f"{named}: more of its objects go than --max_share allows"
    rows = share.rows if reason is Reason.UNENROLLED else 0
    if _is_above(rows, survey.rows[study], limits.max_share):
        yield (
            f"{named}: more of its rows have no enrolment than --max_share allows; are"
            " they of strangers, or is its event log, or its pseudonym key, lost?"
        )


def _is_above(going: int, there: int, share: float) -> bool:
    return going > _FEW and going > there * share
