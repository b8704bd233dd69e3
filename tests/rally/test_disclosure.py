"""Counts as they may be shown: in tens, and no small one."""

import pytest

from rally.disclosure import (
    NONE,
    THRESHOLD,
    Disclosed,
    in_json,
    in_short,
    in_words,
    round_count,
    total,
)


@pytest.mark.parametrize(
    ("number", "words", "short", "data"),
    [
        (0, "0", "0", 0),
        (1, "fewer than 10", "<10", "<10"),
        (9, "fewer than 10", "<10", "<10"),
        (10, "at least 10", "10+", 10),
        (1234, "at least 1,230", "1,230+", 1230),
    ],
)
def test_count_is_told_in_tens(number, words, short, data):
    count = round_count(number)
    assert (in_words(count), in_short(count), in_json(count)) == (words, short, data)


@pytest.mark.parametrize("number", [0, 1, 9, 1234])
def test_threshold_of_one_tells_all(number):
    assert round_count(number, 1) == Disclosed(number)
    assert round_count(0, THRESHOLD) == NONE


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
    assert in_words(total(round_count(each) for each in numbers)) == words
