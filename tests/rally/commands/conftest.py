"""What tests of commands share."""

import pytest

from rally.keys.platform_administration import ensure_platform_keys
from tests.rally.commands.case_office import CaseOffice
from tests.rally.commands.copy_counter import Counter
from tests.rally.commands.office import Office
from tests.support.world import World


@pytest.fixture(scope="session")
def office_keys(tmp_path_factory):
    """A folder of platform keys; to make them takes a while."""
    uri = str(tmp_path_factory.mktemp("keys") / "platform")
    ensure_platform_keys(uri, [])
    return uri


@pytest.fixture
def office(tmp_path, office_keys, monkeypatch, capsys):
    """A platform where nothing has happened yet."""
    return Office(tmp_path, office_keys, monkeypatch, capsys)


@pytest.fixture
def case_office(tmp_path, office_keys, monkeypatch, capsys):
    """A platform to which people come who want a copy."""
    return CaseOffice(tmp_path, office_keys, monkeypatch, capsys)


@pytest.fixture(scope="session")
def copy_world(tmp_path_factory):
    """Keys and studies of those who are handed their copy."""
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture
def counter(copy_world, tmp_path, monkeypatch, capsys):
    """A counter at which people are handed their copy."""
    return Counter(copy_world, str(tmp_path / "store"), monkeypatch, capsys)
