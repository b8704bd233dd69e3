"""A study's storage key is destroyed where it is the study's alone."""

import json
from types import SimpleNamespace

import pytest

from rally.storage.layout import Stores
from tests.fakes.memory_store import MemoryStore
from tests.rally.retention.stored_studies import key_files, register_folders
from tests.support.memory_deployment import Row, day
from tests.support.stores import mark_derived
from tests.support.world import GARDEN, POND

KEY = "projects/p/locations/l/keyRings/r/cryptoKeys/garden"


class OwnStores(Stores):
    """Each study has a store of its own."""

    def __init__(self, deployment, studies):
        self._template = "memory://{study}"
        self.platform = deployment.platform
        self.stores = {
            each: MemoryStore(clock=lambda: deployment.now, uri=f"memory://{each}")
            for each in studies
        }

    def of(self, study):
        return self.stores[study]


class KeyService:
    """Destroys versions, or refuses."""

    def __init__(self, *, refuses=False):
        self.refuses = refuses
        self.destroyed = []
        self.state = "ENABLED"

    def _version(self):
        return SimpleNamespace(
            name=f"{KEY}/1",
            state=SimpleNamespace(name=self.state),
            destroy_time=day(60),
        )

    def list_crypto_key_versions(self, request):
        return [self._version()]

    def destroy_crypto_key_version(self, request):
        if self.refuses:
            raise OSError(None, "Cloud KMS says PermissionDenied")
        self.destroyed.append(request["name"])
        self.state = "DESTROY_SCHEDULED"
        return self._version()


@pytest.fixture
def own(deployment):
    """The garden's bucket has a key, and a row."""
    deployment.stores = OwnStores(deployment, deployment.registry.studies)
    deployment.data = deployment.stores.of(GARDEN)
    deployment.data.key = KEY
    deployment.key_service = KeyService()
    deployment.put(deployment.indexed_file([Row(1, 1)]))
    deployment.join(1, when=1)
    return deployment


def test_key_goes_last_and_once(own):
    own.purge()
    assert own.key_service.destroyed == []
    own.conclude()

    report = own.purge()

    assert own.key_service.destroyed == [f"{KEY}/1"]
    assert f"gcp-kms://{KEY}" in report.destroyed
    assert any("destruction is scheduled" in str(each) for each in report.remains)
    assert report.exit_status == 0
    own.purge()
    assert own.key_service.destroyed == [f"{KEY}/1"]


def test_key_of_two_studies_stays(own):
    own.stores.of(POND).key = KEY
    own.conclude()
    report = own.purge()
    assert own.key_service.destroyed == []
    assert f"{GARDEN}: shares its storage key, which stays" in report.remarks


def test_key_of_the_platform_stays(own):
    own.platform.key = KEY
    own.conclude()
    own.purge()
    assert own.key_service.destroyed == []


@pytest.mark.parametrize("study", [GARDEN, POND])
def test_key_of_a_researchers_folder_stays(own, study):
    register_folders(own, study, "gs://lab/tables")
    own.derived["gs://lab/tables"] = MemoryStore(uri="gs://lab/tables")
    own.derived["gs://lab/tables"].key = KEY
    mark_derived(own.derived["gs://lab/tables"], study, own.platform)
    own.conclude()
    assert f"{GARDEN}: shares its storage key, which stays" in own.purge().remarks
    assert own.key_service.destroyed == []


def test_key_stays_where_researchers_have_tables_that_cannot_be_asked(own):
    register_folders(own, POND, "bq://lab.pond")
    own.conclude()
    report = own.purge()
    assert any("nobody can tell whether bq://lab.pond is" in w for w in report.remarks)
    assert own.key_service.destroyed == []


@pytest.mark.parametrize("kind", ["keys", "platform"])
@pytest.mark.parametrize(
    "content",
    [
        {"kek_uri": f"gcp-kms://{KEY}"},
        {"kek_uri": "", "purposes": {"signing.delete": f"gcp-kms://{KEY}"}},
        {"kek_uri": "", "namespaces": {POND: f"gcp-kms://{KEY}"}},
        None,
    ],
)
def test_key_that_is_a_kek_or_may_be_stays(own, kind, content):
    (own.folder / kind / "kek.json").write_text(json.dumps(content))
    own.conclude()
    report = own.purge()
    assert own.key_service.destroyed == []
    assert any("its storage key" in each for each in report.remarks)


def test_key_stays_where_the_ping_keys_are_not_named(own):
    own.conclude()
    own.purge(ping_keys=None)
    assert own.key_service.destroyed == []


def test_keys_wait_for_rows_in_another_study_s_store(own):
    name = f"data/study={GARDEN}/document=visit.1/date=2026-05-11/bucket=new/w.avro"
    other = own.stores.of(POND)
    other.create(name, b"x")
    own.conclude()
    report = own.purge()
    assert report.alarms == [
        f"memory://{POND}/{name}: is rows in another study's store"
    ]
    assert other.stat(name) is not None
    assert own.key_files() == key_files(*own.registry.studies)
    other.delete(name, other.stat(name).generation)
    assert own.purge().exit_status == 0
    assert own.key_files() == key_files(*set(own.registry.studies) - {GARDEN})


def test_object_that_stands_for_a_folder_keeps_no_keys(own):
    own.data.create(f"data/study={GARDEN}/", b"")
    own.conclude()
    assert own.purge().exit_status == 0
    assert own.key_service.destroyed == [f"{KEY}/1"]


def test_bucket_without_a_key_is_a_plain_word(own):
    own.data.key = None
    own.conclude()
    report = own.purge()
    assert f"{GARDEN}: its store has no key of its own" in report.remarks
    assert report.exit_status == 0


def test_refusal_is_named(own):
    own.key_service = KeyService(refuses=True)
    own.conclude()
    report = own.purge()
    assert report.faults == [
        (GARDEN, "its storage key is not destroyed (Cloud KMS says PermissionDenied)")
    ]


def test_store_of_all_studies_has_no_study_s_key(deployment):
    deployment.data.key = KEY
    deployment.key_service = KeyService()
    deployment.conclude()
    deployment.purge()
    assert deployment.key_service.destroyed == []


def test_rows_in_another_study_s_store_are_an_alarm(own):
    name = f"data/study={POND}/document=visit.1/date=2026-05-11/bucket=new/a.avro"
    own.data.create(name, b"x")
    own.conclude(POND)
    report = own.purge()
    assert report.alarms == [
        f"memory://{GARDEN}/{name}: is rows in another study's store"
    ]
    assert own.data.stat(name) is not None
