"""The small Rally, once for all tests, and a job that ingests and replays."""

from collections.abc import Callable
from typing import Any

import pytest

from rally.keys import administration, jwk
from rally.keys.folder import KeyFolder
from rally.keys.jwk import EcPrivateKey
from rally.keys.kek_assignment import assign_kek
from tests.rally.ingestion.replay_job import Job
from tests.rally.ingestion.small_rally import RALLY_ID, SmallRally
from tests.rally.ingestion.small_registry import write_registry


@pytest.fixture(scope="session")
def payload() -> Callable[..., dict[str, Any]]:
    """Makes Glean's clear text: `payload(url="…")`, `payload(rally_id=…)`."""

    def make(
        rally_id: Any = RALLY_ID, string: Any = None, **others: Any
    ) -> dict[str, Any]:
        metrics: dict[str, Any] = {"uuid": {"rally.id": rally_id}}
        if string is not None:
            metrics["string"] = string
        return {"metrics": metrics, **others}

    return make


@pytest.fixture(scope="session")
def small_registry(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_registry(tmp_path_factory.mktemp("small") / "schemas")


@pytest.fixture(scope="session")
def small_rally(
    tmp_path_factory: pytest.TempPathFactory,
    small_registry: str,
    seal_jwe: Callable[..., str],
) -> SmallRally:
    """The small Rally."""
    folder = KeyFolder(str(tmp_path_factory.mktemp("keys")))
    assign_kek(folder, "namespaces", "any")
    sealers = {"bogus": jwk.generate()}
    for namespace in ("rally-x", "rally-hub"):
        sealers[namespace] = jwk.generate()
        administration.import_jwk(folder, namespace, sealers[namespace])
    for namespace in ("pioneer-y", "pioneer-hub"):
        made = jwk.generate()
        sealers[namespace] = EcPrivateKey(made.key, made.thumbprint, namespace)
        administration.import_jwk(folder, namespace, sealers[namespace])
    administration.create(folder, "rally-x", "hpke")
    administration.create(folder, "rally-hub", "ecies")
    return SmallRally(small_registry, folder.uri, sealers, seal_jwe)


@pytest.fixture
def job(small_rally, tmp_path):
    return Job(small_rally, tmp_path / "store")


@pytest.fixture(scope="module")
def no_x(tmp_path_factory):
    """A key folder that lacks the keys of rally-x."""
    folder = KeyFolder(str(tmp_path_factory.mktemp("other-keys")))
    assign_kek(folder, "namespaces", "any")
    administration.create(folder, "rally-hub", "jwk")
    return folder.uri
