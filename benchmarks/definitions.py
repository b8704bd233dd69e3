"""Adding a study of 200 metrics, and what its generated schemas cost each ping.

    python -m benchmarks.definitions [--rounds N]

The first figure is a whole process of `rally studies add`. The others are CPU time for
one ping of benchmarks/pings.py: by the schema that was made of definitions, and by the
minimal one that is written there by hand, which bounds nothing.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import orjson

from benchmarks import pings
from rally.bounded_json import parse_json
from rally.glean.payload import payload_schema
from rally.glean.reading import read_definitions
from rally.validation.encoder import compile_encoder

METRICS, PINGS = 200, 4
_SIZES = (1_000, 3_000)
_CHUNK = 50
SAYS = {
    "description": "A metric of a benchmark",
    "bugs": ["https://bugs.example.org/1"],
    "data_reviews": ["https://bugs.example.org/1"],
    "notification_emails": ["lab@example.org"],
    "expires": "never",
}
KINDS: tuple[dict[str, Any], ...] = (
    {"type": "boolean"},
    {"type": "counter"},
    {"type": "quantity", "unit": "pages"},
    {"type": "string"},
    {"type": "url"},
    {"type": "datetime"},
    {"type": "timespan"},
    {"type": "string_list"},
    {"type": "labeled_counter", "labels": ["link", "ad"]},
    {"type": "timing_distribution"},
    {"type": "event", "extra_keys": {"href": {"description": "Where it leads"}}},
)


class Cost(NamedTuple):
    """CPU time for one ping, in microseconds.

    Attributes:
        size: bytes of the ping.
        hand: encoding it by the schema that was written by hand.
        made: encoding it by the one that was made.
        parsing: parsing it, which comes before either.
    """

    size: int
    hand: float
    made: float
    parsing: float

    @property
    def encoding_ratio(self) -> float:
        """Rate of encoding by the schema that was made, by that of the other."""
        return self.hand / self.made

    @property
    def validation_ratio(self) -> float:
        """The same of validation, which is parsing and encoding."""
        return (self.parsing + self.hand) / (self.parsing + self.made)


def write_definitions(
    folder: Path, metrics: dict[str, Any], names: Sequence[str]
) -> tuple[str, str]:
    """Writes metrics and pings, for JSON is YAML; gives the names of the files."""
    ids = {"type": "uuid", "lifetime": "user", "send_in_pings": list(names), **SAYS}
    ping = {name: each for name, each in SAYS.items() if name != "expires"}
    reasons = {"page_visit": "Somebody left a page"}
    contents = {
        "metrics": {"rally": {"id": ids}, **metrics},
        "pings": {
            name: {**ping, "include_client_id": False, "reasons": reasons}
            for name in names
        },
    }
    for kind, content in contents.items():
        schema = f"moz://mozilla.org/schemas/glean/{kind}/2-0-0"
        text = json.dumps({"$schema": schema, **content}, indent=2)
        (folder / f"{kind}.yaml").write_text(text)
    return str(folder / "metrics.yaml"), str(folder / "pings.yaml")


def time_add(folder: Path) -> float:
    """Gives the seconds that `rally studies add` takes for a new study."""
    names = [f"ping-{number}" for number in range(PINGS)]
    metrics = {
        f"metric_{number}": {
            **KINDS[number % len(KINDS)],
            **SAYS,
            "send_in_pings": [names[number % PINGS]],
        }
        for number in range(METRICS)
    }
    files = write_definitions(folder, {"bench": metrics}, names)
    studies = tempfile.mkdtemp(dir=folder)
    rally = [sys.executable, "-m", "pipelines.cli", "studies"]
    registry = f"--studies={studies}"
    subprocess.run(
        [*rally, "new", "rally-bench", registry], check=True, stdout=subprocess.DEVNULL
    )
    given = (f"--metrics={files[0]}", f"--pings={files[1]}")
    start = time.perf_counter()
    add = [*rally, "add", "rally-bench", registry, *given]
    subprocess.run(add, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def made_schema(folder: Path) -> dict[str, Any]:
    """Makes the schema of the benchmarks' ping from definitions of it."""
    kinds = {
        "page_id": "uuid",
        "address": "url",
        "referrer": "url",
        "title": "string",
        "language": "string",
        "description": "text",
        "start": "datetime",
        "stop": "datetime",
        "audible": "boolean",
        "clicks": "labeled_counter",
        **{name: "quantity" for name in pings.QUANTITIES},
        **{name: "event" for name in pings.EVENTS},
    }
    more = {
        "quantity": {"unit": "pages"},
        "labeled_counter": {"labels": ["link", "ad"]},
        "event": {
            "extra_keys": {
                "href": {"description": "Where it leads"},
                "text": {"description": "What it says"},
                "position": {"description": "Where it is", "type": "quantity"},
            }
        },
    }
    metrics = {
        name: {
            "type": kind,
            **SAYS,
            "send_in_pings": [pings.DOCUMENT],
            **more.get(kind, {}),
        }
        for name, kind in kinds.items()
    }
    files = write_definitions(folder, {"visit": metrics}, [pings.DOCUMENT])
    definitions = read_definitions(files[:1], files[1:])
    return payload_schema(definitions, definitions.pings[0])


def hand_schema() -> dict[str, Any]:
    """The benchmarks' own schema, with what every Glean client sends."""
    schema = pings.payload_schema()
    client = schema["fields"][-1]["type"]["fields"]
    client.append({"name": "first_run_date", "type": "string"})
    return schema


def clear_pings(size: int, count: int) -> list[bytes]:
    """Makes clear pings, with what the SDK requires of each."""
    made = random.Random(size)
    required = {"first_run_date": "2026-03-01-08:00", "app_display_version": "1.0.0"}
    texts = []
    for _ in range(count):
        ping = orjson.loads(pings.clear_ping(made, size))
        ping["client_info"] |= required
        texts.append(orjson.dumps(ping))
    return texts


def measure(folder: Path, size: int, rounds: int) -> Cost:
    """Validates the same pings both ways in turn, chunk by chunk."""
    made, hand = (
        compile_encoder(each) for each in (made_schema(folder), hand_schema())
    )
    texts = clear_pings(size, _CHUNK)
    values = [orjson.loads(text) for text in texts]
    times = [
        tuple(
            _cpu_micros(run, given)
            for run, given in ((hand, values), (made, values), (parse_json, texts))
        )
        for _ in range(rounds)
    ]
    return Cost(size, *(median(each) for each in zip(*times, strict=True)))


def _cpu_micros(run: Callable, given: list) -> float:
    start = time.process_time_ns()
    for each in given:
        run(each)
    return (time.process_time_ns() - start) / len(given) / 1_000


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=600)
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seconds = median(time_add(folder) for _ in range(min(arguments.rounds, 5)))
        print(
            f"rally studies add, {METRICS} metrics in {PINGS} pings: {seconds:.1f} s\n"
        )
        print("| ping | parsing | by hand | made | encoding | validation |")
        print("|---:|---:|---:|---:|---:|---:|")
        for size in _SIZES:
            cost = measure(folder, size, arguments.rounds)
            print(
                f"| {size:,} B | {cost.parsing:.1f} us | {cost.hand:.1f} us |"
                f" {cost.made:.1f} us | {cost.encoding_ratio:.2f} |"
                f" {cost.validation_ratio:.2f} |"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
