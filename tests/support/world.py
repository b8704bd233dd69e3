"""A small platform to test with: three namespaces, their keys, and sealed pings.

Ids and times are fixed; keys are fresh each time, as ciphertexts and pseudonyms are.
"""

import base64
import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import fastavro
from tink import hybrid

from rally.dead_letters import DeadLetter, list_dead_letters, read_sealed, unseal
from rally.envelope import parse_timestamp
from rally.event_log.event_log import EventLog
from rally.events import Event
from rally.initialisation.first_views import begin_views
from rally.keys import administration
from rally.keys.folder import KeyFolder
from rally.keys.kek_assignment import assign_kek
from rally.keys.local_kek import FILE, ensure_local_kek
from rally.keys.names import Job
from rally.keys.platform_administration import ensure_platform_keys
from rally.keys.platform_keys import PlatformKeys
from rally.registry.registry import Registry
from rally.storage.container import read_rows
from rally.storage.header import read_header
from rally.storage.last_runs import FOLDER
from rally.storage.marker import read_marker
from rally.storage.objectstore.open_store import open_store
from rally.times import to_micros
from rally.withdrawal.people_index import Enrolment
from rally.withdrawal.withdrawal_list import Withdrawal
from tests.rally.withdrawal.lists import joined, left, publish
from tests.support.message_files import SCHEMA
from tests.support.people import make_people_keys
from tests.support.reviews import sign_reviews, write_reviews
from tests.support.schemas import described
from tests.support.stores import found_platform, keys_in, make_stores

AS_OF = "2026-06-01T12:00:00Z"
SENT = "2026-05-20T10:00:00.000000Z"
SENT_LATER = "2026-05-21T10:00:00.000000Z"

HOUSE, GARDEN, POND = "rally-house", "rally-garden", "rally-pond"
NAMESPACES = (GARDEN, HOUSE, POND)

VISIT = {
    "type": "record",
    "name": "visit",
    "participant": "/rally.id",
    "fields": [
        {"name": "rally_id", "json": "rally.id", "type": "string"},
        {"name": "page", "type": "string"},
        {"name": "count", "type": "long"},
        {"name": "seconds", "type": ["null", "double"], "default": None},
        {"name": "private", "type": ["null", "boolean"], "default": None},
        {
            "name": "labels",
            "type": ["null", {"type": "map", "values": "string"}],
            "default": None,
        },
        {
            "name": "parts",
            "type": [
                "null",
                {
                    "type": "array",
                    "items": {
                        "type": "record",
                        "name": "part",
                        "fields": [
                            {"name": "kind", "type": "string"},
                            {"name": "size", "type": "int"},
                        ],
                    },
                },
            ],
            "default": None,
        },
    ],
}
JOINED = {
    "type": "record",
    "name": "joined",
    "participant": "/rally.id",
    "deletion_id": "/deletion.id",
    "fields": [
        {"name": "rally_id", "json": "rally.id", "type": "string"},
        {
            "name": "deletion_id",
            "json": "deletion.id",
            "type": ["null", "string"],
            "default": None,
        },
    ],
}
JOINED_STUDY = {
    **JOINED,
    "fields": [*JOINED["fields"], {"name": "study", "type": "string"}],
}
LEFT = {
    "type": "record",
    "name": "left",
    "participant": "/rally.id",
    "fields": [{"name": "rally_id", "json": "rally.id", "type": "string"}],
}
UNINSTALLED = {
    "type": "record",
    "name": "uninstalled",
    "deletion_id": "/deletion.id",
    "fields": [{"name": "deletion_id", "json": "deletion.id", "type": "string"}],
}

_DATA = """
  visit.1:
    means: data
    delete_after_days: 180
    purpose: what is visited"""
_JOINS = """
  study-enrollment.1:
    means: joins
    purpose: who joined"""
_LEAVES = """
  study-unenrollment.1:
    means: leaves
    purpose: who left"""
NOTICE = hashlib.sha256(b"What we collect, and what for.").hexdigest()
"""The hash of the one notice that people of the three namespaces read."""

NOTICES = f"""
notices:
  - {{version: "1", from: 2026-02-01, where: https://example.org/notice, lang: en,
     lasts_days: 365, sha256: {NOTICE}}}"""
"""Entry of study.yaml: the notices of each of them."""
_DATES = f"""{NOTICES}
starts: 2026-02-01
collect_through: 2026-12-31
analysis_until: 2027-12-31
"""

