"""Dealing out: a file takes as much memory as the scale plan says."""

import pytest

from benchmarks import dealing
from rally.scaling import measured


def test_file_takes_what_the_plan_says():
    assert dealing.bytes_of_one(5_000, 30_000) == pytest.approx(
        measured.FILE_MEMORY, rel=0.5
    )
