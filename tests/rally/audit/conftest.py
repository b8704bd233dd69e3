"""A platform in memory that was lived in, for each test one of its own."""

import pytest

from tests.rally.audit.place import Audited
from tests.rally.audit.studies import write_registry


@pytest.fixture(scope="session")
def audited_folder(tmp_path_factory):
    """Of researchers' tables, which the registry names, and keys."""
    return tmp_path_factory.mktemp("audited")


@pytest.fixture(scope="session")
def audited_registry(tmp_path_factory, audited_folder):
    """Three studies and the platform's namespace."""
    folder = tmp_path_factory.mktemp("studies")
    return write_registry(folder, audited_folder / "derived")


@pytest.fixture(scope="session")
def make_audited(audited_registry, audited_folder):
    """Makes an empty platform; its arguments are those of the bucket of rows."""
    derived = audited_folder / "derived"
    return lambda **bucket: Audited(audited_registry, audited_folder, derived, **bucket)


@pytest.fixture(scope="session")
def lived_in(make_audited):
    """What every test's platform begins as."""
    place = make_audited()
    place.live()
    return place


@pytest.fixture
def place(make_audited, lived_in):
    """A platform on which everything happened that may, a week long."""
    return make_audited().like(lived_in)
