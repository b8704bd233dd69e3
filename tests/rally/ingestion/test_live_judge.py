"""A running stream learns of studies, revisions, reviews and keys as they change."""

import json
import shutil
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from rally.errors import ConfigurationError
from rally.events import EventKind
from rally.ingestion.decisions import LiveDecisions
from rally.ingestion.live_judge import LiveJudge
from rally.ingestion.live_studies import LiveStudies
from rally.ingestion.outcome import Outcome
from rally.ingestion.routes import Label
from rally.initialisation.development_reviews import import_reviews
from rally.keys import administration, jwk
from rally.keys.folder import KeyFolder
from rally.keys.platform_administration import ensure_platform_keys
from rally.observability.measures import Measures, Sum
from rally.outcomes import FailureReason, RefusalReason
from rally.registry.registry import Registry
from rally.registry.review_files import cover, dump_review, placeholder_review
from rally.registry.transitions import StudyAction
from rally.storage.objectstore.open_store import open_store
from rally.withdrawal.withdrawal_list import WithdrawalList
from tests.rally.ingestion.small_rally import FixedWithdrawals, SmallRally
from tests.rally.ingestion.small_registry import write_registry
from tests.support.people import signer
from tests.support.reviews import write_reviews
from tests.support.study_decisions import decide_study

FIRST, LAST = date(2022, 2, 20), date(2023, 3, 27)
SIGNED = datetime(2022, 2, 19, tzinfo=UTC)
RELOADED, FAILED = Sum.RELOADS, Sum.RELOAD_FAILURES


class Stream:
    """A judge as a stream has it, and what people change around it meanwhile."""

    def __init__(self, rally: SmallRally, store: Path, reload_seconds: float) -> None:
        self.rally = rally
        self.settings = rally.start_job(store, reload_seconds=reload_seconds)
        self.platform = open_store(f"{store}/platform")
        self.measures = Measures()
        self.judge = LiveJudge(
            LiveStudies(self.settings, self.measures),
            LiveDecisions(self.platform),
            FixedWithdrawals(WithdrawalList()),
            self.settings.clock(),
            reload_seconds,
        )

    @property
    def folder(self) -> Path:
        return Path(self.rally.registry_uri)

    @property
    def keys(self) -> Path:
        return Path(self.rally.keys_uri)

    def visit(self, clear, namespace: str = "rally-x", **attributes) -> Outcome:
        return self.judge.judge(
            self.rally.seal_glean(namespace, "visit.1", clear, **attributes)
        )

    def measure(self) -> Outcome:
        return self.judge.judge(
            self.rally.seal_pioneer("pioneer-y", "measures.1", {"text": "a"})
        )

    def sign(self) -> None:
        """The registrar attests what nobody has attested yet."""
        registry, who = Registry.load(str(self.folder)), signer("registrar")
        list(import_reviews(self.platform, registry, who, lambda _: SIGNED))


@pytest.fixture
def make_stream(small_rally, tmp_path):
    def make(reload_seconds: float = 0.0) -> Stream:
        keys = tmp_path / "keys"
        shutil.copytree(small_rally.keys_uri, keys)
        studies = write_registry(tmp_path / "schemas")
        sealers, seal = small_rally.sealers, small_rally.seal_jwe
        rally = SmallRally(studies, str(keys), dict(sealers), seal)
        return Stream(rally, tmp_path / "store", reload_seconds)

    return make


@pytest.fixture
def stream(make_stream):
    return make_stream()


def waits(namespace, *, withdrawal=False):
    reason = FailureReason.STUDY_UNAVAILABLE
    return Outcome(Label(namespace, withdrawal=withdrawal), failure=reason)


def add_field(stream: Stream) -> str:
    """Makes the next revision of visit.1, with a review; gives its fingerprint."""
    newest = stream.folder / "rally-x/visit.1.avsc"
    older = stream.folder / "rally-x/revisions/visit.1/1.avsc"
    older.parent.mkdir(parents=True)
    shutil.copy(newest, older)
    schema = json.loads(newest.read_text())
    said = {"doc": "A test", "category": 1, "purpose": "A test"}
    field = {"name": "mood", "type": ["null", "string"], "default": None, **said}
    schema["fields"].append(field)
    newest.write_text(json.dumps(schema))
    study = Registry.load(str(stream.folder)).studies["rally-x"]
    document = study.documents["visit.1"]
    review = placeholder_review("r2", study, [cover(document, FIRST, LAST)], FIRST)
    file = stream.folder / "rally-x/reviews/r2.yaml"
    file.write_text(dump_review(review))
    return document.schema.fingerprint


def test_new_revision_is_taken_once_its_review_is_signed(stream, payload):
    clear = payload(mood="fine")
    assert stream.visit(clear).failure is FailureReason.SCHEMA_MISMATCH
    fingerprint = add_field(stream)
    assert stream.visit(clear).failure is FailureReason.SCHEMA_MISMATCH
    assert stream.visit(payload()).row.fingerprint != fingerprint
    stream.sign()
    assert stream.visit(clear).row.fingerprint == fingerprint
    assert stream.visit(payload()).row.fingerprint == fingerprint
    assert stream.measures.sums == {RELOADED: 1}


@pytest.mark.parametrize(("reload_seconds", "seen"), [(0.0, True), (3600.0, False)])
def test_what_changed_is_seen_when_what_is_known_is_old(
    make_stream, payload, reload_seconds, seen
):
    stream = make_stream(reload_seconds)
    add_field(stream)
    stream.sign()
    decide_study(stream.platform, "pioneer-y", StudyAction.PAUSE, SIGNED)
    assert (stream.visit(payload(mood="fine")).row is not None) is seen
    assert (stream.measure().refusal is RefusalReason.PAUSED) is seen


