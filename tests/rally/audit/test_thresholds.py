"""No count of rows or people below the threshold is told, nor can be worked out."""

from collections import defaultdict
from itertools import product

import pytest

from rally.audit.findings import Unit
from rally.audit.limits import THRESHOLD
from rally.audit.report.disclosure import (
    Disclosed,
    disclose_count,
    in_short,
    in_words,
    total,
    unit_of,
)


@pytest.mark.parametrize(
    ("number", "words", "short"),
    [
        (0, "0", "0"),
        (1, "fewer than 10", "<10"),
        (9, "fewer than 10", "<10"),
        (10, "at least 10", "10+"),
        (1234, "at least 1,230", "1,230+"),
    ],
)
@pytest.mark.parametrize("unit", [Unit.ROWS, Unit.PEOPLE])
def test_count_is_told_in_tens(unit, number, words, short):
    told = disclose_count(number, unit, THRESHOLD)
    assert (in_words(told), in_short(told)) == (words, short)


@pytest.mark.parametrize("unit", [Unit.OBJECTS, Unit.STUDIES])
@pytest.mark.parametrize("number", [0, 1, 9, 1234])
def test_objects_and_studies_are_told_exactly(unit, number):
    assert disclose_count(number, unit, THRESHOLD) == Disclosed(number)


@pytest.mark.parametrize("number", [0, 1, 9, 1234])
def test_threshold_of_one_tells_all(number):
    assert disclose_count(number, Unit.ROWS, 1) == Disclosed(number)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((), "0"),
        ((0, 0), "0"),
        ((0, 7), "fewer than 10"),
        ((5, 7), "fewer than 20"),
        ((19, 7), "at least 10"),
        ((19, 15, 0), "at least 20"),
    ],
)
def test_sum_is_of_what_is_told(numbers, words):
    told = (disclose_count(each, Unit.ROWS, THRESHOLD) for each in numbers)
    assert in_words(total(told)) == words


@pytest.mark.parametrize("threshold", [5, THRESHOLD])
def test_small_part_cannot_be_worked_out_from_a_sum(threshold):
    """Of all parts that are told alike beside their sum, no small one is always one.

    A sum and its parts are, for one: a group's people and its ages; a day's rows and
    those of its documents, which expire on days of their own.
    """
    numbers = range(threshold * 3)
    alike = defaultdict(list)
    for parts in product(numbers, repeat=3):
        told = (
            disclose_count(each, Unit.ROWS, threshold) for each in (sum(parts), *parts)
        )
        alike[tuple(told)].append(parts)
    small = [
        {parts[at] for parts in possible}
        for (_, *told), possible in alike.items()
        for at in range(3)
        if told[at].is_hidden
    ]
    assert small
    assert min(map(len, small)) > 1


@pytest.mark.parametrize(
    ("told", "unit", "word"),
    [
        (Disclosed(1), Unit.ROWS, "row"),
        (Disclosed(1), Unit.PEOPLE, "person"),
        (Disclosed(1), Unit.STUDIES, "study"),
        (Disclosed(0), Unit.OBJECTS, "objects"),
        (Disclosed(0, 10), Unit.PEOPLE, "people"),
    ],
)
def test_unit_follows_its_count(told, unit, word):
    assert unit_of(told, unit) == word
