import dataclasses
import json
import pickle
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rally.decisions.entry import entry_name
from rally.errors import ConfigurationError
from rally.ingestion.settings import IngestSettings
from rally.ingestion.setup import (
    check_before_start,
    make_intake,
    make_unsealer,
    make_writer,
)
from rally.storage.header import read_header
from rally.storage.layout import Partition, new_file
from rally.storage.objectstore.open_store import open_store
from rally.withdrawal.root import ROOT
from tests.support.stores import make_stores, mark_stores
from tests.support.world import contents

NOON = datetime(2022, 6, 1, 12, tzinfo=UTC)


def test_settings_travel_and_hold_no_secret(small_rally, tmp_path):
    settings = small_rally.job_settings(tmp_path)
    assert pickle.loads(pickle.dumps(settings)) == settings
    values = dataclasses.asdict(settings).values()
    assert {type(value) for value in values} <= {str, float, type(None)}


def test_clock_is_as_of_or_now(small_rally, tmp_path):
    clock = small_rally.job_settings(tmp_path, "2022-06-01T14:00:00+02:00").clock()
    assert clock() == clock() == NOON
    now = small_rally.job_settings(tmp_path, as_of=None).clock()()
    assert abs(now - datetime.now(UTC)) < timedelta(minutes=1)
    assert now.tzinfo is UTC


@pytest.mark.parametrize(
    ("keys", "platform_keys", "expected"),
    [
        ("/keys", None, "/keys/platform"),
        ("/keys/", None, "/keys/platform"),
        ("gs://bucket/keys", None, "gs://bucket/keys/platform"),
        ("/keys", "/other", "/other"),
    ],
)
def test_platform_keys_are_below_the_keys_by_default(keys, platform_keys, expected):
    settings = IngestSettings(store="s", ping_keys=keys, platform_keys=platform_keys)
    assert settings.platform_keys_uri == expected


def spoil(store, name, generation):
    store.replace(name, b"{}", generation)


def test_writer_needs_no_key(small_rally, tmp_path):
    mark_stores(tmp_path)
    settings = small_rally.job_settings(tmp_path, ping_keys=str(tmp_path / "no keys"))
    writer = make_writer(settings, int)
    writer.flush()
    with pytest.raises(ConfigurationError):
        make_intake(settings)


def test_writer_learns_of_a_revision_that_another_worker_knows(small_rally, tmp_path):
    mark_stores(tmp_path / "store")
    studies = tmp_path / "studies"
    shutil.copytree(small_rally.registry_uri, studies)
    settings = small_rally.job_settings(tmp_path / "store", studies=str(studies))
    writer = make_writer(settings, int)
    newest, older = (
        studies / "rally-x/visit.1.avsc",
        studies / "rally-x/revisions/visit.1",
    )
    older.mkdir(parents=True)
    shutil.copy(newest, older / "1.avsc")
    schema = json.loads(newest.read_text())
    schema["fields"][-1]["purpose"] = "Another"
    newest.write_text(json.dumps(schema))
    document = settings.load_registry().studies["rally-x"].documents["visit.1"]
    partition = Partition("rally-x", "visit.1", "2022-06-01")

    rows = [b"H" + b"%036d" % number for number in (1, 2)]
    for revision, row in zip(document.revisions, rows, strict=True):
        writer.add(partition, revision.fingerprint, row)
    writer.flush()

    store = open_store(settings.store)
    stated = {
        read_header(store.read(info.name)).entries["rally.schema"].decode()
        for info in store.list("data/")
    }
    assert stated == {revision.fingerprint for revision in document.revisions}
    writer.add(partition, "0" * 64, rows[0])
    with pytest.raises(KeyError):
        writer.flush()


def test_unsealer_is_made_for_who_has_the_private_key(small_rally, tmp_path):
    assert make_unsealer(small_rally.job_settings(tmp_path))
    settings = small_rally.job_settings(tmp_path, platform_keys=str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"dead-letter\.private"):
        make_unsealer(settings)


def wrong_registry(tmp_path):
    return {"studies": str(tmp_path / "nothing")}


def wrong_keys(tmp_path):
    return {"ping_keys": str(tmp_path / "nothing")}


def wrong_store(tmp_path):
    (tmp_path / "file").write_text("")
    return {"store": str(tmp_path / "file")}


def unnamed_platform(tmp_path):
    return {"store": str(tmp_path / "{study}")}


def refounded(tmp_path):
    (tmp_path / "store/platform" / entry_name(1)).write_text("{}")
    return {}


@pytest.mark.parametrize(
    "change",
    [wrong_registry, wrong_keys, wrong_store, unnamed_platform, refounded],
)
def test_start_stops_at_what_is_not_as_it_must_be(small_rally, tmp_path, change):
    settings = small_rally.start_job(tmp_path / "store")
    settings = dataclasses.replace(settings, **change(tmp_path))
    with pytest.raises(ConfigurationError) as caught:
        check_before_start(settings)
    assert "\n" not in str(caught.value)


