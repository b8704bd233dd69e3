"""A small Rally: two platform namespaces, two studies, their keys, and clients."""

import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import pytest
import yaml
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
from rally.keys import administration, jwk, sealing
from rally.keys.folder import KeyFolder
from rally.keys.jwk import EcPrivateKey
from rally.keys.kek_assignment import assign_kek
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
from tests.support.reviews import sign_reviews, write_reviews
from tests.support.schemas import described
from tests.support.stores import make_stores

RALLY_ID = "c286f4ba-6713-4d3d-b955-8eaeede6846d"
DOCUMENT_ID = "65f58083-cefe-4201-832f-0505c3b73d76"
SENT = "2022-06-01T12:00:00.000000Z"
AS_OF = "2022-06-02T00:00:00Z"
_NOBODY = WithdrawalList()

_STUDIES = """
rally-hub:
  kind: platform
  name: Hub
  starts: 2022-03-01
  policy: &platform
    {enrolment: none, do_not_track: refuse, private_browsing: client, countries: [US]}
  documents:
    enrollment.1: {means: joins, delete_after_days: 36000}
    study-enrollment.1:
      means: joins
      delete_after_days: 36000
      scope: &scope [/metrics/string/namespace, /metrics/string/study]
    study-unenrollment.1: {means: leaves, scope: *scope}
    deletion-request.1: {means: leaves}
    enrollment-with-key.1: {means: joins, delete_after_days: 36000}
    access-request.1: {means: access-request}
    agreed.1:
      means: consents
      scope: *scope
      consent:
        purpose: /consent/purpose
        choice: /consent/choice
        notice_version: /consent/version
        notice_sha256: /consent/hash
        fields: /consent/fields
        time: /consent/time
pioneer-hub:
  kind: platform
  name: Hub of the first generation
  starts: 2022-03-01
  policy: *platform
  documents:
    survey.1: {means: data, delete_after_days: 36000}
    uninstall-deletion.1: {means: deletion-id}
rally-x:
  kind: study
  name: X
  aliases: [studyX, x@example.org]
  starts: 2022-03-10
  collect_through: 2023-03-27
  analysis_until: 2024-03-27
  policy:
    enrolment: required
    do_not_track: refuse
    private_browsing: /private
    countries: [US, CA]
    after_end: defer
  documents:
    visit.1: {means: data, delete_after_days: 180}
    short.1: {means: data}
    late.1: {means: data}
    asked.1:
      means: consents
      consent: {purpose: /purpose, choice: /choice, notice_version: /version,
                notice_sha256: /hash, time: /time}
    joined.1: {means: joins}
    left.1: {means: leaves}
pioneer-y:
  kind: study
  name: Y
  aliases: [y.study@example.edu]
  starts: 2022-03-10
  collect_through: 2023-03-27
  analysis_until: 2024-03-27
  policy:
    enrolment: required
    do_not_track: refuse
    private_browsing: client
    countries: [US]
    after_end: defer
  documents:
    measures.1: {means: data}
    opt-out.1: {means: leaves}
"""

_REVIEWED = {
    "rally-x/short.1": (date(2022, 2, 20), date(2022, 6, 30)),
    "rally-x/late.1": (date(2022, 9, 1), date(2023, 3, 27)),
}


