"""The registry of the tests, loaded once."""

import pytest

from rally.registry.registry import Registry
from tests.rally.releases.birds import write_birds


@pytest.fixture(scope="session")
def birds(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """A registry with rally-birds, in which no recipe stands."""
    return Registry.load(write_birds(tmp_path_factory.mktemp("birds") / "studies"))
