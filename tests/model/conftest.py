"""A registry for each day on which the garden may end."""

import pytest
import tink
from tink import mac as tink_mac

from tests.model.studies import load_studies


@pytest.fixture(scope="session")
def registries(tmp_path_factory):
    """The garden ends on the fifth day, or late: its dates can be moved."""
    ends = {5: "2026-05-14", 200: "2026-11-25"}
    return {
        day: load_studies(tmp_path_factory.mktemp(f"studies-{day}"), end)
        for day, end in ends.items()
    }


@pytest.fixture(scope="session")
def mac():
    """Computes and verifies tags."""
    tink_mac.register()
    template = tink_mac.mac_key_templates.HMAC_SHA256_128BITTAG
    return tink.new_keyset_handle(template).primitive(tink_mac.Mac)
