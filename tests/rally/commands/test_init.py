"""Tests of `rally init`: what it makes, what it leaves, and what it says."""

from hashlib import sha256
from pathlib import Path

import pytest

from rally.decisions.entry import entry_name
from rally.storage.marker import NAME
from rally.storage.objectstore.open_store import open_store
from tests.rally.commands.init_folder import marker, study
from tests.support.stores import save_list
from tests.support.world import GARDEN, HOUSE, POND, contents

FOUNDING = entry_name(1)
REVIEWS = (f"{GARDEN}/r1", f"{HOUSE}/r1", f"{POND}/r1")


KEYS = (
    *("pseudonym.platform", f"pseudonym.{GARDEN}", f"pseudonym.{HOUSE}"),
    *(f"pseudonym.{POND}", "signing.copy", "signing.delete", "signing.purge"),
    *("signing.release", "dead-letter.private", "dead-letter.public"),
)


def test_makes_store_platform_keys_and_the_first_list(init):
    status, lines, _ = init()
    platform = marker("store/platform")["id"]
    assert (status, lines) == (
        0,
        [
            f"made: platform keys keys/platform: {', '.join(KEYS)}",
            f"made: platform store/platform (platform {platform})",
            f"made: store store (platform {platform})",
            "made: first decision of a development platform, signed by owner-1",
            "made: withdrawal list 0",
            f"made: reviews, signed by registrar: {', '.join(REVIEWS)}",
            f"made: views of the studies: {GARDEN}, {POND}",
        ],
    )
    first = Path("store/platform", FOUNDING).read_bytes()
    assert Path("keys/platform/founding.json").read_bytes() == first
    assert marker("store") == {
        "founded": sha256(first).hexdigest(),
        "id": marker("store")["id"],
        "kind": "store",
        "layout": 1,
        "platform": platform,
    }
    assert {*contents("store")} == {
        NAME,
        f"platform/{NAME}",
        f"platform/{FOUNDING}",
        *(f"platform/decisions/{number:012d}.json" for number in (2, 3, 4)),
        *(f"platform/{each}" for each in save_list(open_store("store/platform"))),
        *(f"views/study={each}/withdrawn.json" for each in (GARDEN, POND)),
    }


def test_place_of_releases_is_marked_when_it_is_asked_for(init):
    init()
    platform = marker("store/platform")["id"]
    status, lines, _ = init("--releases=out")
    assert status == 0
    assert f"made: releases out (platform {platform})" in lines
    assert [marker("out")[name] for name in ("kind", "platform")] == [
        "releases",
        platform,
    ]
    assert marker("out")["founded"] == marker("store")["founded"]


@pytest.mark.parametrize("at", ["store/out", "store/platform/out", "."])
def test_place_of_releases_is_apart_from_all_others(init, at):
    status, _, error = init(f"--releases={at}")
    assert status == 2
    assert "lie in each other; give results a folder of their own" in error
    assert not Path("store").exists()


def test_place_of_releases_that_holds_something_else_is_not_marked(init):
    Path("out").mkdir()
    Path("out", "notes.txt").write_text("?")
    status, _, error = init("--releases=out")
    assert (status, "holds objects and has no rally-store.json" in error) == (2, True)


def test_run_again_changes_nothing_and_says_so(init):
    init()
    before = contents("store") | contents("keys")
    platform = marker("store/platform")["id"]
    assert init() == (
        0,
        [
            "there: platform keys keys/platform: all that is wanted",
            f"there: platform store/platform (platform {platform})",
            f"there: store store (platform {platform})",
            "there: first decision of a development platform, signed by owner-1",
            "there: withdrawal list 0",
            "there: reviews, signed by registrar: all of the registry",
            "there: views of the studies: all of studies that are begun",
        ],
        "",
    )
    assert contents("store") | contents("keys") == before


@pytest.mark.parametrize("at", range(15))
def test_init_that_was_killed_goes_on(init, monkeypatch, at):
    """Before its first write, its second, and so on."""
    from rally.storage.objectstore.local import LocalStore

    class Killed(BaseException):
        pass

    written = []
    create = LocalStore.create

    def killed(self, name, data):
        written.append(name)
        if len(written) == at + 1:
            raise Killed
        return create(self, name, data)

    monkeypatch.setattr(LocalStore, "create", killed)
    with pytest.raises(Killed):
        init()
    monkeypatch.setattr(LocalStore, "create", create)
    assert init()[::2] == (0, "")
    status, lines, _ = init()
    assert (status, {each.partition(":")[0] for each in lines}) == (0, {"there"})
    assert {*contents("keys/platform")} > {f"{KEYS[-1]}.json"}


def test_key_is_made_for_studies_that_are_used_alone(init):
    """For those with a key that opens pings; of others once they are named."""
    Path(f"keys/{POND}.keyset.json").unlink()
    Path(f"keys/{GARDEN}.keyset.json").unlink()
    init()
    owned = {
        each
        for each in KEYS
        if each not in (f"pseudonym.{POND}", f"pseudonym.{GARDEN}")
    }
    stems = {p.name.partition(".keyset")[0] for p in Path("keys/platform").iterdir()}
    assert owned - {"dead-letter.public"} < stems
    assert f"pseudonym.{POND}" not in stems
    _, lines, _ = init("--study=garden@example.org")
    assert lines[0] == f"made: platform keys keys/platform: pseudonym.{GARDEN}"


def test_study_has_a_place_of_its_own(init):
    places = ("--store=at-{study}", "--platform=records", "--keys=keys")
    init(places=places)
    assert [each.name for each in Path().glob("at-*")] == []
    _, lines, _ = init(f"--study={POND}", places=places)
    platform = marker("records")["id"]
    assert lines == [
        f"made: platform keys keys/platform: pseudonym.{POND}",
        f"there: platform records (platform {platform})",
        f"made: store of {POND} at-{POND} (platform {platform})",
        "there: first decision of a development platform, signed by owner-1",
        "there: withdrawal list 0",
        "there: reviews, signed by registrar: all of the registry",
        f"made: views of the studies: {POND}",
    ]
    assert {*contents(f"at-{POND}")} == {NAME, f"views/study={POND}/withdrawn.json"}
    assert marker(f"at-{POND}")["study"] == POND


def test_folders_of_researchers_are_marked_and_never_made(init, tmp_path):
    tables = tmp_path / "tables"
    study(GARDEN, derived=f"[{tables}, 'bq://project/data']")
    init()
    assert init(f"--study={GARDEN}") == (
        2,
        [],
        f"rally: {tables}: `derived:` of {GARDEN} names it, and it is not there; make"
        " it, or mount it",
    )
    assert not tables.exists()
    tables.mkdir()
    (tables / "visits.csv").write_text("participant\n")
    platform = marker("store/platform")["id"]
    assert (
        f"made: derived of {GARDEN} {tables} (platform {platform})"
        in (init(f"--study={GARDEN}")[1])
    )
    assert marker(tables)["study"] == GARDEN


def test_folder_of_two_studies_is_neithers(init, tmp_path):
    for each in (GARDEN, POND):
        study(each, derived=f"[{tmp_path}/tables]")
    (tmp_path / "tables").mkdir()
    status, _, complaint = init(f"--study={GARDEN}", f"--study={POND}")
    assert (status, complaint) == (
        2,
        f"rally: {tmp_path}/tables: `derived:` of {GARDEN} and of {POND} name it; give"
        " each study a folder of its own",
    )
    assert not Path("store").exists()
