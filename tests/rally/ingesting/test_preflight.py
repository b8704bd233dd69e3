"""Tests of the platform's keys before a job: made for nobody yet, and never remade."""

import dataclasses
import shutil
from pathlib import Path

import pytest

from rally.errors import ConfigurationError
from rally.ingesting.preflight import check_before_start
from rally.keys.folder import KeyFolder
from rally.keys.platform_administration import destroy_pseudonym
from rally.storing.layout import Partition, Stores, events_file, new_file
from rally.withdrawing.list_object import LIST

ROW = new_file(Partition("rally-x", "visit.1", "2022-06-01"), "a")
ROW_OF_AN_OLD_STUDY = new_file(Partition("rally-old", "visit.1", "2022-06-01"), "a")
EVENT = "platform/" + events_file("2022-06-01", "a")
STUDY_KEY = "pseudonym.rally-x.keyset.json"
REFUSAL = (
    "{}: has no key of {}, though something is stored under it; restore it, or correct"
    " --platform_keys if that is mistyped: a new key would make other pseudonyms of the"
    " same people, and not know the withdrawal list"
)


@pytest.fixture
def settings(bench, tmp_path):
    """A job with a store and with platform keys of its own; neither is there yet."""
    keys = str(tmp_path / "platform")
    return bench.settings(tmp_path / "store", platform_keys=keys)


@pytest.fixture
def ready(settings, capsys):
    """The same after its first start: every key is made, and nothing is stored."""
    check_before_start(settings)
    capsys.readouterr()
    return settings


def put(settings, name):
    path = Path(settings.store) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")


def keys_of(settings):
    folder = Path(settings.platform_keys)
    return {path.name: path.read_bytes() for path in folder.glob("[!.]*")}


def refusal(settings):
    with pytest.raises(ConfigurationError) as caught:
        check_before_start(settings)
    return str(caught.value)


def test_fresh_store_gets_keys_and_one_line_tells_of_them(settings, capsys):
    check_before_start(settings)
    assert capsys.readouterr() == (
        "",
        f"made new platform keys in {settings.platform_keys}: pseudonym.platform, "
        + "".join(f"pseudonym.{name}, " for name in settings.registry().studies)
        + "list-mac, receipt-mac, dead-letter.private, dead-letter.public\n",
    )
    before = keys_of(settings)
    check_before_start(settings)
    assert capsys.readouterr() == ("", "")
    assert keys_of(settings) == before


def test_lost_study_key_is_not_remade(ready):
    put(ready, ROW)
    (Path(ready.platform_keys) / STUDY_KEY).unlink()
    before = keys_of(ready)
    expected = REFUSAL.format(ready.platform_keys, "pseudonym.rally-x")
    assert refusal(ready) == expected
    assert keys_of(ready) == before


def test_destroyed_study_key_is_not_remade(ready):
    put(ready, ROW)
    destroy_pseudonym(KeyFolder(ready.platform_keys), "pseudonym.rally-x")
    assert "pseudonym.rally-x," in refusal(ready)
    assert STUDY_KEY not in keys_of(ready)


@pytest.mark.parametrize(
    "name",
    [ROW.replace("rally-x", "rally-x-2"), ROW.replace("rally-x", "pioneer-y"), EVENT],
    ids=["a-name-that-begins-so", "another-study", "event"],
)
def test_study_without_data_gets_its_key(ready, capsys, name):
    put(ready, name)
    (Path(ready.platform_keys) / STUDY_KEY).unlink()
    check_before_start(ready)
    assert capsys.readouterr().err == (
        f"made new platform keys in {ready.platform_keys}: pseudonym.rally-x\n"
    )


@pytest.mark.parametrize(
    ("name", "lost"),
    [
        (ROW, "pseudonym.platform, pseudonym.rally-x, list-mac"),
        (ROW_OF_AN_OLD_STUDY, "pseudonym.platform, list-mac"),
        (EVENT, "pseudonym.platform, list-mac"),
        ("platform/withdrawals/a", "list-mac"),
    ],
    ids=["row", "row-of-an-unregistered-study", "event", "list-alone"],
)
def test_lost_folder_is_not_remade(ready, name, lost):
    put(ready, name)
    shutil.rmtree(ready.platform_keys)
    assert refusal(ready) == REFUSAL.format(ready.platform_keys, lost)
    assert not Path(ready.platform_keys).exists()


def test_mistyped_folder_is_not_filled(ready, tmp_path):
    put(ready, ROW)
    mistyped = dataclasses.replace(ready, platform_keys=str(tmp_path / "platfrom"))
    assert "correct --platform_keys" in refusal(mistyped)
    assert not Path(mistyped.platform_keys).exists()
    check_before_start(ready)


def test_store_of_each_study_is_looked_into(ready, tmp_path):
    apart = dataclasses.replace(
        ready, store=str(tmp_path / "of-{study}"), platform=str(tmp_path / "records")
    )
    Stores(apart.store, apart.platform).of("rally-x").create(ROW, b"")
    (Path(apart.platform_keys) / STUDY_KEY).unlink()
    assert "pseudonym.rally-x," in refusal(apart)
    shutil.rmtree(apart.platform_keys)
    assert "pseudonym.platform, pseudonym.rally-x," in refusal(apart)


def test_fresh_store_gets_the_first_list(ready):
    path = Path(ready.store) / "platform" / LIST
    before = path.read_bytes()
    check_before_start(ready)
    assert path.read_bytes() == before


def test_store_with_rows_and_no_list_is_refused(ready):
    put(ready, ROW)
    (Path(ready.store) / "platform" / LIST).unlink()
    where = f"{ready.store}/platform/{LIST}"
    assert refusal(ready).startswith(f"{where}: the withdrawal list is missing, ")
    assert not Path(where).exists()


def test_lost_key_of_the_list_is_not_remade(ready):
    (Path(ready.platform_keys) / "list-mac.keyset.json").unlink()
    before = keys_of(ready)
    assert refusal(ready) == REFUSAL.format(ready.platform_keys, "list-mac")
    assert keys_of(ready) == before


def endless_folder(settings):
    """Makes a `data` folder that no listing can enter."""
    folder = Path(settings.store) / "data"
    folder.symlink_to(folder)


def test_store_that_cannot_be_listed_may_have_a_newer_list(ready):
    endless_folder(ready)
    assert refusal(ready) == (
        f"{ready.store}: cannot be read (is a link, which nobody follows or opens), and"
        " whether the withdrawal list is the newest depends on what is there"
    )


def test_store_that_cannot_be_listed_gets_no_keys(ready):
    endless_folder(ready)
    (Path(ready.platform_keys) / STUDY_KEY).unlink()
    assert refusal(ready) == (
        f"{ready.store}: cannot be read (is a link, which nobody follows or opens), and"
        " whether new platform keys may be made depends on what is there"
    )
    assert STUDY_KEY not in keys_of(ready)
