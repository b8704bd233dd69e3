"""The real thing in memory: intake, replay, compaction and deletion, in this process.

Pings come unsealed: opening them is tested elsewhere. All else is the jobs' own code.
"""

import io
import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import fastavro

from rally.compaction.compactor import Compactor, plan_compaction
from rally.dead_letters import list_dead_letters, read_sealed, unseal
from rally.decryption.opener import Opened
from rally.envelope import Envelope
from rally.event_log.event_log import EventLog
from rally.ingestion.decisions import LiveDecisions
from rally.ingestion.intake import Intake
from rally.ingestion.judge import Judge
from rally.ingestion.replay import Replay
from rally.ingestion.routes import Routes
from rally.outcomes import FailureReason
from rally.registry.rows import row_schema
from rally.storage.container import read_rows
from rally.storage.leases import Leases
from rally.storage.partitions import by_partition, is_row_file, list_files, read_view
from rally.storage.writer import RowWriter, Table
from rally.times import from_micros, to_micros
from rally.validation.pseudonyms import Pseudonyms
from rally.withdrawal.bootstrap import open_list
from rally.withdrawal.live_list import LiveList
from rally.withdrawal.rules import Rules
from tests.model.reference import (
    HOLD_ABOVE_PEOPLE,
    HOLD_ABOVE_SHARE,
    HOLD_DAYS,
    UNKNOWN_DAYS,
)
from tests.model.words import DATA, PATHS, PEOPLE, Ping, Row, content
from tests.support.memory_deployment import KeylessPrf, Killed, MemoryDeployment
from tests.support.request_decisions import sign_letters
from tests.support.world import HOUSE, rally_id

LONGEST_DELAY_DAYS = 10.0
RULES = Rules(
    HOLD_ABOVE_PEOPLE,
    HOLD_ABOVE_SHARE,
    hold_days=HOLD_DAYS,
    unresolved_days=UNKNOWN_DAYS,
    unmatched_days=UNKNOWN_DAYS,
)
_FOR_EVER = 1e9
_CHANGES = ("create", "replace", "delete", "purge")


Letter = tuple[str | None, str | None, bytes]
"""A dead letter: path, submission timestamp, payload."""


class ClearText:
    """Opens what is not sealed; seals nothing. A ping says what its bytes are."""

    def open(self, payload, namespace, path):
        clear = json.loads(payload)
        return Opened(clear, clear.pop("sealed"))

    def encrypt(self, plaintext, context):
        return context + b"\n" + plaintext

    def decrypt(self, ciphertext, context):
        assert ciphertext.startswith(context + b"\n")
        return ciphertext[len(context) + 1 :]


class ByTheirNames(Pseudonyms):
    """Pseudonyms; of sealed bytes it takes what they are called for a document id."""

    def of_sealed(self, jwe: str) -> str:
        return jwe


