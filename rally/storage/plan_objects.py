"""Names of a plan's objects: what a run is to delete, and how far it came.

plans/<id>/plan.json       what deletion is to delete
plans/<id>/begun.json      a run applies it
plans/<id>/applied.json    what became of each file
plans/<id>/done.json       receipts tell all of it
plans/<id>/purge.ndjson    what a purge is to delete, one entry a line

An id is 32 hexadecimal digits, a hash of what is planned.
"""

import re
from enum import StrEnum

FOLDER = "plans/"


class PlanObject(StrEnum):
    """An object of a plan, by its name in the plan's folder."""

    PLAN = "plan.json"
    BEGUN = "begun.json"
    APPLIED = "applied.json"
    DONE = "done.json"
    PURGE = "purge.ndjson"


_NAME = re.compile(f"{FOLDER}([0-9a-f]{{32}})/({'|'.join(map(re.escape, PlanObject))})")


def name_plan_object(plan: str, which: PlanObject) -> str:
    """Returns the name of a plan's object.

    Args:
        plan: Id of the plan.
        which: Kind of the object.
    """
    return f"{FOLDER}{plan}/{which}"


def parse_plan_object(name: str) -> tuple[str, PlanObject] | None:
    """Returns the plan's id and the kind of an object; None if it is of no plan."""
    match = _NAME.fullmatch(name)
    return (match[1], PlanObject(match[2])) if match else None