def _record(name: str, *fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": list(fields), **more}


def _field(name: str, type_: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": type_, **more}


def _maybe(name: str, type_: Any, **more: Any) -> dict[str, Any]:
    return _field(name, ["null", type_], default=None, **more)


def _glean(*others: dict[str, Any]) -> dict[str, Any]:
    rally_id = _field("rally_id", "string", json="rally.id")
    strings = _record(
        "strings", _maybe("namespace", "string"), _maybe("study", "string")
    )
    metrics = _record(
        "metrics",
        _field("uuid", _record("uuids", rally_id)),
        _maybe("string", strings),
    )
    participant = "/metrics/uuid/rally.id"
    return _record("ping", _field("metrics", metrics), *others, participant=participant)


_VISIT = _glean(
    _maybe("private", "boolean"),
    _maybe("url", "string"),
    _maybe("extra", {"type": "map", "values": "string"}),
    _maybe("tags", {"type": "array", "items": "string"}),
    _maybe("count", "long"),
    _maybe("rate", "double"),
    _maybe("nested", _record("nested", _field("a", "long"), _maybe("b", "string"))),
)
_PIONEER = _record(
    "ping",
    _field("pioneerId", "string"),
    _maybe("text", "string"),
    participant="/pioneerId",
)
_UNINSTALL = _record("ping", _field("deletionId", "string"), deletion_id="/deletionId")
_KEYED = _glean(_maybe("key", "string")) | {"recipient": "/key"}
_PARTS = [
    _maybe(name, "string") for name in ("purpose", "choice", "version", "hash", "time")
]
_SCHEMAS = {
    "rally-hub/agreed.1": _glean(
        _maybe(
            "consent",
            _record(
                "consent",
                *_PARTS,
                _maybe("fields", {"type": "map", "values": "boolean"}),
            ),
        ),
    ),
    "rally-hub/enrollment-with-key.1": _KEYED,
    "rally-hub/access-request.1": _KEYED,
    "rally-x/asked.1": _glean(_maybe("private", "boolean"), *_PARTS),
    "pioneer-hub/uninstall-deletion.1": _UNINSTALL,
    "pioneer-hub/survey.1": _PIONEER,
    "pioneer-y/measures.1": _PIONEER,
    "pioneer-y/opt-out.1": _PIONEER,
    "rally-x/visit.1": _VISIT,
    "rally-x/short.1": _VISIT,
    "rally-x/late.1": _VISIT,
}


def write_registry(folder: Path) -> str:
    """Writes the small Rally's registry and returns its folder."""
    folder.mkdir(parents=True)
    for namespace, study in yaml.safe_load(_STUDIES).items():
        for name, document in study["documents"].items():
            document["purpose"] = "a test"
            schema = _SCHEMAS.get(f"{namespace}/{name}", _glean())
            path = folder / namespace / f"{name}.avsc"
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(described(schema)))
        text = yaml.safe_dump({"namespace": namespace, **study})
        (folder / namespace / "study.yaml").write_text(text)
    write_reviews(folder, _REVIEWED)
    return str(folder)


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


@pytest.fixture(scope="session")
def payload() -> Callable[..., dict[str, Any]]:
    """Makes Glean's clear text: `payload(url="…")`, `payload(rally_id=…)`."""

    def make(
        rally_id: Any = RALLY_ID, string: Any = None, **others: Any
    ) -> dict[str, Any]:
        metrics: dict[str, Any] = {"uuid": {"rally.id": rally_id}}
        if string is not None:
            metrics["string"] = string
        return {"metrics": metrics, **others}

    return make


@pytest.fixture(scope="session")
def small_registry(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_registry(tmp_path_factory.mktemp("small") / "schemas")


@pytest.fixture(scope="session")
def small_rally(
    tmp_path_factory: pytest.TempPathFactory,
    small_registry: str,
    seal_jwe: Callable[..., str],
) -> SmallRally:
    """The small Rally."""
    folder = KeyFolder(str(tmp_path_factory.mktemp("keys")))
    assign_kek(folder, "namespaces", "any")
    sealers = {"bogus": jwk.generate()}
    for namespace in ("rally-x", "rally-hub"):
        sealers[namespace] = jwk.generate()
        administration.import_jwk(folder, namespace, sealers[namespace])
    for namespace in ("pioneer-y", "pioneer-hub"):
        made = jwk.generate()
        sealers[namespace] = EcPrivateKey(made.key, made.thumbprint, namespace)
        administration.import_jwk(folder, namespace, sealers[namespace])
    administration.create(folder, "rally-x", "hpke")
    administration.create(folder, "rally-hub", "ecies")
    return SmallRally(small_registry, folder.uri, sealers, seal_jwe)
