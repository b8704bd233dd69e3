"""Tests of `rally init` where markers, keys or places are lost, or another's."""

from pathlib import Path

import pytest

from rally.storage.marker import NAME
from tests.rally.commands.init_folder import marker, owner
from tests.support.world import GARDEN, contents


def test_marker_that_is_lost_is_adopted_by_who_knows_the_platform(init):
    init()
    platform = marker("store/platform")["id"]
    Path(f"store/data/study={GARDEN}").mkdir(parents=True)
    Path(f"store/data/study={GARDEN}/a.avro").touch()
    for place in ("store", "store/platform"):
        Path(place, NAME).unlink()
        assert init()[0] == 2
        assert init("--adopt=" + "0" * 32)[0] == 2
        assert init("--adopt=garden")[0] == 2
        assert not Path(place, NAME).exists()
        assert init(f"--adopt={platform}")[0] == 0
        assert marker(place)["platform"] == platform


def test_platform_that_is_not_there_is_not_made_anew_beside_its_store(init):
    places = ("--store=store", "--platform=disk", "--keys=keys")
    init(places=places)
    platform = marker("disk")["id"]
    Path("disk").rename("unmounted")
    status, lines, complaint = init(places=places)
    assert (status, lines, complaint) == (
        2,
        [],
        "rally: disk: has no rally-store.json, and there are places of platform"
        f" {platform}; mount it or correct --platform, or, where only its marker is"
        f" lost, give --adopt {platform}",
    )
    assert not Path("disk").exists()


def test_keys_say_whose_they_are(init):
    """Keys that were made before anything was stored are nobody's until then."""
    init()
    assert owner()["platform"] == marker("store/platform")["id"]
    Path("keys/platform/founding.json").unlink()
    assert init()[0] == 0
    assert owner()["platform"] == marker("store/platform")["id"]


@pytest.mark.parametrize(
    ("places", "missing"),
    [
        (("--store=store", "--keys=keys"), "store/platform"),
        (("--store=other", "--keys=keys"), "other/platform"),
        (("--store=at-{study}", "--platform=records", "--keys=keys"), "records"),
    ],
)
def test_keys_of_a_platform_that_is_away_make_no_second_one(
    init, lost, places, missing
):
    before = contents("keys")
    assert init(places=places) == (
        2,
        [],
        f"rally: {missing}: has no rally-store.json, and keys/platform has the keys of"
        f" platform {lost}; mount it or correct --store and --platform, or, where only"
        f" its markers are lost, give --adopt {lost}. A new platform has"
        " --platform_keys of its own",
    )
    assert contents("keys") == before
    assert not Path(missing).exists()


def test_keys_of_a_platform_serve_where_its_id_is_adopted(init, lost):
    for words, status in ((f"--adopt={'0' * 32}", 2), (f"--adopt={lost}", 0)):
        assert init(words)[0] == status
        assert Path("store").exists() == (status == 0)
    assert marker("store")["platform"] == lost == owner()["platform"]


def test_keys_of_one_platform_are_not_anothers(init):
    init()
    first = owner()["platform"]
    init(places=("--store=second", "--keys=keys", "--platform_keys=others"))
    second = marker("second")["platform"]
    before = contents("second") | contents("keys")
    assert init(places=("--store=second", "--keys=keys")) == (
        2,
        [],
        f"rally: keys/platform: has the keys of platform {first}, and not of {second};"
        " correct --platform_keys",
    )
    assert contents("second") | contents("keys") == before


@pytest.mark.parametrize("text", ["", "{", "[]", '{"platform": "garden"}', "[" * 9999])
def test_file_beside_the_keys_that_is_none_is_refused(init, text):
    init()
    Path("keys/platform/founding.json").write_text(text)
    assert init()[::2] == (
        2,
        "rally: keys/platform/founding.json: is not as `rally init` made it; restore"
        " it: it is the first of the platform's decisions/",
    )


@pytest.mark.parametrize(
    ("lost", "stored"),
    [
        ("pseudonym.platform", "platform/withdrawals/root.json"),
        (f"pseudonym.{GARDEN}", f"data/study={GARDEN}/a.avro"),
    ],
)
def test_key_that_was_lost_is_not_made_anew(init, lost, stored):
    init()
    Path("store", stored).parent.mkdir(parents=True, exist_ok=True)
    Path("store", stored).touch()
    Path(f"keys/platform/{lost}.keyset.json").unlink()
    status, _, complaint = init()
    assert status == 2
    assert "restore it" in complaint
    assert not Path(f"keys/platform/{lost}.keyset.json").exists()


def test_list_that_was_lost_is_not_begun_anew(init):
    init()
    Path(f"store/data/study={GARDEN}").mkdir(parents=True)
    Path(f"store/data/study={GARDEN}/a.avro").touch()
    Path("store/platform/withdrawals/root.json").unlink()
    status, _, complaint = init()
    assert status == 2
    assert complaint.startswith(
        "rally: store/platform/withdrawals/root.json: the withdrawal list is missing"
    )
