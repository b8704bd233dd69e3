"""Types in words, with examples."""

import json

import pytest

from rally.inventory.forms import make_example, say_type, show_example
from rally.registry.collected_fields import CollectedField
from tests.rally.inventory.samples import whole

FIELD = CollectedField("/a", "A text", "string", False, 1, "A test")


@pytest.mark.parametrize(
    ("type", "words", "example"),
    [
        ("string", "text", "words"),
        ("long", "whole number", 42),
        ("boolean", "yes or no", True),
        ("double", "number", 0.5),
        ("array of string", "list of text", ["words"]),
        ("map of long", "whole number, by name", {"name": 42}),
        ("map of array of double", "list of number, by name", {"name": [0.5]}),
        ("long or string", "whole number or text", 42),
        ("int or long", "whole number", 42),
        ("rally.level", "one of a fixed list, or a value of a fixed form", None),
    ],
)
def test_type_has_words_and_an_example(type, words, example):
    assert say_type(type) == words
    assert make_example(FIELD._replace(type=type)) == example


def test_example_of_an_id_is_for_machines_alone():
    field = FIELD._replace(identifier=True)
    assert make_example(field) == "00000000-0000-4000-8000-000000000000"
    assert make_example(field._replace(type="long")) == 42
    assert show_example(field) is None


def test_every_shipped_field_has_an_example_of_json():
    for study in whole().studies:
        for document in study.documents:
            for field in document.fields:
                shown = show_example(field)
                assert field.identifier or json.loads(shown) == make_example(field)
