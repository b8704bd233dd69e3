"""Rows as studies store them: who they are of, and what is in them.

The same numbers give the same rows on every machine. A participant stands in the
column and once more in the payload, as in every row that ingest wrote.
"""

import hashlib
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import orjson
import yaml

from benchmarks.pings import WORDS
from rally.initialisation.development_reviews import write_reviews
from rally.registry.registry import Registry
from rally.registry.rows import row_schema
from rally.registry.study import Document
from rally.storage.layout import Partition

NAMESPACE = "rally-bench"
DOCUMENT = "visit.1"
DAY = "2026-01-01"
PARTITION = Partition(NAMESPACE, DOCUMENT, DAY)

_APPROVED = date(2025, 12, 1)
_MIDNIGHT = int(datetime.fromisoformat(DAY).replace(tzinfo=UTC).timestamp())
_DAY_MICROS = 86_400_000_000
_AGENTS = tuple(f"Glean/1.{n}.0 (JS on Windows)" for n in range(4))
_EVENTS = ("click", "scroll", "focus", "blur", "share", "ad_seen", "copy", "play")

_SAYS = {"doc": "A field", "category": 1, "purpose": "A benchmark"}
_EVENT = {
    "type": "record",
    "name": "event",
    "fields": [
        {"name": "name", "type": "string", **_SAYS},
        {"name": "at", "type": "long", **_SAYS},
        {"name": "target", "type": ["null", "string"], "default": None, **_SAYS},
    ],
}
PAYLOAD = {
    "type": "record",
    "name": "visit",
    "participant": "/rally_id",
    "fields": [
        {"name": "rally_id", "type": "string", **_SAYS},
        {"name": "address", "type": "string", **_SAYS},
        {"name": "page_id", "type": "string", **_SAYS},
        {"name": "title", "type": ["null", "string"], "default": None, **_SAYS},
        {"name": "attention_ms", "type": "long", **_SAYS},
        {"name": "scroll_depth", "type": "double", **_SAYS},
        {"name": "audible", "type": "boolean", **_SAYS},
        {"name": "events", "type": {"type": "array", "items": _EVENT}},
    ],
}


def write_study(folder: Path, buckets: int) -> Document:
    """Makes the registry's folder of the one study, and loads its document."""
    study = folder / NAMESPACE
    study.mkdir(parents=True)
    (study / "study.yaml").write_text(yaml.safe_dump(_study(buckets), sort_keys=False))
    (study / f"{DOCUMENT}.avsc").write_bytes(orjson.dumps(PAYLOAD))
    write_reviews(folder)
    return Registry.load(str(folder)).studies[NAMESPACE].documents[DOCUMENT]


def people(count: int) -> list[str]:
    """Pseudonyms: UUIDs of version 8, evenly spread."""
    return [pseudonym(number) for number in range(count)]


def rows(count: int, people: list[str]) -> Iterator[dict[str, Any]]:
    """Rows in the order in which they arrive, each of anybody."""
    generator = random.Random("deletion")
    for _ in range(count):
        participant = people[generator.getrandbits(32) % len(people)]
        yield _row(generator.getrandbits, participant)


def counted(
    rows: Iterable[dict[str, Any]], into: Counter[str]
) -> Iterator[dict[str, Any]]:
    """The same rows, and on the way how many each person has."""
    for row in rows:
        into[row["participant"]] += 1
        yield row


def encoded(document: Document, rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """Each row's Avro binary, by fastavro."""
    schema = fastavro.parse_schema(orjson.loads(row_schema(document.schema)))
    stream = BytesIO()
    for row in rows:
        fastavro.schemaless_writer(stream, schema, row)
        yield stream.getvalue()
        stream.seek(0)
        stream.truncate()


def pseudonym(number: int) -> str:
    """The pseudonym of a person by their number."""
    digits = hashlib.sha256(b"person %d" % number).hexdigest()
    return uuid_of(digits, "8")


def uuid_of(digits: str, version: str) -> str:
    """A UUID of 32 hexadecimal digits or more, and the digit of its version."""
    head, tail = digits[:8], digits[20:32]
    return f"{head}-{digits[8:12]}-{version}{digits[13:16]}-a{digits[17:20]}-{tail}"


def _row(bits: Any, participant: str) -> dict[str, Any]:
    """A row of about 269 bytes of Avro."""
    some, words = bits(64), len(WORDS)
    host, first, second, third, fourth = (some >> n & 0xFF for n in range(0, 40, 8))
    return {
        "participant": participant,
        "document_id": uuid_of(f"{bits(128):032x}", "4"),
        "submission_timestamp": _MIDNIGHT * 1_000_000 + bits(64) % _DAY_MICROS,
        "client_agent": _AGENTS[some >> 40 & 3],
        "source_tags": None,
        "payload": {
            "rally_id": participant,
            "address": f"https://{WORDS[host % words]}.example/{WORDS[first % words]}"
            f"/{WORDS[second % words]}-{bits(24)}",
            "page_id": uuid_of(f"{bits(128):032x}", "4"),
            "title": f"{WORDS[third % words]} {WORDS[fourth % words]}"
            if some >> 42 & 7
            else None,
            "attention_ms": bits(17),
            "scroll_depth": bits(20) / 2**20,
            "audible": not some >> 45 & 7,
            "events": [_event(bits) for _ in range((some >> 48) % 4)],
        },
    }


def _event(bits: Any) -> dict[str, Any]:
    some = bits(32)
    target = WORDS[(some >> 8 & 0xFF) % len(WORDS)]
    return {
        "name": _EVENTS[some & 7],
        "at": some >> 14,
        "target": f"{target}-{some >> 20}" if some >> 3 & 1 else None,
    }


def _study(buckets: int) -> dict[str, Any]:
    kept_by = {"person": "somebody", "reason": "to measure"}
    document = {"means": "data", "buckets": buckets, "purpose": "to measure"}
    document |= {"kept_by": kept_by}
    return {
        "namespace": NAMESPACE,
        "kind": "platform",  # whose rows know a person by what the list knows them by
        "name": "Benchmark",
        "starts": _APPROVED,
        "policy": {
            "enrolment": "none",
            "do_not_track": "refuse",
            "private_browsing": "client",
        },
        "documents": {DOCUMENT: document},
    }
