"""`rally releases`: what was released at what cost, and how it leaves."""

import json
import shutil
from hashlib import sha256

import pytest

from rally.commands.releases import COMMAND
from rally.errors import ConfigurationError, faults_of
from rally.keys.names import Job
from rally.keys.platform_administration import ensure_platform_keys
from rally.keys.platform_keys import PlatformKeys
from rally.parser import Parser
from rally.registry.registry import Registry
from rally.releases.ledger_lines import line_name
from rally.storage.marker import NAME, Marker, PlaceKind
from tests.rally.releases.birds import BIRDS, write_birds
from tests.rally.releases.drafts import RELEASE
from tests.rally.releases.release_desk import NOW, Desk
from tests.support.ledger_lines import publish_view, put_lines, reservation
from tests.support.platform_conclusion import conclude_platform
from tests.support.stores import make_stores


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("keys") / "platform")
    ensure_platform_keys(folder, [BIRDS], lambda _: False)
    return folder


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    return Registry.load(write_birds(tmp_path_factory.mktemp("birds") / "studies"))


class Office(Desk):
    """Where people type `rally releases …` about a release."""

    def __init__(self, folder, keys, registry, capsys):
        shutil.copytree(keys, folder / "platform_keys")
        self.store, self.keys = folder / "store", folder / "platform_keys"
        stores = make_stores(self.store, self.keys)
        super().__init__(registry, platform=stores.platform)
        jobs = [Job.RELEASE, Job.DELETE]
        opened = PlatformKeys.open(str(self.keys), signing=jobs)
        self.key, self.deletion = map(opened.signer, jobs)
        self.draft = self.run(key=self.key)
        self.stores = stores
        self.out, self._capsys = folder / "out", capsys
        self.out.mkdir()
        owner = self.signed.chain.platform
        marker = Marker.new(PlaceKind.RELEASES, owner, founded="1" * 64)
        (self.out / NAME).write_bytes(marker.serialise())

    def type(self, *words, store="--store"):
        place = self.store if store == "--store" else self.store / "platform"
        parser = Parser("rally")
        COMMAND.add_to(parser.add_subparsers(), "rally")
        args = parser.parse_args(["releases", *words, f"{store}={place}"])
        return args.handler(args), self._capsys.readouterr().out

    def place(self, name=RELEASE, *words):
        places = f"--releases={self.out}", f"--platform_keys={self.keys}"
        return self.type("place", BIRDS, name, *places, *words)

    def read(self, *words):
        status, text = self.type(*words, "--json")
        assert status == 0
        return json.loads(text)


@pytest.fixture
def office(tmp_path, keys, registry, capsys):
    return Office(tmp_path, keys, registry, capsys)


def test_life_of_a_result(office):
    waits = "waits for a signature of another person"
    assert office.read("list") == {
        "results": [
            {"study": BIRDS, "result": RELEASE, "rho": "0.0175", "state": waits}
        ]
    }
    with pytest.raises(ConfigurationError, match=waits):
        office.place()
    office.signed.sign_result("steward", RELEASE, office.draft.sha256)
    assert office.read("list")["results"][0]["state"] == "signed; place it"
    status, text = office.place()
    assert (status, text.splitlines()[-1]) == (
        0,
        f"{BIRDS}/{RELEASE} is placed, as signed by steward.",
    )
    folder = office.out / f"study={BIRDS}" / RELEASE
    assert sorted(each.name for each in folder.iterdir()) == [
        "card.json", "index.html", "table.csv", "table.parquet",
    ]  # fmt: skip
    assert office.read("list")["results"][0]["state"] == "placed"
    assert office.type("verify", f"--releases={office.out}") == (
        0,
        "The ledger is whole: 3 lines, 1 placed.\n",
    )


def test_ledger_that_was_cut_back_is_refused_and_named(office):
    office.signed.sign_result("steward", RELEASE, office.draft.sha256)
    put_lines(office.platform, reservation("other", study=BIRDS), key=office.key)
    publish_view(office.stores, BIRDS, office.ledger.end, office.deletion)
    office.platform.delete(line_name(3), office.platform.stat(line_name(3)).generation)
    lost = "is not the ledger whose line 3 deletion has seen"
    with pytest.raises(ConfigurationError, match=lost):
        office.place()
    status, text = office.type("verify")
    assert (status, lost in text) == (1, True)
    assert not [*office.out.glob("study=*")]


