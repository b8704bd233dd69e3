"""A deployment in memory for each test."""

import itertools

import pytest

from tests.rally.deletion.conftest import registry
from tests.support.purge_deployment import PurgeDeployment

__all__ = ["registry"]


@pytest.fixture
def make_deployment(registry, tmp_path):
    """Makes a deployment; its arguments are those of the bucket of rows."""
    numbers = itertools.count()
    return lambda **bucket: PurgeDeployment(
        registry, tmp_path / str(next(numbers)), **bucket
    )


@pytest.fixture
def deployment(make_deployment):
    """A deployment whose bucket keeps no old copies."""
    return make_deployment()
