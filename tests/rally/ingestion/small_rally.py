"""A small Rally: a registry with keys, whose clients seal pings."""

import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
from tink import hybrid

from rally.decryption.inflate import GZIP_MAGIC
from rally.decryption.opener import Opener
from rally.envelope import Envelope
from rally.ingestion.decisions import Decisions
from rally.ingestion.intake import Intake
from rally.ingestion.judge import Judge
from rally.ingestion.outcome import Outcome
from rally.ingestion.routes import Routes
from rally.ingestion.settings import IngestSettings
from rally.ingestion.setup import check_before_start
from rally.keys import sealing
from rally.keys.jwk import EcPrivateKey
from rally.keys.names import Job
from rally.keys.ping_keys import PingKeys
from rally.keys.platform_administration import ensure_platform_keys
from rally.keys.platform_keys import PlatformKeys
from rally.registry.approvals import Approvals
from rally.registry.expunges import NO_EXPUNGES, Expunges
from rally.registry.registry import Registry
from rally.registry.rows import row_schema
from rally.registry.transitions import States, Transition
from rally.storage.objectstore.open_store import open_store
from rally.validation.pseudonyms import PLATFORM, Pseudonyms
from rally.withdrawal.withdrawal_list import WithdrawalList
from tests.support.reviews import sign_reviews
from tests.support.stores import make_stores

RALLY_ID = "c286f4ba-6713-4d3d-b955-8eaeede6846d"
DOCUMENT_ID = "65f58083-cefe-4201-832f-0505c3b73d76"


SENT = "2022-06-01T12:00:00.000000Z"
AS_OF = "2022-06-02T00:00:00Z"


_NOBODY = WithdrawalList()


class FixedWithdrawals:
    """A withdrawal list as a judge knows it."""

    def __init__(self, withdrawals: WithdrawalList) -> None:
        self.people = withdrawals.people
        self.counter = withdrawals.counter