def test_what_was_signed_before_the_platform_s_end_can_still_leave(office):
    office.signed.sign_result("steward", RELEASE, office.draft.sha256)
    conclude_platform(office.platform, NOW)
    assert office.place()[0] == 0
    assert len([*office.out.rglob("table.csv")]) == 1


def test_platform_alone_says_nothing_of_views(office):
    status, text = office.type("verify", store="--platform")
    assert status == 0
    assert text.endswith("Not held against the views of studies: give --store.\n")


def test_who_signs_sees_the_table_and_the_card(office):
    shown = office.read("show", BIRDS, RELEASE)
    assert shown["sha256"] == office.draft.sha256
    assert len(shown["groups"]) == 8
    assert {"region", "people", "people_error"} < shown["groups"][0].keys()
    assert shown["card"]["unit"].startswith("a person of this platform")
    status, text = office.type("show", BIRDS, RELEASE)
    assert (status, f"What you sign is SHA-256 {office.draft.sha256}." in text) == (
        0,
        True,
    )
    assert "\N{PLUS-MINUS SIGN}" in text


def test_budget_says_what_is_left_and_what_binds_a_person(office):
    assert office.read("budget") == {
        "budgets": [
            {
                "study": BIRDS,
                "allotted": "0.07",
                "reserved": "0.0175",
                "left": "0.0525",
                "epsilon": "2.04",
            }
        ],
        "most_of_a_person": "0.07",
    }
    assert "at most rho 0.07, epsilon 2.04" in office.type("budget")[1]


def test_verify_names_what_is_wrong(office):
    (office.out / "notes.txt").write_text("?")
    name = line_name(1)
    office.platform.delete(name, office.platform.stat(name).generation)
    status, text = office.type("verify", f"--releases={office.out}")
    assert status == 1
    assert f"{name}: is missing" in text
    assert "notes.txt: is no file that the ledger has" in text
    for command in (["list"], ["budget"], ["show", BIRDS, RELEASE]):
        with pytest.raises(ConfigurationError, match="is missing"):
            office.type(*command)


def test_submitted_file_is_listed_and_placed(office, tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(b"a,b\n")
    digest = sha256(b"a,b\n").hexdigest()
    office.signed.submit("author", digest, "table.csv")
    states = [each["state"] for each in office.read("list")["results"]]
    assert states[0] == "waits for a signature of 2 people"
    for by in ("steward", "privacy"):
        office.signed.sign_result(by, "table.csv", digest)
    assert office.place("table.csv", f"--file={path}")[0] == 0
    states = [each["state"] for each in office.read("list")["results"]]
    assert states[0] == "placed; not differentially private"
    office.signed.submit("author", "2" * 64, "table.csv")
    states = [each["state"] for each in office.read("list")["results"]]
    assert states[:2] == [
        "another file was placed under this name; submit it under another",
        "placed; not differentially private",
    ]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("show", BIRDS, "other"), "has no result other"),
        (("place", BIRDS, RELEASE), "--releases: is missing"),
        (("place", BIRDS, "a.csv", "--releases=x"), "--file: is missing"),
        (
            ("place", BIRDS, RELEASE, "--releases=x", "--file=y"),
            "is for submitted files",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(office, words, why):
    with pytest.raises(ConfigurationError, match=why):
        office.type(*words)


def test_all_options_that_are_missing_are_named_at_once():
    parser = Parser("rally")
    COMMAND.add_to(parser.add_subparsers(), "rally")
    args = parser.parse_args(["releases", "place", BIRDS, "a.csv"])
    with pytest.raises(ConfigurationError) as caught:
        args.handler(args)
    assert faults_of(caught.value) == (
        "--releases: is missing; say where results leave",
        "--file: is missing; name the file",
        "--platform: is missing; give it, or --store",
        "--platform_keys: is missing; give it, or --keys",
    )


def test_nothing_was_released(tmp_path, capsys):
    make_stores(tmp_path / "store", tmp_path / "keys")
    for words, said in (
        ("list", "Nothing was released or submitted."),
        ("budget", "No study has a budget for releases."),
        (
            "verify",
            "The ledger is whole: 0 lines, 0 placed. Not looked at where results",
        ),
    ):
        parser = Parser("rally")
        COMMAND.add_to(parser.add_subparsers(), "rally")
        args = parser.parse_args(["releases", words, f"--store={tmp_path / 'store'}"])
        assert args.handler(args) == 0
        assert said in capsys.readouterr().out
