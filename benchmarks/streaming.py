"""The pipeline on a subscription of the Pub/Sub emulator, on this same machine."""

import base64
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import orjson
from google.api_core.exceptions import GoogleAPICallError
from google.cloud import pubsub_v1

from benchmarks import process
from benchmarks.process import Run
from benchmarks.ways import begin, rally, stored
from benchmarks.workload import Workload
from tests.support.ports import free_port

HOST = "PUBSUB_EMULATOR_HOST"

_PROJECT = "projects/bench"
_UP_SECONDS = 300
_LIMITS = ("--flush_seconds=5", "--stop_after_idle_seconds=4")


def is_here() -> bool:
    """Whether this machine has the emulator's command."""
    return shutil.which("gcloud") is not None


def measure(workload: Workload) -> tuple[Run, Run]:
    """An empty subscription, and one that holds all the pings, until it is idle.

    Both end by the same idle time, so their difference is the pings' own.
    """
    with _emulator() as host:
        return _run(workload, host, "empty"), _run(workload, host, "pings")


def _run(workload: Workload, host: str, name: str) -> Run:
    subscription = f"{_PROJECT}/subscriptions/{name}"
    expected = 0
    with pubsub_v1.PublisherClient() as client:
        topic = f"{_PROJECT}/topics/{name}"
        _create(client, topic, subscription)
        if name == "pings":
            expected = workload.count
            _publish_elsewhere(topic, workload.folder)
    with tempfile.TemporaryDirectory(prefix="rally-bench-") as out:
        begin(out, workload)
        options = (f"--subscription={subscription}", f"--store={out}", *_LIMITS)
        command = rally("ingest", *options, *workload.options)
        run = process.run(command, **{HOST: host})
        if stored(Path(out)) < expected:  # more than once is what Pub/Sub promises
            raise SystemExit(f"streaming: fewer than {expected} pings were stored")
    return run


def _create(client: pubsub_v1.PublisherClient, topic: str, name: str) -> None:
    end = time.monotonic() + _UP_SECONDS
    while True:
        try:
            client.create_topic(name=topic, timeout=5, retry=None)
            break
        except GoogleAPICallError:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)
    with pubsub_v1.SubscriberClient() as subscriber:
        subscriber.create_subscription(name=name, topic=topic, ack_deadline_seconds=600)


def _publish_elsewhere(topic: str, folder: Path) -> None:
    """Publishes from a process of its own.

    What it holds would count as the peak memory of whatever is started here later: a
    child begins with its parent's.
    """
    with ProcessPoolExecutor(1, get_context("spawn")) as elsewhere:
        elsewhere.submit(_publish, topic, folder).result()


def _publish(topic: str, folder: Path) -> None:
    sent = []
    with pubsub_v1.PublisherClient() as client:
        for file in sorted(folder.glob("pings-*.ndjson")):
            with open(file, "rb") as lines:
                for message in map(orjson.loads, lines):
                    data = base64.b64decode(message["payload"])
                    sent.append(client.publish(topic, data, **message["attributeMap"]))
        for each in sent:
            each.result()


@contextmanager
def _emulator() -> Iterator[str]:
    """Starts the emulator on a free port, and names it to Google's clients."""
    host = f"127.0.0.1:{free_port()}"
    with tempfile.TemporaryDirectory(prefix="rally-bench-pubsub-") as data:
        emulator = subprocess.Popen(
            [
                *("gcloud", "beta", "emulators", "pubsub", "start", "--quiet"),
                *(f"--host-port={host}", f"--data-dir={data}"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        before = os.environ.get(HOST)
        os.environ[HOST] = host
        try:
            yield host
        finally:
            os.environ.pop(HOST)
            if before is not None:
                os.environ[HOST] = before
            os.killpg(emulator.pid, signal.SIGTERM)
            emulator.wait()