class MemoryPlatform(MemoryDeployment):
    """A platform, its jobs, and what can be seen of it from outside."""

    vault = ClearText()
    """Seals dead letters, and opens them."""

    def __init__(self, registry, now: datetime, **bucket) -> None:
        super().__init__(registry, confirms_reviews=False, **bucket)
        self.now = now
        self.pseudonyms = ByTheirNames(self.pseudonyms._prfs)
        self._rows: dict[tuple[str, int], list[Row]] = {}
        names = (HOUSE, *(each for each in registry.studies if each != HOUSE))
        self._people = {
            self.pseudonym(person, name): person for person in PEOPLE for name in names
        }

    def sign_letter(self, event):
        sign_letters(self.platform, event, at=self.now)

    def platform_pseudonym(self, person):
        return self.pseudonyms.of_platform(rally_id(person))

    def intake(self) -> Intake:
        """An intake with the list and the states as they are now, for ever."""
        clear = ClearText()
        judge = Judge(
            Routes(self.registry),
            clear,
            self.pseudonyms,
            LiveDecisions(self.platform).read(self.registry),
            LiveList(self.platform, _FOR_EVER),
            lambda: self.now,
        )
        prf = KeylessPrf("platform")
        return Intake(judge, self.platform, self.vault, prf, lambda: self.now, "1")

    def ingest(self, pings: Iterable[Ping], intake: Intake | None = None) -> None:
        intake = intake or self.intake()
        writer = self._writer(intake)
        for ping in pings:
            if row := intake.take(envelope(ping)):
                writer.add(*row)
        writer.flush()
        intake.flush()

    def replay(self) -> None:
        intake = self.intake()
        replay = Replay(intake, self._writer(intake), self.platform, self.vault, None)
        for place, info in list(list_dead_letters(self.platform)):
            replay.replay(place, info)

    def compact(self):
        """As pipelines.compact; what became of each partition."""
        open_list(self.platform)
        works = plan_compaction(self.stores, self.registry)
        run, counter = uuid.uuid4().hex, self.withdrawals().counter
        with Leases(self.platform, run, "compact", counter):
            compactor = self._compactor(run)
            return [each for work in works for each in compactor(work)]

    def job(self, **settings):
        ours = {"rules": RULES, "longest_delay_days": LONGEST_DELAY_DAYS}
        return super().job(**ours, run=uuid.uuid4().hex, **settings)

    def back_up(self) -> dict[str, bytes]:
        """The files of rows as they are now."""
        names = [info.name for info in self.data.list("data/")]
        return {name: self.data.read(name) for name in filter(is_row_file, names)}

    def restore(self, backup: dict[str, bytes], over: bool) -> None:
        """Puts back what a backup has, and, if so wished, over what is there."""
        for name, data in backup.items():
            info = self.data.stat(name)
            if info is None:
                self.data.create(name, data)
            elif over and self.data.read(name) != data:
                self.data.replace(name, data, info.generation)

    def view(self) -> Counter[Row]:
        """The rows that our own readers see, and how often."""
        seen: Counter[Row] = Counter()
        for study in self.registry.studies:
            for partition in by_partition(list_files(self.data, study)):
                for live in read_view(self.data, partition):
                    for row in self._rows_of(*live.file.identity):
                        person = self.pseudonym(row.person, row.namespace)
                        seen[row] += live.holds(person.encode())
        return +seen

    def stored(self) -> Counter[Row]:
        """The rows that any reader finds in any file."""
        infos = [each for each in self.data.list("data/") if is_row_file(each.name)]
        return Counter(
            row for info in infos for row in self._rows_of(info.name, info.generation)
        )

    def heard(self) -> set[tuple[str, str, str, int]]:
        """Kind, scope, document id and time of each event."""
        return {
            (str(each.kind), each.scope, each.document_id, each.submission_timestamp)
            for each in EventLog(self.platform)
        }

    def parked(self) -> dict[Letter, set[FailureReason]]:
        """The dead letters, with the reasons of each: one for each time it came."""
        found: dict[Letter, set[FailureReason]] = {}
        for place, info in list_dead_letters(self.platform):
            for each in read_sealed(self.platform.read(info.name)):
                letter = unseal(each, place, self.vault)
                made = letter.envelope
                key = made.uri, made.submission_timestamp, made.payload
                found.setdefault(key, set()).add(letter.reason)
        return found

    @contextmanager
    def fault(self, at: int, way: str) -> Iterator[Callable[[], bool]]:
        """The so many-th change of a store fails; yields what says whether it did.

        The process is killed before it, or the store refuses it, or the store does it
        and the answer is lost. What the process had leased stays behind.
        """
        left = [at]

        def fail(operation, name):
            if self.dead:
                raise Killed
            if operation in _CHANGES:
                left[0] -= 1
                if not left[0]:
                    self.dead = way == "killed"
                    raise Killed if self.dead else OSError(5, "out of reach")

        hook = "after" if way == "unanswered" else "fault"
        for store in (self.data, self.platform):
            setattr(store, hook, fail)
        try:
            yield lambda: left[0] <= 0
        finally:
            for store in (self.data, self.platform):
                store.after = store.fault = lambda operation, name: None
            self.mark_runs_dead()

    def _compactor(self, run):
        leases = Leases(self.platform, run)
        return Compactor(self.stores, self.registry, self.pseudonyms, leases)

    def _run_step(self, settings, step, works, make_step):
        if step == "settle":
            compactor = self._compactor(settings.run)
            make_step = lambda _: lambda work: [e.to_json() for e in compactor(work)]  # noqa: E731
        return super()._run_step(settings, step, works, make_step)

    def _writer(self, intake: Intake) -> RowWriter:
        def table(study, document, fingerprint):
            revisions = self.registry.studies[study].documents[document].revisions
            (found,) = [each for each in revisions if each.fingerprint == fingerprint]
            return Table(row_schema(found), fingerprint)

        return RowWriter(self.stores, table, "1", lambda: intake.counter)

    def _rows_of(self, name: str, generation: int) -> list[Row]:
        if (name, generation) not in self._rows:
            namespace, document = [
                part.partition("=")[2] for part in name.split("/")[1:3]
            ]
            data = self.data.read(name)
            found = [
                Row(namespace, document, self._people[each["participant"]],
                    each["document_id"], to_micros(each["submission_timestamp"]),
                    each["payload"]["mark"], _fields_in(each["payload"]))
                for each in read_rows(data)
            ]  # fmt: skip
            if document in DATA:
                self._check_bytes(data, found)
            self._rows[name, generation] = found
        return self._rows[name, generation]

    def _check_bytes(self, data: bytes, rows: Iterable[Row]) -> None:
        """Holds a file's bytes against those that another program writes of its rows.

        So whatever a row has lost, all else of it is what its ping said.
        """
        blocks = fastavro.block_reader(io.BytesIO(data))
        expected = io.BytesIO()
        for each in rows:
            person = self.pseudonym(each.person, each.namespace)
            record = {
                "participant": person,
                "document_id": each.document_id,
                "submission_timestamp": each.time,
                "payload": content(each) | {"rally_id": person},
            }
            fastavro.schemaless_writer(expected, blocks.writer_schema, record)
        assert b"".join(each.bytes_.read() for each in blocks) == expected.getvalue()