STUDIES = {
    f"{GARDEN}/study.yaml": f"""
namespace: {GARDEN}
kind: study
name: Garden
aliases: [garden@example.org]{_DATES}
policy: {{enrolment: required, do_not_track: consent, private_browsing: client,
          countries: [US], after_end: defer}}
documents:{_DATA}{_JOINS}{_LEAVES}""",
    f"{POND}/study.yaml": f"""
namespace: {POND}
kind: study
name: Pond{_DATES}
policy: {{enrolment: required, do_not_track: refuse, private_browsing: /private,
          after_end: delete}}
documents:{_DATA}""",
    f"{HOUSE}/study.yaml": f"""
namespace: {HOUSE}
kind: platform
name: Rally{NOTICES}
starts: 2026-02-01
policy: {{enrolment: required, do_not_track: consent, private_browsing: client}}
documents:
  enrollment.1:
    means: joins
    kept_by: {{person: ann, reason: a test}}
    purpose: who joined Rally
  study-enrollment.1:
    means: joins
    kept_by: {{person: ann, reason: a test}}
    scope: [/study]
    purpose: who joined which study
  unenrollment.1:
    means: leaves
    purpose: who left Rally
  uninstall-deletion.1:
    means: deletion-id
    purpose: whose extension is gone""",
}
SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    f"{GARDEN}/visit.1": VISIT,
    f"{GARDEN}/study-enrollment.1": JOINED,
    f"{GARDEN}/study-unenrollment.1": LEFT,
    f"{POND}/visit.1": VISIT,
    f"{HOUSE}/enrollment.1": JOINED,
    f"{HOUSE}/study-enrollment.1": JOINED_STUDY,
    f"{HOUSE}/unenrollment.1": LEFT,
    f"{HOUSE}/uninstall-deletion.1": UNINSTALLED,
}


class Message(NamedTuple):
    """A message as Pub/Sub has it."""

    body: bytes
    attributes: Mapping[str, str]

    def gcp_line(self) -> str:
        """In the form of gcp-ingestion."""
        payload = base64.b64encode(self.body).decode()
        return json.dumps({"attributeMap": dict(self.attributes), "payload": payload})

    def pubsub_line(self) -> str:
        """In Pub/Sub's own form."""
        data = base64.b64encode(self.body).decode()
        return json.dumps({"attributes": dict(self.attributes), "data": data})


class World:
    """Keys and studies below a folder; the store is wherever a test says."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.keys = str(root / "keys")
        self.studies = str(root / "studies")
        write_studies(root / "studies")
        folder, platform = KeyFolder(self.keys), KeyFolder(f"{self.keys}/platform")
        # By its absolute path, so that a copy of the folders finds it too.
        kek = f"local-kek://{Path(self.keys).resolve() / FILE}"
        ensure_local_kek(self.keys)
        assign_kek(folder, "namespaces", GARDEN, kek)
        assign_kek(platform, "purposes", "any", kek)
        for namespace in NAMESPACES:
            administration.create(folder, namespace, "hpke")
        ensure_platform_keys(platform.uri, list(NAMESPACES))

    def options(self, store: str, *more: str) -> list[str]:
        """A job's options, but for its source; the store is made if it is not there.

        Of one that has {study} in it a test makes what it needs.
        """
        if store and "{study}" not in store and read_marker(open_store(store)) is None:
            self.make_stores(store)
        return self.where(store, *more)

    def where(self, store: str, *more: str) -> list[str]:
        """The same options, and nothing is made."""
        named = {"store": store, "keys": self.keys, "studies": self.studies}
        named["as_of"] = AS_OF
        return [f"--{name}={value}" for name, value in named.items()] + list(more)

    def signed(self, by: str) -> list[str]:
        """The options of somebody who decides."""
        return [f"--by={by}", f"--people_keys={self.people_keys}"]

    @cached_property
    def people_keys(self) -> str:
        """A folder with everybody's keys."""
        return make_people_keys(self.root / "people")

    def make_stores(self, store: str, platform: str | None = None) -> None:
        """Makes a store and its platform, and of {study} those of all studies."""
        keys, registry = f"{self.keys}/platform", Registry.load(self.studies)
        stores = make_stores(store, keys, platform, NAMESPACES)
        sign_reviews(stores.platform, registry)
        now = datetime.fromisoformat(AS_OF)
        begin_views(stores, registry, NAMESPACES, (), keys, now)

    @cached_property
    def _sealers(self) -> dict[str, hybrid.HybridEncrypt]:
        folder = KeyFolder(self.keys)
        return {
            name: folder.read_keyset(name)
            .public_keyset_handle()
            .primitive(hybrid.HybridEncrypt)
            for name in NAMESPACES
        }

    def message(
        self,
        document: str,
        clear: Mapping[str, object] | bytes,
        number: int,
        sent: str = SENT,
        **attributes: str,
    ) -> Message:
        """A sealed ping.

        Args:
            document: `<namespace>/<type>/<version>`.
            clear: the payload.
            number: makes the document id.
            sent: the submission timestamp.
            attributes: more of them.
        """
        path = f"/submit/{document}/{document_id(number)}"
        text = clear if isinstance(clear, bytes) else json.dumps(clear).encode()
        sealer = self._sealers[document.partition("/")[0]]
        body = sealer.encrypt(text, path.encode())
        always = {"uri": path, "submission_timestamp": sent}
        return Message(body, always | attributes)

    def visit(self, person: int, number: int, **more: Any) -> Message:
        """A ping that is stored; `more` goes to `message`."""
        clear = {"rally.id": rally_id(person), "page": f"page {number}", "count": 1}
        return self.message(f"{GARDEN}/visit/1", clear, number, **more)

    def platform_pseudonym(self, person: int) -> str:
        """Who a person is in the events and the platform's rows."""
        return self._pseudonym("platform", rally_id(person))

    def pseudonym(self, person: int, study: str = GARDEN) -> str:
        """Who a person is in a study's rows."""
        return self._pseudonym(study, self.platform_pseudonym(person))

    def deletion_pseudonym(self, person: int, study: str | None = None) -> str:
        """What stands for a deletion id, made as a person's id is."""
        known_by = self._pseudonym("platform", f"deletion-id:{rally_id(person)}")
        return self._pseudonym(study, known_by) if study else known_by

    def _pseudonym(self, name: str, text: str) -> str:
        keys = PlatformKeys.open(f"{self.keys}/platform", pseudonyms=[name])
        bits = int.from_bytes(keys.prf(name).compute(text.encode()), "big")
        bits = bits & ~(0xF000 << 64) | 0x8000 << 64
        return str(uuid.UUID(int=bits & ~(0xC000 << 48) | 0x8000 << 48))

    def left(self, person: int, scope: str, at: str = SENT) -> Withdrawal:
        """A person's withdrawal, for `publish`."""
        micros = to_micros(parse_timestamp(at))
        return left(self.platform_pseudonym(person), scope, micros)

    def joined(self, person: int, scope: str, at: str = SENT) -> Enrolment:
        """An enrolment of somebody who has left, for `publish`."""
        micros = to_micros(parse_timestamp(at))
        return joined(self.platform_pseudonym(person), scope, micros)

    def publish(
        self, store: str, counter: int, *records: Withdrawal | Enrolment
    ) -> None:
        """Publishes a store's withdrawal list, as deletion does."""
        keys = PlatformKeys.open(f"{self.keys}/platform", signing=[Job.DELETE])
        platform, key = open_store(f"{store}/platform"), keys.signer(Job.DELETE)
        found_platform(platform, keys_in(KeyFolder(f"{self.keys}/platform")))
        publish(platform, counter, *records, key=key)

    def dead_letters(self, store: str) -> list[DeadLetter]:
        """All of a store's, opened."""
        keys = PlatformKeys.open(f"{self.keys}/platform", open_dead_letters=True)
        platform = open_store(f"{store}/platform")
        opened = [
            unseal(sealed, place, keys.dead_letter_opener())
            for place, info in list_dead_letters(platform)
            for sealed in read_sealed(platform.read(info.name))
        ]
        return sorted(opened, key=lambda letter: repr(letter.envelope))


