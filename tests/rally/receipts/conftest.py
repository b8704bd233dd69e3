"""A platform's store, and the decisions that name by whose keys receipts are signed."""

import pytest

from rally.decisions.verifying import read_chain
from tests.fakes.memory_store import MemoryStore
from tests.support.stores import found_platform


@pytest.fixture(scope="session")
def decisions():
    """Those of a platform that was just founded."""
    store = MemoryStore()
    found_platform(store)
    return read_chain(store)


@pytest.fixture
def platform():
    """The platform's store, empty."""
    return MemoryStore()
