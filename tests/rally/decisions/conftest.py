"""The platform on whose chain decisions are tried."""

import pytest

from tests.fakes.memory_store import MemoryStore
from tests.support.stores import found_platform


@pytest.fixture
def platform():
    store = MemoryStore()
    found_platform(store)
    return store