@dataclass
class SmallRally:
    """A small Rally with real keys and schemas, whose clients seal pings."""

    registry_uri: str
    keys_uri: str
    sealers: dict[str, EcPrivateKey]
    seal_jwe: Callable[..., str]

    def __post_init__(self) -> None:
        self.registry = Registry.load(self.registry_uri)
        self.ping_keys = PingKeys.load(self.keys_uri)
        self.opener = Opener(self.ping_keys)
        self.routes = Routes(self.registry)
        ensure_platform_keys(self.platform_keys_uri, list(self.registry.studies))
        names = [PLATFORM, *self.registry.studies]
        self.platform_keys = PlatformKeys.open(
            self.platform_keys_uri,
            pseudonyms=names,
            signing=[Job.DELETE],
            seal=True,
            open_dead_letters=True,
        )
        prfs = {name: self.platform_keys.prf(name) for name in names}
        self.pseudonyms = Pseudonyms(prfs)

    @property
    def platform_keys_uri(self) -> str:
        return self.keys_uri + "/platform"

    def job_settings(
        self, store: Path, as_of: str = AS_OF, **changes: Any
    ) -> IngestSettings:
        """A job's settings with a store of its own."""
        settings = IngestSettings(
            store=str(store),
            ping_keys=self.keys_uri,
            studies=self.registry_uri,
            as_of=as_of,
        )
        return replace(settings, **changes)

    def start_job(self, store: Path, **changes: Any) -> IngestSettings:
        """The same of a job that has begun: there is a withdrawal list."""
        settings = self.job_settings(store, **changes)
        stores = make_stores(
            settings.store, settings.platform_keys_uri, settings.platform
        )
        sign_reviews(stores.platform, self.registry, confirms=False)
        check_before_start(settings)
        return settings

    def judge(
        self,
        envelope: Envelope,
        as_of: str = AS_OF,
        transitions: Sequence[Transition] = (),
        withdrawals: WithdrawalList = _NOBODY,
        expunges: Expunges = NO_EXPUNGES,
    ) -> Outcome:
        return self._judge(as_of, transitions, withdrawals, expunges).judge(envelope)

    def make_intake(self, platform: Path) -> Intake:
        """An intake as jobs have it, but that it loads nothing again."""
        sealer = self.platform_keys.dead_letter_sealer()
        prf = self.platform_keys.prf(PLATFORM)
        clock = datetime.fromisoformat(AS_OF)
        store = open_store(str(platform))
        judge = self._judge(AS_OF, (), _NOBODY)
        return Intake(judge, store, sealer, prf, lambda: clock, "1")

    def _judge(
        self,
        as_of: str,
        transitions: Sequence[Transition],
        withdrawals: WithdrawalList,
        expunges: Expunges = NO_EXPUNGES,
    ) -> Judge:
        states = States(self.registry, transitions)
        clock = datetime.fromisoformat(as_of).astimezone(UTC)
        return Judge(
            self.routes,
            self.opener,
            self.pseudonyms,
            Decisions(states, Approvals.of_registry(self.registry), expunges),
            FixedWithdrawals(withdrawals),
            lambda: clock,
        )

    def document_id_of(self, envelope: Envelope) -> str:
        """What rows and events call a ping: by its JWE, if it is sealed in one."""
        assert envelope.uri
        by_path = envelope.uri.rpartition("/")[2]
        if "/submit/telemetry/" in envelope.uri:
            by_path = envelope.uri.split("/")[3]
        body = envelope.payload
        if body.startswith(b"\x01"):  # Tink's prefix
            return by_path
        if body.startswith(GZIP_MAGIC):
            body = gzip.decompress(body)
        jwe = json.loads(body)["payload"]
        if type(jwe) is dict:
            jwe = jwe.get("encryptedData")
        if type(jwe) is not str or not jwe:
            return by_path
        return self.pseudonyms.of_sealed(jwe)

    def decode_row(self, outcome: Outcome) -> dict[str, Any]:
        """The stored row, decoded by fastavro with the schema of its file."""
        assert outcome.row is not None
        study = self.registry.studies[outcome.label.study]
        document = self.registry.documents(study)[outcome.label.document]
        (payload,) = (
            each
            for each in document.revisions
            if each.fingerprint == outcome.row.fingerprint
        )
        schema = fastavro.parse_schema(json.loads(row_schema(payload)))
        stream = BytesIO(outcome.row.row)
        row = fastavro.schemaless_reader(stream, schema, None)
        assert stream.read() == b""
        return row

    def seal_glean(
        self, namespace: str, document: str, clear: Any, **attributes: Any
    ) -> Envelope:
        """A ping of a Glean.js client: a JWE in JSON in gzip."""
        data = clear if isinstance(clear, bytes) else dump(clear)
        body = dump({"payload": self.seal_jwe(self.sealers[namespace], data)})
        return self.make_envelope(
            gzip.compress(body), namespace, document, **attributes
        )

    def seal_tink(
        self, namespace: str, document: str, clear: Any, **attributes: Any
    ) -> Envelope:
        """A ping sealed to the namespace's Tink keyset, bound to its path."""
        envelope = self.make_envelope(b"", namespace, document, **attributes)
        public = sealing.public_from_folder(self.keys_uri, namespace)
        assert envelope.uri
        sealed = public.primitive(hybrid.HybridEncrypt).encrypt(
            dump(clear), envelope.uri.encode()
        )
        return envelope._replace(payload=sealed)

    def seal_pioneer(
        self,
        namespace: str,
        document: str,
        clear: Any,
        pioneer_id: Any = RALLY_ID,
        key_id: str | None = None,
        document_id: str = DOCUMENT_ID,
        **attributes: Any,
    ) -> Envelope:
        """A ping of Pioneer v2; `key_id` says which key seals it."""
        name, _, version = document.rpartition(".")
        key_id = namespace if key_id is None else key_id
        sealer = self.sealers.get(key_id) or self.sealers["bogus"]
        payload = {
            "encryptedData": self.seal_jwe(sealer, dump(clear)),
            "encryptionKeyId": key_id,
            "pioneerId": pioneer_id,
            "schemaNamespace": namespace,
            "schemaName": name,
            "schemaVersion": int(version),
            "studyName": namespace,
        }
        body = {"type": "pioneer-study", "version": 4, "payload": payload}
        uri = f"/submit/telemetry/{document_id}/pioneer-study/Firefox/77.0a1"
        fields = {"submission_timestamp": SENT, **attributes}
        return Envelope(dump(body), uri, **fields)

    def change_pioneer(
        self, pioneer: Envelope, changes: dict[str, Any], **members: Any
    ) -> Envelope:
        """A Pioneer ping with other members around and in its payload; ... is none."""
        body = json.loads(pioneer.payload) | members
        for name, value in changes.items():
            body["payload"].pop(name, None)
            if value is not ...:
                body["payload"][name] = value
        return pioneer._replace(payload=dump(body))

    def make_envelope(
        self,
        body: bytes,
        namespace: str = "rally-x",
        document: str = "visit.1",
        document_id: str = DOCUMENT_ID,
        **attributes: Any,
    ) -> Envelope:
        path = document.replace(".", "/")
        fields = {
            "uri": f"/submit/{namespace}/{path}/{document_id}",
            "submission_timestamp": SENT,
            **attributes,
        }
        return Envelope(body, **fields)


def dump(value: Any) -> bytes:
    return json.dumps(value).encode()
