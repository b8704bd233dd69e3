"""Tests of `rally init`: what it makes, what it leaves, and what it refuses to mark."""

import json
import shutil
from hashlib import sha256
from pathlib import Path

import pytest

from pipelines.cli import main
from rally.decisions.contents import Role
from rally.decisions.entry import entry_name
from rally.decisions.signers import open_signer
from rally.decisions.verifying import read_chain
from rally.envelope import parse_timestamp
from rally.initialisation.places import mark_places, survey_places
from rally.registry.transitions import StudyAction
from rally.storage.marker import NAME
from rally.storage.objectstore.open_store import open_store
from tests.support.platform_conclusion import conclude_platform
from tests.support.stores import save_list
from tests.support.study_decisions import decide_study
from tests.support.world import GARDEN, HOUSE, POND, World, contents

FOUNDING = entry_name(1)
REVIEWS = (f"{GARDEN}/r1", f"{HOUSE}/r1", f"{POND}/r1")
KEYS = (
    *("pseudonym.platform", f"pseudonym.{GARDEN}", f"pseudonym.{HOUSE}"),
    *(f"pseudonym.{POND}", "signing.copy", "signing.delete", "signing.purge"),
    *("signing.release", "dead-letter.private", "dead-letter.public"),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A registry, and keys that open the pings of its three namespaces."""
    world = World(tmp_path_factory.mktemp("made"))
    shutil.rmtree(f"{world.keys}/platform")
    return world.root


@pytest.fixture
def here(made, tmp_path, monkeypatch):
    """A folder with these in which one works."""
    shutil.copytree(made, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture
def init(here, capsys):
    """Types `rally init …`: its status, what it prints, and what it complains of."""

    def run(*words, places=("--store=store", "--keys=keys")):
        founding = () if "--owner" in "".join(words) else ("--development",)
        status = main(["init", "--studies=studies", *places, *founding, *words])
        out, err = capsys.readouterr()
        return status, out.splitlines(), err.strip()

    return run


def marker(place):
    return json.loads(Path(place, NAME).read_text())


def study(namespace, **changes):
    """Changes entries of a study.yaml."""
    path = Path("studies", namespace, "study.yaml")
    more = "".join(f"{name}: {value}\n" for name, value in changes.items())
    path.write_text(path.read_text().replace("documents:", f"{more}documents:", 1))


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


@pytest.fixture
def lost(init):
    """A platform whose disk is away; its id, and what its options are."""
    init()
    platform = marker("store/platform")["id"]
    Path("store").rename("unmounted")
    return platform


def owner():
    return json.loads(Path("keys/platform/founding.json").read_text())


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


def test_concluded_study_is_not_begun_again(init):
    init()
    at = parse_timestamp("2026-06-01T12:00:00Z")
    for action in (StudyAction.END, StudyAction.CONCLUDE):
        by = open_signer("keys/people", "decide")
        decide_study(open_store("store/platform"), GARDEN, action, at, by)
    key = Path(f"keys/platform/pseudonym.{GARDEN}.keyset.json")
    key.unlink()
    assert init(f"--study={GARDEN}")[0] == 2
    assert init()[0] == 0
    assert not key.exists()


def test_nothing_begins_where_the_platform_is_concluded(init):
    init()
    at, by = (
        parse_timestamp("2026-06-01T12:00:00Z"),
        open_signer("keys/people", "decide"),
    )
    owner = open_signer("keys/people", "owner-1")
    platform = open_store("store/platform")
    conclude_platform(platform, at, approved_by=owner, by=by)
    Path("store/platform/withdrawals/root.json").unlink()  # as it goes with it
    status, _, complaint = init()
    assert (status, "the platform is concluded" in complaint) == (2, True)
    assert not Path("store/platform/withdrawals/root.json").exists()


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


def owners(*names):
    """The options of these owners, each of whom makes a key of their own."""
    for name in names:
        if not Path(name).exists():
            assert main(["people", "key", f"--by={name}", f"--people_keys={name}"]) == 0
    return [f"--owner={name}={name}/person.{name}.public.json" for name in names]


def test_two_owners_found_a_platform_and_one_of_them_signs(init, capsys):
    given = (*owners("jo", "ann"), "--by=jo", "--people_keys=jo")
    capsys.readouterr()
    status, lines, complaint = init(*given)
    assert (status, complaint) == (0, "")
    assert "made: first decision of a platform, signed by jo" in lines
    chain = read_chain(open_store("store/platform"))
    assert not chain.development
    assert {name: each.roles for name, each in chain.people.items()} == {
        name: (Role.OWNER,) for name in ("jo", "ann")
    }
    assert not Path("keys/people").exists()
    assert main(["init", "--studies=studies", "--store=store", "--keys=keys"]) == 0
    before = contents("store") | contents("keys")
    assert main(["init", "--studies=studies", "--store=store", "--keys=keys",
                 "--development"]) == 2  # fmt: skip
    assert contents("store") | contents("keys") == before


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((), "--owner: is missing; a new platform begins with two owners"),
        (("jo", "--by=jo"), "--owner: give two or more, each once"),
        (("jo", "jo", "--by=jo"), "--owner: give two or more, each once"),
        (("jo", "ann"), "--by: must be one of the owners, who signs"),
        (("jo", "ann", "--by=kim"), "--by: must be one of the owners, who signs"),
        (("jo", "ann", "--by=ann"), "jo: has no key of ann; correct --people_keys"),
        (("jo", "ann", "--by=jo", "--development"), "--development: makes the owners"),
        (("--owner=jo", "--by=jo"), "--owner: jo: write NAME=FILE"),
        (("--owner=Jo=x", "--by=Jo"), "--owner: must be up to 40 lower-case"),
        (("--owner=jo=nowhere", "--by=jo"), "nowhere: No such file or directory"),
    ],
)
def test_platform_that_nobody_founds_is_not_begun(here, capsys, words, complaint):
    owners("jo", "ann")
    given = [each for word in words for each in
             ([word] if word.startswith("-") else owners(word))]  # fmt: skip
    capsys.readouterr()
    places = ["--studies=studies", "--store=store", "--keys=keys", "--people_keys=jo"]
    assert main(["init", *places, *given]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"rally: {complaint}")
    assert told.err.count("\n") == 1
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
