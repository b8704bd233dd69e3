"""Builds a platform in memory, lets a week happen there, and audits it."""

import copy
import json
import pickle
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rally.audit.audit import Audit
from rally.audit.findings import AuditReport, Check, Observation
from rally.audit.row_audit import make_auditor
from rally.audit.settings import AuditSettings
from rally.compaction.file_draft import HeaderLabel, draft_file
from rally.deletion.study_views import ViewPublisher
from rally.events import RALLY
from rally.keys.names import Job
from rally.registry.registry import Registry
from rally.registry.rows import RowEncoder, row_schema
from rally.registry.transitions import StudyAction
from rally.storage.container import encode_container
from rally.storage.layout import Partition, new_file
from rally.storage.marker import NAME as MARKER
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.partitions import Bucket, compacted_file
from rally.storage.writer import of_new
from rally.times import from_micros
from rally.withdrawal.list_object import read_people
from tests.model.memory_platform import MemoryPlatform
from tests.model.words import Ping, moment
from tests.rally.audit.studies import BOG
from tests.support.memory_deployment import DeploymentSettings
from tests.support.people import job_key
from tests.support.stores import mark_derived
from tests.support.study_decisions import decide_study
from tests.support.world import GARDEN, POND

SEALED_PREFIX = b"\x01toy!"
_KEY_BYTES = 48
_STUDIES = (GARDEN, POND)


class ToySealer:
    """Seals so that nothing can be read by chance; it keeps nothing from anybody."""

    def open(self, payload, namespace, path):
        return json.loads(payload)

    def encrypt(self, plaintext, context):
        return SEALED_PREFIX + bytes(_KEY_BYTES) + _mixed(context + b"\n" + plaintext)

    def decrypt(self, ciphertext, context):
        clear = _mixed(ciphertext.removeprefix(SEALED_PREFIX)[_KEY_BYTES:])
        assert clear.startswith(context + b"\n")
        return clear[len(context) + 1 :]


def _mixed(data: bytes) -> bytes:
    return bytes(byte ^ 0xA5 for byte in data)


@dataclass(frozen=True)
class InMemoryAuditSettings(DeploymentSettings, AuditSettings):
    """Settings of an audit of a platform in memory."""

    def sealing_prefixes(self):
        return (SEALED_PREFIX,)

    def open_releases(self, chain):
        return self.deployment.releases


