"""How much one run may delete without a person's confirmation.

A mistaken date, or a registry of yesterday, must not empty a study overnight. The
limits are of one study and one reason: what is above them waits for a person, and
strangers who swell one sum cannot keep anything else from going.
"""

from collections.abc import Iterator
from typing import NamedTuple

from rally.retention.limits import Limits
from rally.retention.plan import Group, Plan, Share
from rally.retention.plan_entry import Reason
from rally.retention.survey import SurveyResult

_FEW = 100
"""A share counts only where more go: a small study is not refused by it."""


class Withheld(NamedTuple):
    """What waits for a confirmation.

    Attributes:
        group: study, and why it goes.
        id: which a person confirms: a hash of the group's lines in the plan.
        what: which limit it is above; a few words that begin with the study.
        objects: how many wait.
    """

    group: Group
    id: str
    what: str
    objects: int

    def __str__(self) -> str:
        """One line, which says how to go on."""
        return (
            f"{self.what}; these were not deleted. Look at the plan, and run it again"
            f" with --confirm {self.id} if they are right to go"
        )


def withhold(plan: Plan, notes: SurveyResult, limits: Limits) -> list[Withheld]:
    """The groups of a plan that are above a limit, sorted.

    What goes with a conclusion counts for the number alone: that was a decision.

    Args:
        plan: with its sums.
        notes: how much there is of each study, and what the event log lacks.
        limits: the ceiling.
    """
    found = []
    for group, share in sorted(plan.shares.items()):
        if what := next(_above(group, share, notes, limits), ""):
            found.append(Withheld(group, share.id, what, share.objects))
    return found


def _above(
    group: Group, share: Share, notes: SurveyResult, limits: Limits
) -> Iterator[str]:
    study, why = group
    named = f"{study or 'the platform'}: {why}"
    if why is Reason.UNENROLLED and (lost := notes.event_only.get(study)):
        documents = ", ".join(sorted(lost))
        yield (
            f"{named}: {sum(lost.values()):,} rows of {documents} say that somebody"
            " joined, and have no event: the event log has lost some, so that nobody"
            " knows who never enrolled; restore events/ first"
        )
    if share.objects > limits.max_objects:
        yield f"{named}: {share.objects:,} objects go, more than --max_objects allows"
    if why not in (Reason.EXPIRED, Reason.UNENROLLED):
        return
    if _is_above(share.objects, notes.objects[study], limits.max_share):
        yield f"{named}: more of its objects go than --max_share allows"
    rows = share.rows if why is Reason.UNENROLLED else 0
    if _is_above(rows, notes.rows[study], limits.max_share):
        yield (
            f"{named}: more of its rows have no enrolment than --max_share allows; are"
            " they of strangers, or is its event log, or its pseudonym key, lost?"
        )


def _is_above(going: int, there: int, share: float) -> bool:
    return going > _FEW and going > there * share
