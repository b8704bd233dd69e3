"""Names of a plan's objects say which plan and what of it."""

import pytest

from rally.storage.plan_objects import PlanObject, name_plan_object, parse_plan_object
from rally.storage.records import is_record

PLAN = "0123456789abcdef" * 2


@pytest.mark.parametrize("which", PlanObject)
def test_name_is_parsed_as_it_was_made(which):
    name = name_plan_object(PLAN, which)
    assert name == f"plans/{PLAN}/{which.value}"
    assert parse_plan_object(name) == (PLAN, which)
    assert is_record(name)


@pytest.mark.parametrize(
    "name",
    [
        *(f"plans/{PLAN}", f"plans/{PLAN}/", f"plans/{PLAN}/other.json"),
        *(f"plans/{PLAN}/plan_json", f"plans/{PLAN}/plan.json\n"),
        *(f"plans/{PLAN[1:]}/plan.json", f"plans/{PLAN.upper()}/plan.json"),
        *(f"a/plans/{PLAN}/plan.json", f"plans/{PLAN}/a/plan.json"),
    ],
)
def test_other_names_are_of_no_plan(name):
    assert parse_plan_object(name) is None
    assert not is_record(name)
