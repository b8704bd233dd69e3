"""One Flink for all tests here; each finds it whole and leaves no job on it."""

import pytest

from tests.engines.cluster import Cluster
from tests.engines.fetch import Unavailable, fetch
from tests.integration.conftest import pubsub_emulator, unavailable

__all__ = ["pubsub_emulator"]


@pytest.fixture(scope="session")
def _cluster(tmp_path_factory):
    try:
        jars = fetch()
    except Unavailable as error:
        unavailable(f"a Flink: {error}")
    with Cluster(jars, tmp_path_factory.mktemp("flink") / "cluster") as cluster:
        yield cluster


@pytest.fixture
def cluster(_cluster):
    """With two TaskManagers that have nothing to do."""
    _cluster.wait_until_whole()
    yield _cluster
    for job in _cluster.running():
        _cluster.cancel(job)