def test_new_study_is_taken_step_by_step(stream, payload):
    stream.rally.sealers["rally-new"] = jwk.generate()
    unknown = FailureReason.UNKNOWN_NAMESPACE
    assert stream.visit(payload(), "rally-new") == Outcome(Label(), failure=unknown)

    add_study(stream, "rally-new")
    label = Label("rally-new", "visit.1")
    refused = Outcome(label, refusal=RefusalReason.NOT_APPROVED)
    assert stream.visit(payload(), "rally-new") == refused
    stream.sign()
    no_key = Outcome(label, failure=FailureReason.NO_KEY)
    assert stream.visit(payload(), "rally-new") == no_key
    key = stream.rally.sealers["rally-new"]
    administration.import_jwk(KeyFolder(str(stream.keys)), "rally-new", key)
    assert stream.visit(payload(), "rally-new") == no_key  # for want of pseudonyms
    ensure_platform_keys(stream.settings.platform_keys_uri, ["rally-new"])
    stored = stream.visit(payload(), "rally-new")
    assert stored.row.partition == ("rally-new", "visit.1", "2022-06-01")
    assert stream.measures.sums == {RELOADED: 3}


def add_study(stream: Stream, namespace: str) -> None:
    """Puts a study like rally-x beside the others, in which people can join it."""
    folder = stream.folder / namespace
    shutil.copytree(stream.folder / "rally-x", folder)
    file = folder / "study.yaml"
    text = file.read_text().replace("rally-x", namespace)
    file.write_text(text.replace("studyX", namespace + "-alias").replace("x@", "n@"))


def spoil(path: Path) -> None:
    path.write_text("{")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("pioneer-y/study.yaml", spoil),
        ("pioneer-y/measures.1.avsc", spoil),
        ("pioneer-y/measures.1.avsc", Path.unlink),
        ("pioneer-y/reviews/r1.yaml", spoil),
        ("pioneer-y", shutil.rmtree),
    ],
)
def test_study_that_no_longer_loads_is_closed_until_it_does(
    stream, payload, tmp_path, name, change
):
    kept = tmp_path / "kept"
    shutil.copytree(stream.folder, kept)
    assert stream.measure().row
    change(stream.folder / name)

    assert stream.measure() == waits("pioneer-y")
    assert stream.visit(payload()).row
    shutil.copytree(kept, stream.folder, dirs_exist_ok=True)
    assert stream.measure().row
    assert stream.measures.sums == {RELOADED: 2}


def spoil_all(folder: Path) -> None:
    for file in folder.glob("*/study.yaml"):
        spoil(file)


@pytest.mark.parametrize("change", [shutil.rmtree, spoil_all])
def test_registry_that_is_lost_closes_all_and_who_leaves_is_heard(
    stream, payload, change
):
    assert stream.visit(payload()).row
    change(stream.folder)

    assert stream.visit(payload()) == waits("rally-x")
    left = stream.judge.judge(
        stream.rally.seal_pioneer("pioneer-y", "deletion-request.1", {})
    )
    assert (left.event.kind, left.event.scope) == (EventKind.LEFT, "pioneer-y")
    sealed = stream.rally.seal_glean("rally-x", "deletion-request.1", payload())
    assert stream.judge.judge(sealed) == waits("rally-x", withdrawal=True)


def test_keys_that_do_not_open_leave_the_job_with_what_it_knows(stream, payload):
    add_study(stream, "rally-new")
    write_reviews(stream.folder)
    stream.sign()
    file = stream.keys / "rally-x.jwk.json"
    sealed = file.read_text()
    spoil(file)

    assert stream.visit(payload()).row
    assert stream.visit(payload(), "rally-x").row
    stream.rally.sealers["rally-new"] = stream.rally.sealers["rally-x"]
    assert stream.visit(payload(), "rally-new") == waits("rally-new")
    spoil(stream.folder / "pioneer-y/study.yaml")
    assert stream.measure() == waits("pioneer-y")
    assert stream.measures.sums == {FAILED: 4}

    file.write_text(sealed)
    no_key = FailureReason.NO_KEY
    label = Label("rally-new", "visit.1")
    assert stream.visit(payload(), "rally-new") == Outcome(label, failure=no_key)
    assert stream.measure() == waits("pioneer-y")


def test_pseudonyms_stay_whatever_becomes_of_their_key(stream, payload):
    """Another key would make other pseudonyms of the same people."""
    sealed = stream.rally.seal_glean("rally-x", "visit.1", payload())
    before = stream.judge.judge(sealed)
    folder = stream.keys / "platform"
    ours = folder / "pseudonym.rally-x.keyset.json"
    others = folder / "pseudonym.pioneer-y.keyset.json"
    ours.write_bytes(others.read_bytes())
    assert stream.judge.judge(sealed) == before
    with pytest.raises(ConfigurationError):
        LiveStudies(stream.settings, Measures())


def test_ping_keys_are_rotated_while_the_job_runs(stream, payload):
    folder = KeyFolder(str(stream.keys))
    administration.rotate(folder, "rally-x", "hpke")
    sealed = stream.rally.seal_tink("rally-x", "visit.1", payload())
    assert stream.judge.judge(sealed).row


def test_nothing_is_loaded_where_nothing_changed(stream):
    studies = LiveStudies(stream.settings, stream.measures)
    first = studies.look()
    assert studies.look() is first
    (stream.folder / "pioneer-y/study.yaml").touch()
    second = studies.look()
    assert second is not first
    assert second.opener is first.opener
    assert studies.look() is second
    (stream.keys / "rally-x.jwk.json").touch()
    third = studies.look()
    assert third.opener is not first.opener
    assert stream.measures.sums == Counter({RELOADED: 2})
