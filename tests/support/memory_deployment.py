"""A small deployment in memory, on which the deletion job runs as a whole."""

import hashlib
import io
import json
import pickle
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import fastavro

from rally.decisions.verifying import read_chain
from rally.deletion.deletion import Deletion
from rally.deletion.settings import DeletionSettings
from rally.events import MAIL, RALLY, Event, EventKind, write_events
from rally.keys.names import Job
from rally.keys.platform_keys import PlatformKeys
from rally.receipts.chain import find
from rally.receipts.changes import read_changes
from rally.receipts.receipt import Stage
from rally.receipts.verify import verify_chain
from rally.registry.expunges import ExpungeOrder
from rally.registry.rows import RowEncoder, row_schema
from rally.storage.container import encode_container
from rally.storage.header import read_header
from rally.storage.layout import VIEWS, Partition, Stores, new_file
from rally.storage.objectstore.interface import ObjectInfo
from rally.storage.partitions import Bucket, compacted_file
from rally.storage.runs import RUNS
from rally.storage.snapshots import header_of
from rally.times import to_micros
from rally.validation.pseudonyms import PLATFORM, Pseudonyms
from rally.withdrawal.list_object import read_list
from rally.withdrawal.withdrawal_list import WithdrawalList
from tests.fakes.memory_store import MemoryStore, nothing
from tests.support.expunges import order_expunge
from tests.support.people import job_key
from tests.support.request_decisions import sign_letters
from tests.support.reviews import sign_reviews
from tests.support.stores import publish
from tests.support.world import GARDEN, HOUSE

NOBODY = 1 << 22
"""The id of no process: Linux counts to one less."""

FIRST = datetime(2026, 5, 1, tzinfo=UTC)
SYNC = bytes(range(16))
OURS = {"rally.version": "1", "rally.list": "0", "rally.schema": "0"}


def day(number: float) -> datetime:
    """Noon of a day, counted from the first of May 2026."""
    return FIRST + timedelta(days=number, hours=12)


def micros(number: float) -> int:
    return to_micros(day(number))


class Row(NamedTuple):
    """A row: whose it is, which document, on which day, and what it says."""

    person: int
    number: int
    day: float = 10
    page: str = "page"
    seconds: float | None = None


class Killed(BaseException):
    """A process dies: nothing catches it."""


class KeylessPrf:
    """A keyed function without a key, so that pseudonyms are the same in every run."""

    def __init__(self, name):
        self._name = name.encode()

    def compute(self, data):
        return hashlib.sha256(self._name + b"\0" + data).digest()[:16]


class MemoryStores(Stores):
    """The rows of all studies in one store, and the platform's records in another."""

    def __init__(self, data: MemoryStore, platform: MemoryStore) -> None:
        self._template = data.uri
        self.data = data
        self.platform = platform

    def of(self, study):
        return self.data


@dataclass(frozen=True)
class DeploymentSettings:
    """Settings of a job that take stores, keys and clock from a deployment."""

    deployment: Any = None

    def clock(self):
        return lambda: self.deployment.now

    def registry(self):
        return self.deployment.registry

    def stores(self):
        return self.deployment.stores

    def keys(self, registry):
        return self.deployment.keys


@dataclass(frozen=True)
class MemoryDeletionSettings(DeploymentSettings, DeletionSettings):
    """Settings of deletion on a deployment in memory; no rewrite waits."""

    rewrite_after_days: float = 0.0


