"""The platform that the transforms here run on."""

import pytest

from tests.support.world import World


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Keys and studies."""
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture
def store(tmp_path):
    """Where a test stores."""
    return str(tmp_path / "store")
