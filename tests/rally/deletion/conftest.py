"""A platform in memory for each test."""

import pytest

from rally.registry.registry import Registry
from tests.pipelines.world import write_studies
from tests.rally.deletion.place import Place


@pytest.fixture(scope="session")
def registry(tmp_path_factory):
    """Two studies and the platform's namespace."""
    folder = tmp_path_factory.mktemp("studies")
    write_studies(folder)
    return Registry.load(str(folder))


@pytest.fixture(scope="session")
def make_place(registry):
    """Makes a platform; its arguments are those of the bucket of rows."""
    return lambda **bucket: Place(registry, **bucket)


@pytest.fixture
def place(make_place):
    """A platform whose bucket keeps nothing old."""
    return make_place()
