"""A deployment in memory for each test."""

import pytest

from rally.registry.registry import Registry
from tests.rally.person_copy.garden import ANN, BEN
from tests.support.memory_deployment import MemoryDeployment, Row
from tests.support.world import GARDEN, write_studies


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


@pytest.fixture
def garden(deployment):
    """Ann and Ben have a row each, and Ann asks for her copy."""
    deployment.join(ANN, GARDEN, 2)
    deployment.put(deployment.indexed_file([Row(ANN, 1), Row(BEN, 2)]))
    return deployment
