"""Fixtures: a platform in memory on which a week happened, one for each test."""

import pytest

from rally.registry.registry import Registry
from tests.rally.audit.audited_platform import AuditedPlatform
from tests.rally.audit.studies import write_registry
from tests.rally.releases.birds import write_birds


@pytest.fixture(scope="session")
def audited_folder(tmp_path_factory):
    """Makes the folder of keys and of researchers' tables, which the registry names."""
    return tmp_path_factory.mktemp("audited")


@pytest.fixture(scope="session")
def audited_registry(tmp_path_factory, audited_folder):
    """Three studies and the platform's namespace."""
    folder = tmp_path_factory.mktemp("studies")
    return write_registry(folder, audited_folder / "derived")


@pytest.fixture(scope="session")
def make_deployment(audited_registry, audited_folder):
    """Makes an empty platform; its arguments are those of the bucket of rows."""
    derived = audited_folder / "derived"
    return lambda **bucket: AuditedPlatform(
        audited_registry, audited_folder, derived, **bucket
    )


@pytest.fixture(scope="session")
def week_old(make_deployment):
    """Makes the platform that every test's own is a copy of."""
    deployment = make_deployment()
    deployment.live_a_week()
    return deployment


@pytest.fixture(scope="session")
def birds(tmp_path_factory):
    """A registry with a study that releases something."""
    return Registry.load(write_birds(tmp_path_factory.mktemp("birds") / "studies"))


@pytest.fixture
def deployment(make_deployment, week_old, birds):
    """Makes a platform on which everything happened that may, in a week."""
    made = make_deployment().copy_from(week_old)
    made.birds = birds
    return made
