"""A store in memory with one study, and what compaction makes of it."""

import hashlib
import io
import json
import uuid
from collections import Counter
from datetime import date, timedelta
from typing import NamedTuple

import fastavro

from rally.compaction.compactor import Compactor, plan_compaction
from rally.compaction.outcomes import CompactionOutcome
from rally.registry.registry import Registry
from rally.registry.rows import row_schema
from rally.registry.schemas import read_schema
from rally.storage.container import read_rows
from rally.storage.header import read_header
from rally.storage.layout import Partition
from rally.storage.leases import Leases
from rally.storage.partitions import by_partition, list_files, read_view
from rally.storage.writer import RowWriter, Table
from rally.validation.pseudonyms import PLATFORM, Pseudonyms
from rally.withdrawal.root import ROOT
from rally.withdrawal.withdrawal_list import WithdrawalList
from tests.fakes.memory_store import MemoryStore
from tests.support.reviews import write_reviews
from tests.support.schemas import described
from tests.support.stores import publish

STUDY = "rally-grove"
VISIT, SURVEY = "visit.1", "survey.1"
MONDAY = date(2026, 5, 18)

_DOCUMENT = """
    means: data
    purpose: trees"""
_FILES = {
    f"{STUDY}/study.yaml": f"""
namespace: {STUDY}
kind: study
name: Grove
starts: 2026-02-01
policy: {{enrolment: required, do_not_track: consent, private_browsing: client,
          after_end: delete}}
documents:
  visit.1:
    buckets: BUCKETS{_DOCUMENT}
  survey.1:
    keep: latest{_DOCUMENT}
  joined.1:{_DOCUMENT.replace("data", "joins")}
""",
}
_PAYLOAD = {
    "type": "record",
    "name": "visit",
    "participant": "/id",
    "fields": [{"name": "id", "type": "string"}, {"name": "page", "type": "string"}],
}
_SECONDS = {"name": "seconds", "type": ["null", "long"], "default": None}
_EVOLVED = _PAYLOAD | {"fields": [*_PAYLOAD["fields"], _SECONDS]}
_NEWEST = read_schema("evolved.avsc", json.dumps(described(_EVOLVED)).encode()).schema


class Row(NamedTuple):
    """A row, by small numbers.

    Attributes:
        person: 0 to 15, the first digit of the pseudonym: buckets are known by it.
        number: of the document id.
        day: counted from MONDAY.
        second: of the day.
        page: in the payload.
        revision: 0 or 1; a row of 1 has one field more.
    """

    person: int
    number: int
    day: int = 0
    second: int = 0
    page: str = ""
    revision: int = 0

    @property
    def time(self):
        days = (MONDAY - date(1970, 1, 1)).days + self.day
        return (days * 86400 + self.second) * 1_000_000

    @property
    def key(self):
        return self.person, self.number


class KeylessPrf:
    def __init__(self, name):
        self._name = name

    def compute(self, data):
        return hashlib.sha256(self._name.encode() + data).digest()[:16]


class Stores:
    """The study's and the platform's."""

    def __init__(self):
        self.study, self.platform = MemoryStore(), MemoryStore()

    def of(self, study):
        assert study == STUDY
        return self.study


class Killed(BaseException):
    """As a kill: nothing catches it."""


def load_registry(folder, buckets=4):
    for name, text in _FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.replace("BUCKETS", str(buckets)))
    for name in (VISIT, SURVEY, "joined.1"):
        (folder / STUDY / f"{name}.avsc").write_text(json.dumps(described(_PAYLOAD)))
    write_reviews(folder)
    return Registry.load(str(folder))


