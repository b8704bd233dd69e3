"""A deployment in memory for each test."""

import pytest

from rally.registry.registry import Registry
from tests.support.memory_deployment import MemoryDeployment
from tests.support.world import write_studies


@pytest.fixture(scope="session")
def registry(tmp_path_factory):
    """Two studies and the platform's namespace."""
    folder = tmp_path_factory.mktemp("studies")
    write_studies(folder)
    return Registry.load(str(folder))


@pytest.fixture
def deployment(registry):
    """A deployment whose bucket keeps no old copies."""
    return MemoryDeployment(registry)
