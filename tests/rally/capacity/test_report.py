"""Numbers as a plan tells them."""

import pytest

from rally.capacity.report import number, size


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.004, "< 0.01"),
        (0.0123, "0.0123"),
        (1, "1"),
        (99.96, "100"),
        (999.6, "1,000"),
        (1234, "1,230"),
        (1235001, "1,240,000"),
    ],
)
def test_number_has_three_digits(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (1_234_567, "1.23 MB"),
        (10**22, "10,000 EB"),
    ],
)
def test_size_has_the_unit_that_suits(value, text):
    assert size(value) == text
