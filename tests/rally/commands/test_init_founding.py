"""Tests of `rally init`: who founds a platform, and when nothing begins."""

from pathlib import Path

import pytest

from pipelines.cli import main
from rally.decisions.contents import Role
from rally.decisions.signers import open_signer
from rally.decisions.verifying import read_chain
from rally.envelope import parse_timestamp
from rally.registry.transitions import StudyAction
from rally.storage.objectstore.open_store import open_store
from tests.support.platform_conclusion import conclude_platform
from tests.support.study_decisions import decide_study
from tests.support.world import GARDEN, contents


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
