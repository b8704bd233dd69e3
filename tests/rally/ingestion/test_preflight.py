"""Tests of what a job asks of a platform before it begins; it makes none of it."""

import dataclasses
import shutil
from pathlib import Path

import pytest

from rally.errors import ConfigurationError
from rally.ingestion.preflight import check_before_start
from rally.storage.layout import Partition, new_file
from rally.withdrawal.list_object import LIST
from tests.pipelines.world import contents
from tests.support.places import make_stores

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
def ready(bench, tmp_path):
    """A job with a store, and with platform keys of its own that may be lost."""
    keys = tmp_path / "platform keys"
    shutil.copytree(bench.platform_keys_uri, keys)
    return bench.started(tmp_path / "store", platform_keys=str(keys))


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
    where = Path(ready.store, "platform", LIST)
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
