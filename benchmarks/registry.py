"""Loading a registry: 100 studies with three schemas each, as definitions make them.

    python -m benchmarks.registry [--studies N] [--rounds N]

CPU time, medians: of `Registry.load`, and of a whole process of `rally studies list`,
of which a registry of one study shows the rest.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.definitions import KINDS, SAYS, write_definitions
from rally.glean.payload import payload_schema
from rally.glean.reading import read_definitions
from rally.initialisation.development_reviews import write_reviews
from rally.registry.registry import Registry

METRICS, PINGS = 30, 3
_STUDY = """\
namespace: {namespace}
kind: study
name: A study of a benchmark
aliases: [{namespace}@example.org]
starts: 2026-03-01
collect_through: 2027-02-28
analysis_until: 2028-02-28
policy:
  enrolment: required
  do_not_track: consent
  private_browsing: client
  countries: [US]
  minimum_age: 19
  after_end: defer
access:
  - {{group: lab@example.org, agreement: DSA 1, from: 2026-03-01, until: 2028-02-28}}
derived: []
documents:
"""
_DOCUMENT = """\
  {name}.1:
    means: {means}
    delete_after_days: 180
    buckets: 16
    purpose: Which pages are news
"""


def make_schemas(folder: Path) -> dict[str, dict[str, Any]]:
    """Makes the schema of each ping of a study, by the ping's name."""
    names = [f"ping-{number}" for number in range(PINGS)]
    metrics = {
        f"metric_{number}": {
            **KINDS[number % len(KINDS)],
            **SAYS,
            "data_sensitivity": ["technical"],
            "send_in_pings": [names[number % PINGS]],
        }
        for number in range(METRICS)
    }
    files = write_definitions(folder, {"bench": metrics}, names)
    definitions = read_definitions(files[:1], files[1:])
    schemas = {
        each.name: payload_schema(definitions, each) for each in definitions.pings
    }
    for schema in schemas.values():
        _complete(schema)
    return schemas


def _complete(schema: Any) -> None:
    """Writes what a person has to, in the place of what is open."""
    if isinstance(schema, list):
        for each in schema:
            _complete(each)
    elif isinstance(schema, dict):
        if "category" in schema:
            schema |= {"category": 2, "purpose": "Which pages are news"}
        for each in schema.values():
            _complete(each)


def make_registry(folder: Path, studies: int) -> Path:
    """Writes a registry of so many studies, each with a review of its documents."""
    schemas, registry = make_schemas(folder), folder / f"studies-{studies}"
    for number in range(studies):
        namespace = f"rally-bench-{number}"
        study = registry / namespace
        study.mkdir(parents=True)
        text = _STUDY.format(namespace=namespace)
        for index, (name, schema) in enumerate(schemas.items()):
            text += _DOCUMENT.format(name=name, means="data" if index else "joins")
            (study / f"{name}.1.avsc").write_text(json.dumps(schema, indent=2))
        (study / "study.yaml").write_text(text)
    write_reviews(registry)
    return registry


def time_load(registry: Path) -> float:
    """Gives the CPU seconds of loading a registry."""
    start = time.process_time()
    loaded = Registry.load(str(registry))
    seconds = time.process_time() - start
    del loaded  # after the clock: a job keeps what it loads
    return seconds


def time_list(registry: Path) -> float:
    """Gives the CPU seconds of a process that lists the studies."""
    before = _children_seconds()
    command = [sys.executable, "-m", "pipelines.cli", "studies", "list"]
    subprocess.run(
        [*command, f"--studies={registry}"], check=True, stdout=subprocess.DEVNULL
    )
    return _children_seconds() - before


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args(argv)

    def of(measure: Callable[[Path], float], registry: Path) -> float:
        return median(measure(registry) for _ in range(arguments.rounds))

    with tempfile.TemporaryDirectory() as name:
        registry = make_registry(Path(name), arguments.studies)
        one = make_registry(Path(name), 1)
        files = list(registry.glob("*/*.avsc"))
        size = sum(each.stat().st_size for each in files) / len(files)
        print(f"{arguments.studies} studies, {len(files)} schemas of {size:,.0f} bytes")
        print(f"Registry.load: {of(time_load, registry):.2f} s")
        whole, least = of(time_list, registry), of(time_list, one)
        print(f"rally studies list: {whole:.2f} s, of one study {least:.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
