"""A platform in memory for each test."""

import itertools

import pytest

from tests.rally.deletion.conftest import registry
from tests.rally.retention.place import PurgePlace

__all__ = ["registry"]


@pytest.fixture
def make_place(registry, tmp_path):
    """Makes a platform; its arguments are those of the bucket of rows."""
    numbers = itertools.count()
    return lambda **bucket: PurgePlace(
        registry, tmp_path / str(next(numbers)), **bucket
    )


@pytest.fixture
def place(make_place):
    """A platform whose bucket keeps nothing old."""
    return make_place()
