"""Tests of storage keys on a Cloud KMS of our own, on loopback."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import grpc
import pytest
from google.cloud import kms_v1
from google.cloud.kms_v1.services.key_management_service.transports import (
    KeyManagementServiceGrpcTransport,
)

from rally.keys.cloud_kms import Destruction, destroy_versions

KEY = "projects/p/locations/l/keyRings/r/cryptoKeys/garden"
UNTIL = datetime(2026, 7, 1, tzinfo=UTC)
State = kms_v1.CryptoKeyVersion.CryptoKeyVersionState


class FakeKeyService(grpc.GenericRpcHandler):
    """Lists and destroys versions of one key, a page of two at a time."""

    def __init__(self, *states):
        self.versions = {
            f"{KEY}/cryptoKeyVersions/{number}": self._version(number, state)
            for number, state in enumerate(states, 1)
        }
        self.refuses = False

    def _version(self, number, state):
        name = f"{KEY}/cryptoKeyVersions/{number}"
        version = kms_v1.CryptoKeyVersion(name=name, state=state)
        if state is State.DESTROY_SCHEDULED:
            version.destroy_time = UNTIL
        return version

    def service(self, details):
        name = details.method.rpartition("/")[2]
        serve = {
            "ListCryptoKeyVersions": self._list,
            "DestroyCryptoKeyVersion": self._destroy,
        }[name]
        response = {
            "ListCryptoKeyVersions": kms_v1.ListCryptoKeyVersionsResponse,
            "DestroyCryptoKeyVersion": kms_v1.CryptoKeyVersion,
        }[name]
        return grpc.unary_unary_rpc_method_handler(
            serve,
            request_deserializer=getattr(kms_v1, f"{name}Request").deserialize,
            response_serializer=response.serialize,
        )

    def _list(self, request, context):
        assert request.parent == KEY
        start = int(request.page_token or 0)
        found = list(self.versions.values())
        token = str(start + 2) if start + 2 < len(found) else ""
        return kms_v1.ListCryptoKeyVersionsResponse(
            crypto_key_versions=found[start : start + 2], next_page_token=token
        )

    def _destroy(self, request, context):
        if self.refuses:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "ann@example.org may not")
        version = self.versions[request.name]
        assert version.state in (State.ENABLED, State.DISABLED)
        version.state, version.destroy_time = State.DESTROY_SCHEDULED, UNTIL
        return version


@pytest.fixture
def serve():
    """Starts a service; gives its client."""
    opened = []

    def started(service):
        server = grpc.server(ThreadPoolExecutor(2), handlers=[service])
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        opened.append((channel, server))
        return kms_v1.KeyManagementServiceClient(
            transport=KeyManagementServiceGrpcTransport(channel=channel)
        )

    yield started
    for channel, server in opened:
        channel.close()
        server.stop(None).wait()


def test_every_version_is_destroyed_once(serve):
    service = FakeKeyService(
        State.ENABLED, State.DISABLED, State.DESTROYED, State.DESTROY_SCHEDULED,
        State.ENABLED,
    )  # fmt: skip
    client = serve(service)
    assert destroy_versions(client, KEY) == Destruction(3, UNTIL)
    assert {version.state for version in service.versions.values()} == {
        State.DESTROYED, State.DESTROY_SCHEDULED,
    }  # fmt: skip
    assert destroy_versions(client, KEY) == Destruction(0, UNTIL)


def test_key_that_is_gone_stays_so(serve):
    client = serve(FakeKeyService(State.DESTROYED, State.DESTROYED))
    assert destroy_versions(client, KEY) == Destruction(0, None)


def test_refusal_says_no_more_than_its_kind(serve):
    service = FakeKeyService(State.ENABLED)
    service.refuses = True
    with pytest.raises(OSError, match="Cloud KMS says PermissionDenied") as caught:
        destroy_versions(serve(service), KEY)
    assert "ann" not in str(caught.value)
