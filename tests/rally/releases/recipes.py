"""Recipes to begin with, as their files say them."""

from copy import deepcopy
from datetime import date
from typing import Any

import yaml

from rally.fields import Place
from rally.plain_yaml import read_yaml
from rally.releases.recipe import Recipe
from rally.releases.recipe_parsing import read_recipe

FILE = "rally-birds/releases/weekly.yaml"

WEEKLY: dict[str, Any] = {
    "question": "How does attention to news differ by region?",
    "author": "author",
    "purpose": "A table for the public report",
    "documents": ["visit.1"],
    "from": date(2026, 6, 1),
    "until": date(2026, 6, 28),
    "window_days": 7,
    "filters": [
        {"field": "browser", "one_of": ["firefox", "chrome"]},
        {"field": "page_minutes", "at_least": "0.5"},
    ],
    "group_by": [
        {"field": "region", "values": ["north", "south"]},
        {"demographic": "age", "values": ["band_19_24", "band_25_34"]},
        {"field": "pages", "bands": [0, 10, 100]},
    ],
    "measures": [
        "people",
        {"name": "visits", "count": "rows", "weight": 2},
        {"name": "minutes", "sum": "page_minutes", "minimum": 0, "maximum": 120,
         "digits": 1},
        {"name": "attention", "mean": "page_attention", "minimum": -5,
         "maximum": "7.5", "digits": 2},
        {"name": "lengths", "histogram": "page_length", "edges": [0, 1000, 5000]},
    ],
    "bounds": {"groups": 3, "rows_per_group": 20},
    "rho": "0.0175",
    "suppress_below": 20,
}  # fmt: skip


def recipe_content(**changes: Any) -> dict[str, Any]:
    """Gives a recipe as its file has it, with other entries; None removes one."""
    content = {**deepcopy(WEEKLY), **changes}
    return {name: each for name, each in content.items() if each is not None}


def parse_recipe(content: object, id: str = "weekly") -> Recipe:
    """Reads a recipe, as if its file had this content."""
    text = yaml.safe_dump(content, sort_keys=False)
    read = read_yaml(FILE, text.encode())
    assert not read.faults
    place = Place(FILE, lines=read.lines)
    return read_recipe(place, "rally-birds", id, read.value)


def make_recipe(**changes: Any) -> Recipe:
    """Makes a recipe with other entries than WEEKLY."""
    return parse_recipe(recipe_content(**changes))
