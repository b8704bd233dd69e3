"""What tests of commands share."""

import pytest

from rally.keys.platform_administration import ensure_platform_keys
from tests.rally.commands.office import Office


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
