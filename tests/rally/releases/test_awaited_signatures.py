"""What waits for a signature is named, and what was refused or has left is not."""

from rally.decisions.contents import Role
from rally.fields import Place
from rally.releases.awaited_signatures import find_awaited
from rally.releases.ledger import Ledger
from rally.releases.recipe_files import RecipeFile
from tests.rally.releases.birds import BIRDS
from tests.rally.releases.recipes import make_recipe
from tests.rally.releases.signed_releases import REFUSE, SignedReleases
from tests.support.ledger_lines import placing, put_lines, reservation, spending

RECIPE = make_recipe()
RELEASE = "weekly.2026-06-01"


def awaited(signed, birds, recipes=(), ledger=None):
    if ledger is None:
        ledger = Ledger()
    found = find_awaited(birds, recipes, signed.chain, ledger)
    return [each[1:] for each in found if each.study == BIRDS]


def test_recipe_waits_until_it_is_approved_or_refused(birds):
    signed = SignedReleases()
    place = Place("weekly.yaml")
    good = [RecipeFile(BIRDS, "weekly", place, RECIPE)]
    bad = [RecipeFile(BIRDS, "weekly", place, RECIPE, ("f",)),
           RecipeFile(BIRDS, "none", place, None, ("f",))]  # fmt: skip
    assert awaited(signed, birds, bad) == []
    waits = "waits for a signature of"
    assert awaited(signed, birds, good) == [
        (f"recipe weekly: {waits} steward; {waits} privacy", "rally releases check")
    ]
    signed.sign_recipe(RECIPE)
    assert awaited(signed, birds, good) == [
        (f"recipe weekly: {waits} privacy", "rally releases check")
    ]
    signed.sign_recipe(RECIPE, Role.PRIVACY)
    assert awaited(signed, birds, good) == []
    signed.sign_recipe(RECIPE, Role.PRIVACY, result=REFUSE)
    assert awaited(signed, birds, good) == []


def test_draft_waits_until_it_has_left_or_is_refused(birds):
    signed = SignedReleases()
    put_lines(signed.platform, reservation(study=BIRDS))
    ledger = put_lines(signed.platform, spending(study=BIRDS))
    sha256 = ledger.spendings[BIRDS, RELEASE].sha256
    assert awaited(signed, birds, (), ledger) == [
        (
            f"result {RELEASE}: waits for a signature of another person",
            f"rally releases sign {BIRDS} {RELEASE}",
        )
    ]
    signed.sign_result("decide", RELEASE, sha256)
    assert awaited(signed, birds, (), ledger) == [
        (f"result {RELEASE}: may leave", f"rally releases place {BIRDS} {RELEASE}")
    ]
    signed.sign_result("privacy", RELEASE, sha256, REFUSE)
    assert awaited(signed, birds, (), ledger) == []
    signed.sign_result("privacy", RELEASE, sha256)
    assert len(awaited(signed, birds, (), ledger)) == 1
    ledger = put_lines(signed.platform, placing(study=BIRDS))
    assert awaited(signed, birds, (), ledger) == []


def test_submitted_file_waits_for_two(birds):
    signed = SignedReleases()
    signed.submit()
    signed.sign_result("privacy")
    assert awaited(signed, birds) == [
        (
            "result table.csv: waits for a signature of another person",
            f"rally releases sign {BIRDS} table.csv",
        )
    ]
