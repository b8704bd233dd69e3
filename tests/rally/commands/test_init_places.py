"""Tests of `rally init`: places that it refuses to mark, and that it keeps apart."""

from pathlib import Path

import pytest

from rally.initialisation.places import mark_places, survey_places
from tests.rally.commands.init_folder import marker
from tests.support.world import GARDEN, POND


@pytest.mark.parametrize(
    ("places", "name"),
    [
        (("--store=store", "--platform=other"), f"store/data/study={GARDEN}/a.avro"),
        (("--store=other", "--platform=store"), "store/events/date=2026-05-20/a.avro"),
        (("--store=other", "--platform=store"), "store/photographs/cat.jpg"),
    ],
    ids=["rows", "records", "anything"],
)
def test_place_that_holds_something_is_not_marked(init, places, name):
    Path(name).parent.mkdir(parents=True)
    Path(name).touch()
    status, lines, complaint = init(places=(*places, "--keys=keys"))
    assert (status, lines) == (2, [])
    assert complaint.startswith("rally: store: holds ")
    assert complaint.endswith(
        " and has no rally-store.json; give an empty place, restore the marker, or,"
        " where this place is the platform's, give the platform's id by --adopt"
    )
    assert not Path("other").exists()
    assert not Path("keys/platform").exists()


def below(keys):
    """The folders of other keys, where only that of those that open pings is named."""
    return f"{keys}/platform", f"{keys}/people"


@pytest.mark.parametrize(
    ("places", "told"),
    [
        (("--store=one/", "--keys=one/"), ("one/", *below("one"))),
        (("--store=one", "--keys=./one/keys"), ("./one/keys", *below("./one/keys"))),
        (("--store=a", "--platform=one", "--keys=one"), ("one", *below("one"))),
        (("--store=a", "--keys=keys", "--platform_keys=a/platform"), ("a/platform",)),
        (
            ("--store=at-{study}", "--platform=b", f"--keys=at-{POND}"),
            (f"at-{POND}", *below(f"at-{POND}")),
        ),
    ],
)
def test_keys_have_a_folder_of_their_own(init, places, told):
    status, lines, complaint = init(places=places)
    assert (status, lines) == (2, [])
    faults = complaint.splitlines()
    assert {each.split(": ")[1] for each in faults} == {*told}
    assert all(
        each.endswith("where rows or records are; give keys a folder of their own")
        for each in faults
    )
    assert {*Path().iterdir()} == {Path("keys"), Path("studies")}


@pytest.mark.parametrize(
    ("places", "complaint"),
    [
        (("--store=~/s",), "~/s/platform: begins with ~, which only a shell expands"),
        (("--store=s", "--platform=~jo/p"), "~jo/p: begins with ~, which only a shell"),
        (
            ("--store=s", "--keys=~/k"),
            "~/k/platform: begins with ~, which only a shell",
        ),
        (("--store=s{x}",), "--store s{x}: has braces other than {study}; correct it"),
        (("--store=s{study", "--platform=p"), "--store s{study: has braces other than"),
        (("--store=s", "--platform={platform}"), "--platform {platform}: has braces"),
    ],
)
def test_what_a_shell_did_not_expand_is_no_folder(init, places, complaint):
    keys = () if "--keys" in str(places) else ("--keys=keys",)
    status, lines, said = init(places=(*places, *keys))
    assert (status, lines, said.count("\n")) == (2, [], 0)
    assert said.startswith(f"rally: {complaint}")
    assert {*Path().iterdir()} == {Path("keys"), Path("studies")}


def test_places_of_two_platforms_are_not_joined(init):
    init()
    init(places=("--store=second", "--keys=keys", "--platform_keys=others"))
    first, second = (marker(f"{each}/platform")["id"] for each in ("store", "second"))
    status, _, complaint = init(
        places=("--store=store", "--platform=second/platform", "--keys=keys")
    )
    assert (status, complaint) == (
        2,
        f"rally: store: belongs to platform {first}, and not to {second}; correct"
        " --store or --platform",
    )


@pytest.mark.parametrize(
    "places",
    [
        ("--store=store", "--platform=store"),
        ("--store=store", "--platform=./store/"),
        ("--store=store/rows", "--platform=store"),
        ("--store=store", "--platform=store/data/records"),
    ],
)
def test_store_and_platform_are_two_places(init, places):
    status, _, complaint = init(places=(*places, "--keys=keys"))
    assert status == 2
    assert complaint.endswith("give each a folder of its own")
    assert not Path("store").exists()


@pytest.mark.parametrize("words", [("--study=nobody",), ("--adopt=",)])
def test_what_is_mistyped_makes_nothing(init, words):
    status, lines, complaint = init(*words)
    assert (status, lines) == (2, [])
    assert complaint.startswith("rally: ")
    assert not Path("store").exists()


def test_two_that_begin_at_once_end_with_one_platform(here):
    """The other one marks between the look and the act."""
    from rally.storage.layout import Stores
    from tests.support.stores import mark_stores

    stores = Stores("store", None)
    create = stores.platform.create

    def later(name, data):
        mark_stores("store")
        return create(name, data)

    stores.platform.create = later
    with pytest.raises(Exception, match="run it again"):
        mark_places(survey_places(stores, []), "0" * 32, "5e" * 32)
    assert marker("store")["platform"] == marker("store/platform")["id"]