def _fields_in(payload: dict[str, Any]) -> frozenset[str]:
    """Paths of the fields that can be taken out at which there is a value."""
    found = {path for path in PATHS if payload.get(path[1:]) is not None}
    if any(part["word"] for part in payload.get("parts", ())):
        found.add("/parts/*/word")
    return frozenset(found)


def envelope(ping: Ping) -> Envelope:
    """The ping as it arrives."""
    clear = {"rally.id": rally_id(ping.person), "sealed": ping.document_id}
    if ping.kind == "uninstall":
        clear = {"deletion.id": deletion_id(ping.person), "sealed": ping.document_id}
    elif ping.kind == "join":
        clear["mark"] = ping.mark
    elif ping.document in DATA:
        clear |= content(ping)
    if ping.namespace == HOUSE and ping.document.startswith("study-"):
        clear["study"] = ping.scope
    if ping.kind == "join" and ping.mark == "b":
        clear["deletion.id"] = deletion_id(ping.person)
    kind, _, version = ping.document.partition(".")
    sent = f"{from_micros(ping.time):%Y-%m-%dT%H:%M:%SZ}"
    anything = uuid.uuid5(uuid.NAMESPACE_OID, repr(ping))
    path = f"/submit/{ping.namespace}/{kind}/{version}/{anything}"
    return Envelope(json.dumps(clear).encode(), path, sent)


def deletion_id(person: int) -> str:
    return str(uuid.UUID(int=0xDE1E7E00_0000_4000_8000_000000000000 + person))