def write_studies(folder: Path) -> None:
    """The registry."""
    texts = STUDIES | {
        f"{name}.avsc": json.dumps(described(SCHEMAS[name])) for name in SCHEMAS
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    write_reviews(folder)


def rally_id(person: int) -> str:
    """The id of a made-up person."""
    return str(uuid.UUID(int=0xA11CE000_0000_4000_8000_000000000000 + person))


def document_id(number: int) -> str:
    """The id of a made-up ping."""
    return str(uuid.UUID(int=0xD0C00000_0000_4000_8000_000000000000 + number))


def write_lines(path: Path, messages: Iterable[Message]) -> str:
    """A file of messages; returns its path."""
    path.write_text("".join(f"{message.gcp_line()}\n" for message in messages))
    return str(path)


def stored_rows(store: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each row and its partition, `<study>/<document>/<day>`, of whole files only."""
    opened = open_store(store)
    for info in opened.list("data/"):
        parts = [part.partition("=")[2] for part in info.name.split("/")[1:4]]
        for row in read_rows(opened.read(info.name)):
            yield "/".join(parts), row


def stored_ids(store: str) -> list[tuple[str, str]]:
    """Participant and document id of every row, sorted; duplicates are seen."""
    rows = (row for _, row in stored_rows(store))
    return sorted((row["participant"], row["document_id"]) for row in rows)


def stored_events(store: str) -> set[Event]:
    """The log."""
    return set(EventLog(open_store(f"{store}/platform")))


def lists_of_rows(store: str) -> dict[str, int]:
    """The withdrawal list that each row's file names, by the row's document id."""
    opened, found = open_store(store), dict[str, int]()
    for info in opened.list("data/"):
        data = opened.read(info.name)
        counter = int(read_header(data).entries["rally.list"])
        found |= {row["document_id"]: counter for row in read_rows(data)}
    return found


def contents(store: str) -> dict[str, bytes]:
    """Every object of a store, the platform's included.

    The notes of how each job last ended are left out: every run writes one.
    """
    opened = open_store(store)
    return {
        info.name: opened.read(info.name)
        for info in opened.list()
        if not info.name.startswith(f"platform/{FOLDER}")
    }


def write_avro(
    path: Path, messages: Iterable[Message], codec: str = "deflate", **options: Any
) -> str:
    """A file as a Pub/Sub Cloud Storage subscription writes it; options of fastavro."""
    records = [
        {
            "subscription_name": "projects/p/subscriptions/s",
            "message_id": str(number),
            "publish_time": 1_780_000_000_000_000,
            "attributes": dict(message.attributes),
            "data": message.body,
        }
        for number, message in enumerate(messages)
    ]
    with path.open("wb") as file:
        fastavro.writer(file, SCHEMA, records, codec, **options)
    return str(path)
