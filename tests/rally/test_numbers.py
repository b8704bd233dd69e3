"""Numbers of options: plain digits within their bounds, and nothing else."""

import argparse
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rally.numbers import real, whole

NO_NUMBERS = [
    *("", " ", "nan", "NaN", "-nan", "inf", "-inf", "Infinity", "1e400", "-1e400"),
    *("1_000", "0x10", "1,5", "1.5.5", "1e", "e1", ".", "-", "٣", "\uff11", "½"),
    *("1 ", " 1", "1\n", "true", "1j", "\udcff", "9" * 400, "0." + "9" * 400, "1e9999"),
]  # fmt: skip


@pytest.mark.parametrize("read", [whole(-(10**17), 10**17), real(-1e17, 1e17)])
@pytest.mark.parametrize("text", NO_NUMBERS, ids=ascii)
def test_what_is_no_number_is_refused(read, text):
    with pytest.raises(argparse.ArgumentTypeError):
        read(text)


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (whole(1, 65_535), "0", "must be a whole number from 1 to 65,535"),
        (whole(1, 65_535), "65536", "must be a whole number from 1 to 65,535"),
        (whole(1, 65_535), "1.0", "must be a whole number from 1 to 65,535"),
        (real(0, 1), "1.0000001", "must be a number from 0 to 1"),
        (real(0, 1), "-1e-9", "must be a number from 0 to 1"),
        (real(0, 1, above=True), "0", "must be a number above 0 and at most 1"),
        (real(0, 1, above=True), "-0.0", "must be a number above 0 and at most 1"),
        (real(0, 1, above=True), "1e-999", "must be a number above 0 and at most 1"),
    ],
)
def test_what_is_out_of_bounds_is_told_them(read, text, message):
    with pytest.raises(argparse.ArgumentTypeError) as caught:
        read(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0.0),
        ("1", 1.0),
        ("+1", 1.0),
        ("0.25", 0.25),
        ("1.", 1.0),
        (".5", 0.5),
        ("5e-1", 0.5),
    ],
)
def test_number_within_bounds_is_read(text, number):
    found = real(0, 1)(text)
    assert (found, type(found)) == (number, float)


@given(st.integers(-(10**17), 10**17))
def test_whole_number_is_read_as_it_is_written(number):
    assert whole(-(10**17), 10**17)(str(number)) == number


@given(st.text() | st.from_regex(r"\A[0-9.eE+-]{1,12}\Z"))
@example("1e308")
def test_any_text_is_a_number_within_bounds_or_refused(text):
    for read, kind in ((whole(0, 100), int), (real(0, 100), float)):
        try:
            number = read(text)
        except argparse.ArgumentTypeError:
            continue
        assert type(number) is kind
        assert math.isfinite(number)
        assert 0 <= number <= 100