class MemoryDeployment:
    """Two studies and the platform's namespace, and what people did there."""

    def __init__(
        self, registry, platform=None, *, confirms_reviews=True, **bucket
    ) -> None:
        self.now = day(30)
        self.registry = registry
        self.data = MemoryStore(clock=lambda: self.now, **bucket)
        self.platform = MemoryStore(
            clock=lambda: self.now, uri="memory://platform", **platform or {}
        )
        self.stores = MemoryStores(self.data, self.platform)
        names = (PLATFORM, *registry.studies)
        prfs = {name: KeylessPrf(name) for name in names}
        signers = {Job.DELETE: job_key(Job.DELETE)}
        self.keys = PlatformKeys(prfs, signers, sealer=None, opener=None)
        self.pseudonyms = Pseudonyms(prfs)
        self.settings = MemoryDeletionSettings(
            store="memory", platform_keys="memory", deployment=self
        )
        self.steps: list[str] = []
        self.dead = False
        publish(self.platform, WithdrawalList())
        sign_reviews(self.platform, registry, confirms=confirms_reviews)

    def platform_pseudonym(self, person: int) -> str:
        return self.pseudonyms.of_platform(f"person {person}")

    def pseudonym(self, person: int, study: str = GARDEN) -> str:
        platform = self.platform_pseudonym(person)
        if study == HOUSE:
            return platform
        return self.pseudonyms.of_study(study, platform)

    def event(self, kind, person, scope, when, **more):
        event = Event(
            kind,
            scope,
            self.platform_pseudonym(person),
            micros(when),
            None,
            document_id=more.pop("document", f"{kind}-{person}-{scope}-{when}"),
            signal=f"{HOUSE if scope == RALLY else scope}/ping.1",
        )
        event = event._replace(**more)
        write_events(self.platform, [event], "1")
        if event.signal == MAIL:
            self.sign_letter(event)

    def sign_letter(self, event):
        sign_letters(self.platform, event)

    def leave(self, person, scope=GARDEN, when=20.0, **more):
        self.event(EventKind.LEFT, person, scope, when, **more)

    def join(self, person, scope=GARDEN, when=1.0, **more):
        self.event(EventKind.JOINED, person, scope, when, **more)

    def expunge(self, first, last, field=None, **how) -> ExpungeOrder:
        """Orders to expunge visits of two days, counted as `day` does, and between."""
        days = day(first).date(), day(last).date()
        how = {"namespace": GARDEN, "document": "visit.1", "at": self.now} | how
        return order_expunge(self.platform, days=days, field=field, **how)

    def document(self, study):
        """The platform's enrolment document, or a study's one document of data."""
        name = "enrollment.1" if study == HOUSE else "visit.1"
        return self.registry.studies[study].documents[name]

    def encode(self, row: Row, study=GARDEN) -> bytes:
        """A row as it is stored."""
        payload: dict[str, Any] = {"rally.id": self.pseudonym(row.person, study)}
        if study != HOUSE:
            payload |= {"page": row.page, "count": row.number, "seconds": row.seconds}
        return RowEncoder(self.document(study)).encode(
            self.pseudonym(row.person, study),
            document_id(row.number),
            micros(row.day),
            None,
            None,
            payload,
        )

    def record(self, row: Row, study=GARDEN) -> dict[str, Any]:
        """The same as a reader knows it."""
        schema = fastavro.parse_schema(json.loads(self.schema(study)))
        stream = io.BytesIO(self.encode(row, study))
        return fastavro.schemaless_reader(stream, schema, None)

    def schema(self, study=GARDEN):
        return row_schema(self.document(study).schema)

    def indexed_file(self, rows, study=GARDEN, **entries) -> bytes:
        """An Avro file with a block index, as the pipeline writes it."""
        encoded = sorted(self.encode(row, study) for row in rows)
        schema = self.schema(study)
        return encode_container(schema, encoded, OURS | entries, SYNC, indexed=True)

    def foreign_file(self, rows, study=GARDEN, **how) -> bytes:
        """A file that fastavro writes, without an index, in the order of the rows."""
        schema = fastavro.parse_schema(json.loads(self.schema(study)))
        records = [self.record(row, study) for row in rows]
        stream = io.BytesIO()
        fastavro.writer(stream, schema, records, **{"sync_marker": SYNC} | how)
        return stream.getvalue()

    def put(self, data: bytes, name="a", study=GARDEN, date="2026-05-11") -> str:
        """Stores a file in a partition; gives its name."""
        document = self.document(study).name
        name = new_file(Partition(study, document, date), name)
        assert self.data.create(name, data)
        return name

    def put_compacted(self, data, name="a", study=GARDEN, date="2026-05-11") -> str:
        """Stores a file as the only one of a revision in a partition of one bucket."""
        partition = Partition(study, self.document(study).name, date)
        revision = hashlib.sha256(name.encode()).hexdigest()[:12]
        name = compacted_file(partition, Bucket(0, 0), revision)
        assert self.data.create(name, data)
        return name

    def delete(self, **settings):
        """A run of the job; its report."""
        return self.job(**settings).run()

    def job(self, **settings):
        made = MemoryDeletionSettings(
            store="memory", platform_keys="memory", deployment=self, **settings
        )
        return Deletion(made, lambda *step: self._run_step(made, *step))

    def mark_runs_dead(self) -> None:
        """Marks leased runs as dead, as after a kill of their process."""
        self.dead = False
        self.data.fault = self.platform.fault = nothing
        for info in list(self.platform.list(RUNS)):
            with suppress(ValueError):  # what is no run's is somebody else's object
                run = json.loads(self.platform.read(info.name)) | {"pid": NOBODY}
                data = json.dumps(run).encode()
                self.platform.replace(info.name, data, info.generation)

    def _run_step(self, settings, step, works, make_step):
        """Runs a step as a runner does: works are pickled, results are JSON."""
        self.steps.append(step)
        worker = make_step(settings)
        return [
            json.loads(json.dumps(worker(pickle.loads(pickle.dumps(work)))))
            for work in works
        ]

    def withdrawals(self):
        return read_list(self.platform).list

    def receipts(self):
        return list(find(self.platform, read_chain(self.platform)))

    def changes(self, receipt):
        """The changes of files behind a receipt."""
        if receipt.changes is None:
            return []
        told = read_changes(self.platform, receipt.changes)
        plans = receipt.plan.split("+")
        return [
            each
            for each in told
            if each.plan in plans and receipt.request in each.requests
        ]

    def stages(self) -> dict[str, list[str]]:
        """How far each request is, by its scope and person's document."""
        return {
            each.document_id: [str(stage) for stage in Stage if stage in each.stages]
            for each in self.withdrawals().withdrawals
        }

    def numbers(self, study=GARDEN) -> list[int]:
        """Of all rows of a study, sorted; duplicates are seen."""
        files = [info.name for info in self.data.list(f"data/study={study}/")]
        return sorted(number for name in files for number in self.numbers_in(name))

    def numbers_in(self, name: str) -> list[int]:
        """Of the rows of one file."""
        data = io.BytesIO(self.data.read(name))
        return [int(row["document_id"][-12:]) for row in fastavro.reader(data)]

    def check(self) -> None:
        """The chain of receipts is whole and true, as far as the files still tell."""
        known = self.withdrawals().last_receipt
        decisions = read_chain(self.platform)
        findings = verify_chain(self.platform, decisions, self.stores, known)
        assert list(map(str, findings)) == []

    def told(self) -> dict[str, list[tuple[str, int]]]:
        """Reason and rows of each receipt, by the document id of its request.

        Of the requests that are on the list.
        """
        found: dict[str, list[tuple[str, int]]] = {}
        names = {
            each.request: each.document_id for each in self.withdrawals().withdrawals
        }
        for each in self.receipts():
            rows = sum(section.rows for section in each.sections)
            if each.request in names:  # a stranger's leaves the list at last
                told = str(each.reason), rows
                found.setdefault(names[each.request], []).append(told)
        return found

    def all_objects(self) -> dict[str, tuple[int, bytes]]:
        """Generation and bytes of every object but views, which each run renews."""
        return {
            f"{store.uri}/{info.name}": (info.generation, store.read(info.name))
            for store in (self.data, self.platform)
            for info in store.list()
            if not info.name.startswith(("leases/", VIEWS))
        }


def document_id(number: int) -> str:
    """The id of a made-up ping."""
    return f"d0c00000-0000-4000-8000-{number:012}"


def header_in(store: MemoryStore, name: str):
    """The header of a stored file."""
    with store.open(name) as snapshot:
        return header_of(snapshot)


def live(store: MemoryStore, name: str) -> ObjectInfo:
    """A file that must be there."""
    info = store.stat(name)
    assert info is not None
    return info


def frames(data: bytes) -> list[bytes]:
    """The blocks of a file, whole."""
    header = read_header(data)
    body = data[header.length :]
    return [each + header.sync for each in body.split(header.sync)[:-1]]
