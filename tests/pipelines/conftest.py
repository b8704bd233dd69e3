"""The platform that the jobs here run on."""

import pytest

from tests.support.world import World


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """Keys and studies; tests that change these make a world of their own."""
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture
def store(tmp_path):
    """Where a test stores."""
    return str(tmp_path / "store")
