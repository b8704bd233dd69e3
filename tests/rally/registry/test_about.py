"""What a study says of itself."""

import pytest

from rally.registry.about import About
from tests.rally.registry.test_registry import STUDY

GOAL = {"goal": "Which birds people see"}
ALL = {name: f"words of {name}" for name in About.__slots__} | {
    "page": "https://example.org/birds"
}


def test_study_need_not_say_anything(folder):
    assert folder.load().studies["rally-x"].about is None


@pytest.mark.parametrize("entry", [GOAL, ALL], ids=["goal", "all"])
def test_entry_becomes_a_record(folder, entry):
    folder.set("about", entry)
    assert folder.load().studies["rally-x"].about == About(**entry)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"goal": "TODO say it"}, "about.goal: is still open; write it"),
        (GOAL | {"risks": "TODO"}, "about.risks: is still open; write it"),
        ({}, "about.goal: is missing"),
        ("birds", "about: must be"),
        (GOAL | {"page": "http://example.org"}, "about.page: must be an address such"),
        (GOAL | {"page": "javascript:alert(1)"}, "about.page: must be an address such"),
        (GOAL | {"contact": ""}, "about.contact: must be text"),
        (GOAL | {"contact": "a\u202eb"}, "about.contact: must be one line of"),
        (GOAL | {"goals": "more"}, "about.goals: is not known; remove it"),
    ],
)
def test_wrong_entry_is_one_line(folder, entry, reason):
    folder.set("about", entry)
    assert folder.error().startswith(f"{STUDY}: {reason}")