class AuditedPlatform(MemoryPlatform):
    """A platform and its audit.

    Attributes:
        folder: Folder of keys.
        derived: Folder of researchers' tables.
        releases: Place where results leave; None where nobody names one.
        birds: Registry of a study that releases something; see fixture `deployment`.
    """

    releases: ObjectStore | None = None
    birds: Registry
    vault = ToySealer()

    def __init__(self, registry, folder: Path, derived: Path, **bucket) -> None:
        super().__init__(registry, from_micros(moment(0)), **bucket)
        self._people |= {self.pseudonym(5, name): 5 for name in registry.studies}
        self.folder, self.derived = folder, derived
        for each in (derived, folder / "keys", folder / "platform"):
            shutil.rmtree(each, ignore_errors=True)
            each.mkdir(parents=True)
        self._mark_derived()
        self.begin_views(*_STUDIES)

    def begin_views(self, *namespaces: str) -> None:
        """Publishes the first views of studies, as `rally init` does."""
        begun = Registry({each: self.registry.studies[each] for each in namespaces})
        key = job_key(Job.DELETE)
        views = ViewPublisher(self.stores, begun, self.pseudonyms, key)
        views.publish(read_people(self.platform), (), self.now)

    def copy_from(self, other: "AuditedPlatform") -> "AuditedPlatform":
        """Takes over what another one stores, as it is."""
        self.now = other.now
        for own, its in ((self.data, other.data), (self.platform, other.platform)):
            live = its._versions.live.items()
            own._versions.live = {name: copy.copy(each) for name, each in live}
            own._versions._numbers = copy.copy(its._versions._numbers)
        self._mark_derived()
        return self

    def _mark_derived(self) -> None:
        """Marks researchers' folders as those of this platform."""
        for name, study in (("garden", GARDEN), ("bog", BOG)):
            (self.derived / name / MARKER).unlink(missing_ok=True)
            mark_derived(self.derived / name, study, self.platform)

    def audit(self, **settings) -> AuditReport:
        """Audits in this process; units and results travel as on a runner."""
        given = {"ping_keys": str(self.folder / "keys"), **settings}
        platform_keys = str(self.folder / "platform")
        made = InMemoryAuditSettings(
            store="memory", platform_keys=platform_keys, deployment=self, **given
        )

        def run_step(units, size):
            look = make_auditor(made)
            return [
                json.loads(json.dumps(look(pickle.loads(pickle.dumps(unit)))))
                for unit in units
            ]

        return Audit(made, run_step).run()

    def at(self, day: int, hour: int = 0) -> None:
        """Sets the clock."""
        self.now = from_micros(moment(day, hour))

    def decide(
        self, namespace: str, action: StudyAction, day: int, hour: int = 0
    ) -> None:
        at = from_micros(moment(day, hour))
        decide_study(self.platform, namespace, action, at)

    def live_a_week(self) -> None:
        """A week of two studies, in which everything happens that may."""
        self.decide(BOG, StudyAction.CONCLUDE, 0)
        for person in range(5):
            self.ingest([join(person, RALLY), join(person, GARDEN)])
            self.ingest([join(person, POND, own=True)])
        for day in range(4):
            self.at(day)
            self.ingest(
                visit(person, study, day) for person in range(5) for study in _STUDIES
            )
            self.ingest([survey(0, day), visit(0, GARDEN, max(day - 1, 0))])
            self.compact()
        self.ingest([leave(1, GARDEN, 3, 1), leave(2, RALLY, 3, 1)])
        self.at(4)
        self.delete()
        self.ingest([join(2, RALLY, 4), join(2, POND, 4, own=True), visit(2, POND, 4)])
        self.ingest([visit(1, POND, 4), visit(2, GARDEN, 4)])  # the last is parked
        self.at(6)
        self.ingest([leave(3, GARDEN, 6), leave(5, POND, 6), visit(3, POND, 5)])
        self.ingest([visit(5, POND, 5)])
        self.delete()
        self.compact()
        self.ingest([visit(4, POND, 6)])
        self.at(7)
        self.ingest([leave(4, POND, 7)])  # is on its way

    def put(self, rows, study=GARDEN, document="visit.1", day=0, **more) -> str:
        """Stores a file as ingest does; gives its name. `more` are header entries."""
        partition = partition_of(study, document, day)
        table = self.registry.documents(self.registry.studies[study])[document]
        ordered, fingerprint = sorted(rows), table.schema.fingerprint
        digest = of_new(partition, fingerprint)
        for row in ordered:
            digest.update(row)
        content = digest.hexdigest()
        schema, sync = (
            more.pop("schema", row_schema(table.schema)),
            bytes.fromhex(content)[:16],
        )
        entries = {"rally.version": "1", "rally.list": "0", "rally.schema": fingerprint}
        entries |= {"rally.content": content} | more
        data = encode_container(schema, ordered, entries, sync, indexed=True)
        name = new_file(partition, content[:32])
        assert self.data.create(name, data)
        return name

    def put_compacted(self, rows, study=GARDEN, document="visit.1", day=0) -> str:
        """Stores a file of one bucket for everybody, as compaction does."""
        table = self.registry.documents(self.registry.studies[study])[document]
        fingerprint = table.schema.fingerprint
        partition = partition_of(study, document, day)
        name = compacted_file(partition, Bucket(0, 0), fingerprint[:12])
        label = HeaderLabel(row_schema(table.schema), fingerprint, "1", 0)
        with draft_file(name, label) as spool:
            spool.write(sorted(rows))
            spool.commit(self.data, None, ())
        return name

    def _check_bytes(self, data, rows) -> None:
        """Rows that tests make are not as the model's clients write them."""

    def row(self, person=0, study=GARDEN, time=None, number=1, **more) -> bytes:
        """Returns a row as it is stored."""
        table = self.registry.studies[study].documents[more.get("document", "visit.1")]
        own = more.get("participant") or self.pseudonym(person, study)
        payload = {"rally.id": own, "mark": "a"}
        if any(each["name"] == "parts" for each in table.schema.json["fields"]):
            payload |= {"parts": [], "note": more.get("note")}  # as the model has it
        return RowEncoder(table).encode(
            own,
            f"d0c00000-0000-4000-8000-{number:012}",
            moment(0) if time is None else time,
            more.get("agent"),
            more.get("tags"),
            payload,
        )

    def damage(self, store, name: str, at: int = -1) -> None:
        """Changes a byte of an object."""
        data, info = bytearray(store.read(name)), store.stat(name)
        data[at] ^= 1
        store.replace(name, bytes(data), info.generation)


def partition_of(study, document="visit.1", day=0) -> Partition:
    return Partition(study, document, day_of(day))


def day_of(day: int) -> str:
    return f"{from_micros(moment(day)):%Y-%m-%d}"


def lines_by_check(
    report: AuditReport, kind: str = "findings"
) -> dict[Check, list[Observation]]:
    """Returns what breaks which promise; or what is `apart`, or `unseen`."""
    lines = {each.check: list(getattr(each, kind)) for each in report.checks}
    return {check: seen for check, seen in lines.items() if seen}


def count_by_description(seen: Iterable[Observation]) -> dict[str, int]:
    """Adds up the numbers of each description over all places."""
    summed: dict[str, int] = {}
    for each in seen:
        summed[each.what] = summed.get(each.what, 0) + each.number
    return summed


def visit(person, study, day, hour=-1):
    return Ping("visit", person, study, True, day, moment(day, hour), "a")


def survey(person, day):
    return Ping("survey", person, GARDEN, True, day, moment(day, -1), "a")


def join(person, scope, day=0, own=False):
    is_own = own and scope != RALLY
    return Ping("join", person, scope, is_own, day, moment(day, -2), "a")


def leave(person, scope, day, hour=0):
    return Ping("leave", person, scope, False, day, moment(day, hour), "a")