ROW = new_file(Partition("rally-x", "visit.1", "2022-06-01"), "a")
LIKE_IT = (
    ROW.replace("rally-x", "rally-x-2"),
    ROW.replace("rally-x", "pioneer-y"),
    "platform/events/date=2022-06-01/a.avro",
)
STUDY_KEY = "pseudonym.rally-x.keyset.json"
LOST = (
    "{}/pseudonym.rally-x.keyset.json: is missing, and rally-x is used; restore it, or"
    " correct --platform_keys: a new key would make other pseudonyms of the same people"
)


@pytest.fixture
def ready(small_rally, tmp_path):
    """A job with a store, and with platform keys of its own that may be lost."""
    keys = tmp_path / "platform keys"
    shutil.copytree(small_rally.platform_keys_uri, keys)
    return small_rally.start_job(tmp_path / "store", platform_keys=str(keys))


def put(settings, name):
    path = Path(settings.store) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")


def refusal(settings):
    with pytest.raises(ConfigurationError) as caught:
        check_before_start(settings)
    return str(caught.value)


def everything(settings):
    return contents(settings.store), contents(settings.platform_keys)


def test_start_changes_nothing(ready):
    before = everything(ready)
    check_before_start(ready)
    assert everything(ready) == before


@pytest.mark.parametrize("names", [LIKE_IT, ()], ids=["others", "nothing"])
def test_study_without_key_and_without_rows_is_not_used(ready, names):
    """Rows of one whose name begins so, of another, and events are none of its."""
    Path(ready.platform_keys, STUDY_KEY).unlink()
    for name in names:
        put(ready, name)
    before = everything(ready)
    registry = ready.registry()
    check_before_start(ready)
    assert "rally-x" in registry.studies
    assert registry.faults == {}
    assert everything(ready) == before


def test_lost_key_of_a_study_with_rows_is_that_studys_fault(ready):
    put(ready, ROW)
    Path(ready.platform_keys, STUDY_KEY).unlink()
    before = everything(ready)
    registry = ready.registry()
    check_before_start(ready)
    assert registry.faults == {"rally-x": LOST.format(ready.platform_keys)}
    assert "rally-x" not in registry.studies
    assert everything(ready) == before


def test_store_of_its_own_without_its_key_says_that_it_was_lost(ready, tmp_path):
    apart = dataclasses.replace(
        ready, store=str(tmp_path / "of-{study}"), platform=str(tmp_path / "records")
    )
    make_stores(apart.store, apart.platform_keys, apart.platform, ["rally-x"])
    Path(apart.platform_keys, STUDY_KEY).unlink()
    assert apart.registry().faults["rally-x"] == LOST.format(apart.platform_keys)


def test_store_of_its_own_that_is_not_there_is_that_studys_fault(ready, tmp_path):
    apart = dataclasses.replace(
        ready, store=str(tmp_path / "of-{study}"), platform=str(tmp_path / "records")
    )
    names = list(ready.registry().studies)
    make_stores(apart.store, apart.platform_keys, apart.platform, names)
    (tmp_path / "of-rally-x").rename(tmp_path / "unmounted")
    registry = apart.registry()
    check_before_start(apart)
    assert registry.faults == {
        "rally-x": f"rally-x: {tmp_path}/of-rally-x: is not a store: it has no"
        " rally-store.json; is it mounted? Correct --store, or make it one by"
        " `rally init --study rally-x`"
    }
    assert not (tmp_path / "of-rally-x").exists()


@pytest.mark.parametrize("folder", ["platform keys", "platfrom"])
def test_folder_of_keys_that_is_none_is_not_filled(ready, tmp_path, folder):
    put(ready, ROW)
    shutil.rmtree(ready.platform_keys)
    typed = dataclasses.replace(ready, platform_keys=str(tmp_path / folder))
    assert refusal(typed) == (
        f"{tmp_path}/{folder}/pseudonym.platform.keyset.json: is missing; is this the"
        " key folder? If it is, restore the key: a new one does not know what this one"
        " made"
    )
    assert not Path(typed.platform_keys).exists()


@pytest.mark.parametrize("name", [ROW, None], ids=["rows", "nothing stored"])
def test_store_without_a_list_is_refused(ready, name):
    if name:
        put(ready, name)
    where = Path(ready.store, "platform", ROOT)
    where.unlink()
    assert refusal(ready).startswith(f"{where}: the withdrawal list is missing, ")
    assert not where.exists()


def test_who_ingests_needs_no_key_that_signs(ready):
    """The list is verified by public keys, and cannot be forged by who reads it."""
    for purpose in ("signing.delete", "signing.purge"):
        Path(ready.platform_keys, f"{purpose}.keyset.json").unlink()
    check_before_start(ready)


def endless_folder(settings):
    """Makes a `data` folder that no listing can enter."""
    folder = Path(settings.store) / "data"
    folder.symlink_to(folder)


def test_store_whose_rows_lie_behind_a_link_takes_none(ready):
    endless_folder(ready)
    assert refusal(ready) == (
        f"{ready.store}/data: is a link, which nobody follows or opens; put the folder"
        " itself there, which this account may list and write"
    )


def test_store_that_cannot_be_listed_may_have_rows_of_a_lost_key(ready):
    endless_folder(ready)
    Path(ready.platform_keys, STUDY_KEY).unlink()
    assert refusal(ready) == (
        f"{ready.store}/data: cannot be read (is a link, which nobody follows or"
        " opens), and whether its pseudonyms' key was lost depends on what is there"
    )
