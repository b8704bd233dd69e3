"""A key folder under a local KEK, as the tests here start from."""

import pytest

from rally.keys import administration
from rally.keys.folder import KeyFolder
from rally.keys.kek_assignment import assign_kek


@pytest.fixture
def folder(tmp_path):
    """An opened folder that has a KEK and no key."""
    opened = KeyFolder(str(tmp_path / "keys"))
    assign_kek(opened, "namespaces", "any")
    return opened


@pytest.fixture
def two_namespaces(folder):
    """Two namespaces, each with a Tink keyset and a Glean JWK."""
    for namespace in ("rally-one", "rally-two"):
        administration.create(folder, namespace, "hpke")
        administration.create(folder, namespace, "jwk")
    return folder
