"""A platform in memory for each test."""

import pytest
import tink
from tink import mac as tink_mac

from rally.studies.registry import Registry
from tests.pipelines.world import write_studies
from tests.rally.deleting.place import Place


@pytest.fixture(scope="session")
def mac():
    """Computes and verifies tags."""
    tink_mac.register()
    template = tink_mac.mac_key_templates.HMAC_SHA256_128BITTAG
    return tink.new_keyset_handle(template).primitive(tink_mac.Mac)


@pytest.fixture(scope="session")
def registry(tmp_path_factory):
    """Two studies and the platform's namespace."""
    folder = tmp_path_factory.mktemp("studies")
    write_studies(folder)
    return Registry.load(str(folder))


@pytest.fixture(scope="session")
def make_place(registry, mac):
    """Makes a platform; its arguments are those of the bucket of rows."""
    return lambda **bucket: Place(registry, mac, **bucket)


@pytest.fixture
def place(make_place):
    """A platform whose bucket keeps nothing old."""
    return make_place()
