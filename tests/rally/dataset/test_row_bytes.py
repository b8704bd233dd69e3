"""Numbers and texts of many rows are read as one at a time is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.dataset.row_bytes import RowBytes
from rally.errors import CorruptFile
from rally.validation.leaves import zig_zag

POWERS = [2**bits for bits in range(63)]
EDGES = [sign * power - by for power in POWERS for sign in (1, -1) for by in (0, 1)]
ENDS = (2**63 - 1, -(2**63))
longs = st.sampled_from([*EDGES, *ENDS]) | st.integers(ENDS[1], ENDS[0])


def positions(pieces):
    bounds = np.cumsum([0, *map(len, pieces)])
    return bounds[:-1], bounds[1:]


@given(st.lists(longs, min_size=1))
def test_longs_are_what_was_encoded(numbers):
    pieces = [zig_zag(each) for each in numbers]
    starts, ends = positions(pieces)
    data = RowBytes(pieces)

    values, after = data.longs(starts)

    assert values.tolist() == numbers
    assert after.tolist() == ends.tolist()
    assert data.after_longs(starts).tolist() == ends.tolist()


@pytest.mark.parametrize(
    "encoded", [b"\x80" * 9 + b"\2", b"\x80" * 10 + b"\0", b"\xff" * 20]
)
def test_number_of_more_than_64_bits_is_damage(encoded):
    with pytest.raises(CorruptFile):
        RowBytes([encoded]).longs(np.array([0]))


@given(st.lists(st.none() | st.binary(max_size=9), min_size=1))
def test_texts_are_copied_and_missing_ones_are_null(found):
    there = [each for each in found if each is not None]
    pieces = [zig_zag(len(each)) + each for each in there]
    starts, _ = positions(pieces)
    data = RowBytes(pieces)
    absent = np.array([each is None for each in found])

    start, end = data.extents(starts)

    assert data.texts(start, end, absent).to_pylist() == found
    assert data.texts(start, end, None).to_pylist() == there


@pytest.mark.parametrize("length", [1, 2**62, -1, -(2**63)])
def test_text_that_goes_on_behind_the_rows_is_damage(length):
    with pytest.raises(CorruptFile):
        RowBytes([zig_zag(length)]).extents(np.array([0]))


def test_reading_behind_the_rows_is_damage():
    data = RowBytes([b"abcd"])

    for read in (
        lambda at: data.numbers(at, "<f8"),
        lambda at: data.fixed(at, 5),
        lambda at: data.check(at, 5),
    ):
        with pytest.raises(CorruptFile):
            read(np.array([0]))
    assert data.fixed(np.array([0, 1]), 3).to_pylist() == [b"abc", b"bcd"]


def test_ranges_that_overlap_are_damage():
    data = RowBytes([b"abcd"])

    with pytest.raises(CorruptFile):
        data.texts(np.array([0, 1]), np.array([2, 3]), None)
