"""A platform's store and its MAC key."""

import pytest
import tink
from tink import mac as tink_mac

from tests.fakes.memory_store import MemoryStore


@pytest.fixture(scope="session")
def mac():
    """Computes and verifies tags."""
    tink_mac.register()
    template = tink_mac.mac_key_templates.HMAC_SHA256_128BITTAG
    return tink.new_keyset_handle(template).primitive(tink_mac.Mac)


@pytest.fixture
def platform():
    """The platform's store, empty."""
    return MemoryStore()
