"""A platform in memory for each test."""

import itertools

import pytest

from tests.rally.deleting.conftest import mac, registry
from tests.rally.purging.place import PurgePlace

__all__ = ["mac", "registry"]


@pytest.fixture
def make_place(registry, mac, tmp_path):
    """Makes a platform; its arguments are those of the bucket of rows."""
    numbers = itertools.count()
    return lambda **bucket: PurgePlace(
        registry, mac, tmp_path / str(next(numbers)), **bucket
    )


@pytest.fixture
def place(make_place):
    """A platform whose bucket keeps nothing old."""
    return make_place()
