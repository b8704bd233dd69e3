"""What shows that a platform is in use."""

import pytest

from rally.consent.records import CONSENT_LOG
from rally.events import EventKind, write_events
from rally.storage.occupancy import is_in_use
from tests.rally.consent.test_index import ANN, event
from tests.rally.consent.test_records import GIVEN
from tests.support.stores import mark_stores
from tests.support.world import GARDEN


def join(platform):
    write_events(platform, [event(EventKind.JOINED, ANN, 0)], "1")


def agree(platform):
    CONSENT_LOG.write(platform, [GIVEN], "1")


@pytest.mark.parametrize("act", [join, agree])
def test_what_one_person_said_is_use(tmp_path, act):
    stores = mark_stores(tmp_path / "store")
    assert not is_in_use(stores, [GARDEN], "a test")
    act(stores.platform)
    assert is_in_use(stores, [GARDEN], "a test")
