"""Keys, and an opener that has them."""

import pytest

from rally.decryption.opener import Opener
from rally.keys import administration, jwk
from rally.keys.folder import KeyFolder
from rally.keys.jwk import EcPrivateKey
from rally.keys.kek_assignment import assign_kek
from rally.keys.ping_keys import PingKeys


@pytest.fixture(scope="session")
def key() -> EcPrivateKey:
    """A Glean key of the namespace `glean`."""
    return jwk.generate()


@pytest.fixture(scope="session")
def other_key() -> EcPrivateKey:
    """A key that opens nothing here."""
    return jwk.generate()


@pytest.fixture(scope="session")
def pioneer_key() -> EcPrivateKey:
    """Pioneer's key `core`, imported for the namespaces `pioneer-core` and `glean`."""
    made = jwk.generate()
    return EcPrivateKey(made.key, made.thumbprint, "core")


@pytest.fixture(scope="session")
def folder(tmp_path_factory, key, pioneer_key) -> KeyFolder:
    """Tink keysets for `hpke`, `hpke-two` and `ecies`; JWKs for the others."""
    opened = KeyFolder(str(tmp_path_factory.mktemp("keys")))
    assign_kek(opened, "namespaces", "any")
    for namespace, template in [
        ("hpke", "hpke"),
        ("hpke-two", "hpke"),
        ("ecies", "ecies"),
        ("xwing", "xwing"),
    ]:
        administration.create(opened, namespace, template)
    administration.import_jwk(opened, "glean", key)
    administration.import_jwk(opened, "glean", pioneer_key)
    administration.import_jwk(opened, "pioneer-core", pioneer_key)
    return opened


@pytest.fixture(scope="session")
def opener(folder) -> Opener:
    return Opener(PingKeys.load(folder.uri))
