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


@pytest.fixture(scope="session")
def make_deployment(registry):
    """Makes a deployment; its arguments are those of the bucket of rows."""
    return lambda **bucket: MemoryDeployment(registry, **bucket)


@pytest.fixture
def deployment(make_deployment):
    """A deployment whose bucket keeps no old copies."""
    return make_deployment()
