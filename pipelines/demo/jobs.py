"""The jobs as the demo runs them: on its scene, at its own clock."""

import os
import shlex
import uuid
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple, cast

from pipelines import audit, cli, compact, delete, ingest, purge, replay
from pipelines.demo.scene import COUNTRY_ATTRIBUTE, Scene, read_messages
from pipelines.jobs.replay import Result
from rally.audit.findings import AuditReport
from rally.compaction.outcomes import CompactionResult
from rally.deletion.report import DeletionReport
from rally.errors import ConfigurationError
from rally.outcomes import Count, FailureReason
from rally.retention.report import PurgeReport as PurgeReport

_EMULATOR = "PUBSUB_EMULATOR_HOST"
_PROJECT = "rally-demo"


def check_emulator() -> None:
    """Makes sure that there is one to stream from.

    Raises:
        ConfigurationError: nothing says where it is.
    """
    if _EMULATOR not in os.environ:
        raise ConfigurationError(
            "--streaming needs the Pub/Sub emulator: run `gcloud beta emulators pubsub"
            f" start --host-port=127.0.0.1:8085` and set {_EMULATOR}=127.0.0.1:8085"
        )


class Jobs(NamedTuple):
    """Runs the jobs.

    Attributes:
        scene: places and options of everything.
        streaming: whether ingest reads from a subscription, and not from files.
    """

    scene: Scene
    streaming: bool

    def begin(self) -> int:
        """Makes the store as a person would, and shows it; the exit status."""
        words = ["init", "--development", *self.places, self.releases]
        print(f"$ rally {shlex.join(words)}")
        status = cli.main(words)
        print()
        return status

    def ingest(self, folder: Path, as_of: str) -> Counter[Count]:
        """Takes in the messages of one folder."""
        source = _published(folder) if self.streaming else [f"--input={folder}/*"]
        return ingest.run([*self._where(as_of), *self._country(), *source])

    def compact(self, as_of: str) -> list[CompactionResult]:
        """Sorts what is new."""
        return compact.run(self._where(as_of))

    def delete(self, as_of: str) -> DeletionReport:
        """Takes out who left, without waiting for more of them."""
        return delete.run([*self._where(as_of), "--rewrite_after_days=0"])

    def replay_left(self, as_of: str) -> Result:
        """Takes in again what had to wait for an enrolment."""
        reason = f"--reason={FailureReason.LEFT}"
        return replay.run([*self._where(as_of), *self._country(), reason])

    def purge(self, as_of: str) -> PurgeReport:
        """Takes out what has expired, and what was concluded."""
        return purge.run(self._where(as_of))

    def audit(self, as_of: str, page: Path) -> AuditReport:
        """Proves the promises, and writes the page."""
        return audit.run([*self._where(as_of), self.releases, f"--html={page}"])

    @property
    def places(self) -> list[str]:
        """The options that say where everything is."""
        names = ("studies", "keys", "store")
        return [f"--{name}={getattr(self.scene, name)}" for name in names]

    @property
    def releases(self) -> str:
        """The option that says where results leave."""
        return f"--releases={self.scene.releases}"

    def _where(self, as_of: str) -> list[str]:
        return [*self.places, f"--as_of={as_of}"]

    def _country(self) -> list[str]:
        return [f"--country_attribute={COUNTRY_ATTRIBUTE}"]


def _published(folder: Path) -> list[str]:
    """Publishes the messages to a topic of the emulator; options that read them."""
    from google.cloud import pubsub_v1  # slow to import

    name = f"demo-{uuid.uuid4()}"
    topic = f"projects/{_PROJECT}/topics/{name}"
    subscription = f"projects/{_PROJECT}/subscriptions/{name}"
    publisher = pubsub_v1.PublisherClient()
    publisher.create_topic(name=topic)
    with pubsub_v1.SubscriberClient() as subscriber:
        subscriber.create_subscription(name=subscription, topic=topic)
    published = [
        publisher.publish(topic, message.body, **cast(Any, message.attributes))
        for message in read_messages(folder)
    ]
    for each in published:
        each.result()
    return [
        f"--subscription={subscription}",
        "--flush_seconds=2",
        "--stop_after_idle_seconds=3",
    ]