class MemoryStudy:
    """Everything that one test needs.

    Attributes:
        store: of the study.
        registry: may be replaced by one with another number of buckets.
    """

    def __init__(self, registry, stores=None):
        self.stores = stores or Stores()
        self.store = self.stores.of(STUDY)
        self.registry = registry
        self.pseudonyms = Pseudonyms(
            {name: KeylessPrf(name) for name in (PLATFORM, STUDY)}
        )
        if self.stores.platform.stat(ROOT) is None:
            self.publish(WithdrawalList())

    def publish(self, withdrawals):
        publish(self.stores.platform, withdrawals)

    def document(self, name):
        return self.registry.studies[STUDY].documents[name]

    def schema(self, revision=0, document=VISIT):
        """The schema of the payload in rows of a revision."""
        return _NEWEST if revision else self.document(document).schema

    def encode(self, row, document=VISIT):
        stream = io.BytesIO()
        text = row_schema(self.schema(row.revision, document))
        schema = fastavro.parse_schema(json.loads(text))
        fastavro.schemaless_writer(
            stream,
            schema,
            {
                "participant": participant(row.person),
                "document_id": str(uuid.UUID(int=row.number)),
                "submission_timestamp": row.time,
                "payload": {"id": "x", "page": row.page},
            },
        )
        return stream.getvalue()

    def add(self, *rows, document=VISIT, withdrawal_list=0):
        """Stores rows as ingest does, a file for each day and schema; their names."""
        schemas = [self.schema(number, document) for number in (0, 1)]
        tables = {
            schema.fingerprint: Table(row_schema(schema), schema.fingerprint)
            for schema in schemas
        }
        writer = RowWriter(
            self.stores, lambda *key: tables[key[2]], "1.0", lambda: withdrawal_list
        )
        files = {}
        for row in rows:
            encoded = self.encode(row, document)
            files.setdefault((row.day, row.revision), []).append(encoded)
        return [
            writer.write(
                partition(day, document),
                schemas[revision].fingerprint,
                files[day, revision],
                withdrawal_list,
            )
            for day, revision in sorted(files)
        ]

    def compactor(self, run="run"):
        return Compactor(
            self.stores,
            self.registry,
            self.pseudonyms,
            Leases(self.stores.platform, run),
        )

    def compact(self, day=None, run="run"):
        """All partitions, or those of a day; what became of those that changed."""
        compactor = self.compactor(run)
        done = [
            each
            for partition in plan_compaction(self.stores, self.registry)
            if day is None or partition.day == day_of(day)
            for each in compactor(partition)
        ]
        return [
            each for each in done if each.outcome is not CompactionOutcome.UNCHANGED
        ]

    def view(self, document=VISIT):
        """The rows that our own readers see, sorted; duplicates are seen."""
        rows = []
        for each in by_partition(list_files(self.store, STUDY)):
            if each.document != document:
                continue
            for live in read_view(self.store, each):
                for row in self.rows_of(live.file.info.name):
                    if live.holds(participant(row.person).encode()):
                        rows.append(row)
        return sorted(rows)

    def rows_of(self, name):
        """A file's rows, in its order."""
        data = self.store.read(name)
        fingerprint = read_header(data).entries.get("rally.schema", b"").decode()
        revision = int(fingerprint == self.schema(1).fingerprint)
        return [_row(each, revision) for each in read_rows(data)]

    def files(self, document=VISIT):
        """The rows of each file, by its path below the document."""
        prefix = f"data/study={STUDY}/document={document}/date="
        return {
            info.name.removeprefix(prefix): self.rows_of(info.name)
            for info in self.store.list(prefix)
        }

    def compacted(self, day, bucket, document=VISIT, revision=0):
        """The path of a compacted file below its document."""
        digits = self.schema(revision, document).fingerprint[:12]
        return f"{day_of(day)}/bucket={bucket}/compacted-{digits}.avro"

    def order(self, row):
        """What equal rows are sorted by: their time, then their bytes."""
        tag = bytes.fromhex(self.schema(row.revision).fingerprint[:12])
        return row.time, self.encode(row) + tag

    def entries(self, name):
        return read_header(self.store.read(name)).entries

    def generations(self):
        return {info.name: info.generation for info in self.store.list()}


def participant(person):
    return str(uuid.UUID(int=person << 124 | 0x8000 << 64 | 0x8 << 60))


def day_of(number):
    return (MONDAY + timedelta(days=number)).isoformat()


def partition(day=0, document=VISIT):
    return Partition(STUDY, document, day_of(day))


def expected_rows(
    rows, document=VISIT, order=lambda row: (row.time, row.number, row.page)
):
    """The rows that compaction has to keep, by a plain model.

    Holds where rows of one document id are at most three days apart.
    """
    best = {}
    for row in sorted(rows, key=order):
        key = row.key if document == VISIT else row.person
        if document == VISIT:
            best.setdefault(key, row)
        elif key not in best or best[key].time < row.time:
            best[key] = row
    return sorted(best.values())


def more_than(rows, others):
    """The rows that come more often than in others."""
    return Counter(rows) - Counter(others)


def _row(record, revision):
    time = record["submission_timestamp"]
    person = int(record["participant"][0], 16)
    assert record["participant"] == participant(person)
    return Row(
        person,
        uuid.UUID(record["document_id"]).int,
        (time.date() - MONDAY).days,
        time.hour * 3600 + time.minute * 60 + time.second,
        record["payload"]["page"],
        revision,
    )
