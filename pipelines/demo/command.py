"""`rally demo`: all of it at work, on real pings, in a folder of its own."""

import argparse
import os
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from pipelines import ingest
from pipelines.demo import report
from pipelines.demo.scene import AS_OF, COUNTRY_ATTRIBUTE, Scene, lay_out, read_messages
from pipelines.ending import exit_status
from pipelines.parser import Parser
from rally.errors import ConfigurationError
from rally.ingesting.counts import Count
from rally.storing.layout import Stores

_EMULATOR = "PUBSUB_EMULATOR_HOST"
_PROJECT = "rally-demo"


def main(argv: Sequence[str] | None = None) -> int:
    """The command: returns the exit status."""
    return exit_status(lambda: _demo(_parse(argv)))


def _demo(arguments: argparse.Namespace) -> int:
    out = arguments.out or Path(tempfile.mkdtemp(prefix="rally-demo-"))
    if arguments.streaming and _EMULATOR not in os.environ:
        raise ConfigurationError(
            "--streaming needs the Pub/Sub emulator: run `gcloud beta emulators pubsub"
            f" start --host-port=127.0.0.1:8085` and set {_EMULATOR}=127.0.0.1:8085"
        )
    scene = lay_out(out)
    messages = sum(1 for _ in read_messages(scene))
    print(
        f"{messages:,} encrypted pings, most of them made up, are in {scene.messages}"
    )
    print("Ingesting them: open, check, pseudonymise, store by study …\n")
    start = time.monotonic()
    counts = _stream(scene) if arguments.streaming else _batch(scene)
    seconds = time.monotonic() - start
    print("\n".join(report.outcomes(counts)), end="\n\n")
    print("\n".join(report.files(Stores(str(scene.store), None))), end="\n\n")
    print(f"{messages:,} pings in {seconds:.1f} s, starting up included.")
    print(
        "What failed is sealed in platform/dead-letters; what was refused is nowhere."
    )
    print(f"Everything is in {out}")
    return 0


def _batch(scene: Scene) -> Counter[Count]:
    return ingest.run([*_where(scene), f"--input={scene.messages}/*.ndjson"])


def _stream(scene: Scene) -> Counter[Count]:
    """The same through a real topic and subscription of the emulator."""
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
        for message in read_messages(scene)
    ]
    for each in published:
        each.result()
    return ingest.run(
        [
            *_where(scene),
            f"--subscription={subscription}",
            "--flush_seconds=2",
            "--stop_after_idle_seconds=3",
        ]
    )


def _where(scene: Scene) -> list[str]:
    return [
        f"--studies={scene.studies}",
        f"--keys={scene.keys}",
        f"--store={scene.store}",
        f"--as_of={AS_OF}",
        f"--country_attribute={COUNTRY_ATTRIBUTE}",
    ]


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(
        prog="rally demo",
        description="Ingest real pings of real clients, and made-up ones, in studies of"
        " the demo's own, and show what became of them.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="a new folder for everything (default: a temporary one)",
    )
    parser.add_argument(
        "--streaming",
        action="store_true",
        help="through the Pub/Sub emulator instead of files",
    )
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
