"""A store in a folder of this machine, and the folder."""

import pytest

from rally.storage.objectstore.local import LocalStore


@pytest.fixture
def store(tmp_path):
    return LocalStore(str(tmp_path / "root"))


@pytest.fixture
def root(tmp_path):
    return tmp_path / "root"
