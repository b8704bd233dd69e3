"""A study of two documents, in memory."""

import pytest

from tests.rally.compaction.memory_study import MemoryStudy, load_registry


@pytest.fixture(scope="session")
def registries(tmp_path_factory):
    """Registries by the number of a document's buckets."""
    return {
        buckets: load_registry(tmp_path_factory.mktemp(f"studies-{buckets}"), buckets)
        for buckets in (1, 2, 4, 16)
    }


@pytest.fixture
def study(registries):
    """Four buckets, nothing stored."""
    return MemoryStudy(registries[4])
