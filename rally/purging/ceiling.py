"""How much one run may delete without a person's confirmation.

A mistaken date, or a registry of yesterday, must not empty a study overnight.
"""

from collections.abc import Collection, Iterator, Mapping

from rally.purging.line import Why
from rally.purging.notes import Notes
from rally.purging.plan import Key, Plan, Tally
from rally.purging.settings import Limits

_FEW = 100
"""A share counts only where more go: a small study is not refused by it."""


def over(plan: Plan, notes: Notes, limits: Limits) -> str:
    """Which limit a plan is above, and how to go on; "" where none.

    What goes with a conclusion counts for the number alone: that was a decision.

    Args:
        plan: with its sums.
        notes: how much there is of each study.
        limits: the ceiling.
    """
    found = next(_above(plan, notes, limits), "")
    if not found:
        return ""
    return (
        f"{found}; nothing was deleted. Look at the plan, and run it again with"
        f" --confirm {plan.id} if it is right"
    )


def _above(plan: Plan, notes: Notes, limits: Limits) -> Iterator[str]:
    if plan.objects > limits.max_objects:
        yield f"{plan.objects:,} objects go, more than --max_objects allows"
    objects = _sums(plan.tallies, [Why.EXPIRED, Why.UNENROLLED])
    rows = _sums(plan.tallies, [Why.UNENROLLED])
    for study in sorted(objects):
        if _is_above(objects[study][0], notes.objects[study], limits.max_share):
            yield f"{study}: loses more of its objects than --max_share allows"
        if _is_above(rows.get(study, (0, 0))[1], notes.rows[study], limits.max_share):
            yield (
                f"{study}: more of its rows have no enrolment than --max_share allows;"
                " is its event log, or its pseudonym key, lost?"
            )


def _is_above(going: int, there: int, share: float) -> bool:
    return going > _FEW and going > there * share


def _sums(
    tallies: Mapping[Key, Tally], whys: Collection[Why]
) -> dict[str, tuple[int, int]]:
    """Objects and rows by study."""
    sums: dict[str, tuple[int, int]] = {}
    for (study, _, why), tally in tallies.items():
        if why in whys:
            objects, rows = sums.get(study, (0, 0))
            sums[study] = objects + tally.objects, rows + tally.rows
    return sums
