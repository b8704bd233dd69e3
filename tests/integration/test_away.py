"""A start while the store or the key service is away ends with status 1, not 2.

What watches over a stream starts it again then: nothing here has to be mended.
"""

import base64
import json
import shutil
import socket

import pytest
from google.cloud.storage.retry import DEFAULT_RETRY

from pipelines import cli
from rally.errors import ConfigurationError
from rally.storage.layout import Stores
from tests.integration.scripted_gcs import Answer, scripted_gcs
from tests.support.world import GARDEN, World

pytestmark = pytest.mark.integration

AGAIN = "when that is mended or over, run it again for what is not done"
BUCKET = "gs://bucket/platform"
STREAM = "--subscription=projects/p/subscriptions/s"
JOBS = (["ingest", STREAM], ["replay"], ["compact"])


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture
def nobody():
    """An address that nobody listens at, and that nobody else gets."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{bound.getsockname()[1]}"


@pytest.fixture
def gcs(monkeypatch):
    """A Cloud Storage that answers whatever it is asked with one status."""
    with scripted_gcs() as script:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", script.address)
        yield script


@pytest.fixture
def start(world, tmp_path, capsys):
    def start(job, store=None, keys=None):
        options = world.where(store) if store else world.options(f"{tmp_path}/store")
        options += [f"--keys={keys}"] if keys else []
        return cli.main([*job, *options]), *capsys.readouterr()

    return start


def told(line, status=1):
    return (
        status,
        "",
        f"rally: {line}; {AGAIN}\n" if status == 1 else f"rally: {line}\n",
    )


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job[0])
def test_store_that_nobody_serves(start, nobody, monkeypatch, job):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://{nobody}")
    monkeypatch.setattr(DEFAULT_RETRY, "_timeout", 0.5)  # in the place of two minutes
    away = f"{BUCKET}: cannot be reached (Cloud Storage says RetryError)"
    assert start(job, "gs://bucket") == told(away)


def test_store_that_has_a_fault_of_its_own(start, gcs):
    gcs.answers += [Answer(501)] * 9  # of these the client does not ask again
    away = f"{BUCKET}: cannot be reached (Cloud Storage says MethodNotImplemented)"
    assert start(JOBS[0], "gs://bucket") == told(away)


def test_store_that_refuses(start, gcs):
    gcs.answers += [Answer(403)] * 9
    refused, also = (
        f"{place}: cannot be read (Cloud Storage says Forbidden); check that it exists"
        " and that this account may read there"
        for place in (BUCKET, "gs://bucket")
    )
    assert start(JOBS[0], "gs://bucket") == told(f"{refused}\nrally: {also}", 2)


def test_store_that_may_be_read_and_not_written(gcs):
    gcs.answers += [Answer(403)] * 9
    with pytest.raises(ConfigurationError) as caught:
        Stores("gs://bucket", None).check_writable(["rally-garden"])
    assert str(caught.value) == (
        "gs://bucket: cannot be written (Cloud Storage says Forbidden); check that it"
        " exists and that this account may write there"
    )


@pytest.fixture
def vault_keys(world, tmp_path, monkeypatch):
    """A key folder whose KEK is in a Vault; where that is, a test says."""
    pytest.importorskip("hvac", reason="needs the extra hcvault")
    keys = tmp_path / "keys"
    shutil.copytree(world.keys, keys)

    def keys_at(host):
        monkeypatch.setenv("VAULT_ADDR", f"http://{host}")
        monkeypatch.setenv("VAULT_TOKEN", "t")
        kek = f"hcvault://{host}/transit/keys/k"
        (keys / "kek.json").write_text(json.dumps({"kek_uri": kek}))
        sealed = base64.b64encode(b"vault:v1:as Vault seals it").decode()
        keyset = json.dumps({"encryptedKeyset": sealed})
        (keys / f"{GARDEN}.keyset.json").write_text(keyset)
        return str(keys), kek

    return keys_at


def test_key_service_that_nobody_serves(start, nobody, vault_keys):
    keys, kek = vault_keys(nobody)
    away = f"{keys}/{GARDEN}.keyset.json: {kek} cannot be reached (ConnectionError)"
    assert start(JOBS[0], keys=keys) == told(away)


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (503, "cannot be reached (VaultDown)"),
        (
            403,
            "did not serve it (Forbidden): check that KEK, the rights to it, and that"
            " the file was neither renamed nor damaged",
        ),
    ],
)
def test_key_service_that_answers(start, gcs, vault_keys, status, line):
    gcs.answers += [Answer(status)] * 9
    keys, kek = vault_keys(gcs.address.removeprefix("http://"))
    named = f"{keys}/{GARDEN}.keyset.json: {kek} {line}"
    assert start(JOBS[0], keys=keys) == told(named, 1 if status == 503 else 2)


def test_command_that_is_no_job(nobody, vault_keys, capsys):
    keys, kek = vault_keys(nobody)
    status = cli.main(["keys", "public", "--keys", keys, "--namespace", GARDEN])

    away = f"{keys}/{GARDEN}.keyset.json: {kek} cannot be reached (ConnectionError)"
    assert (status, *capsys.readouterr()) == (1, "", f"rally: {away}\n")
