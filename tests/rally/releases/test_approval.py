"""Which signatures count: those of others, the newest, and on exactly this."""

from decimal import Decimal

import pytest

from rally.decisions.contents import Role
from rally.releases.approval import (
    allotments,
    find_submissions,
    judge_draft,
    judge_recipe,
    judge_submission,
    waiting_allotments,
)
from tests.rally.releases.birds import BIRDS
from tests.rally.releases.recipes import WEEKLY, make_recipe
from tests.rally.releases.signed_releases import REFUSE, SignedReleases
from tests.support.ledger_lines import reservation

STEWARD, PRIVACY = Role.STEWARD, Role.PRIVACY
WEEKLY_RECIPE = make_recipe()
HARMLESS = make_recipe(
    group_by=WEEKLY["group_by"][:1], bounds={"groups": 1, "rows_per_group": 1}
)
RELEASE = "weekly.2026-06-01"


@pytest.fixture
def signed():
    return SignedReleases()


def recipe_state(signed, birds, recipe=WEEKLY_RECIPE):
    found = judge_recipe(recipe, birds, signed.chain)
    assert found.is_complete is not bool(found.faults)
    return found.people, found.faults


def test_recipe_waits_for_a_steward_and_for_privacy_where_it_is_sensitive(
    signed, birds
):
    steward, privacy = (f"waits for a signature of {it}" for it in (STEWARD, PRIVACY))
    assert recipe_state(signed, birds, HARMLESS) == ((), (steward,))
    assert recipe_state(signed, birds) == ((), (steward, privacy))
    signed.sign_recipe(WEEKLY_RECIPE)
    assert recipe_state(signed, birds) == (("steward",), (privacy,))
    signed.sign_recipe(WEEKLY_RECIPE, PRIVACY)
    assert recipe_state(signed, birds) == (("steward", "privacy"), ())
    assert recipe_state(signed, birds, HARMLESS) == ((), (steward,))
    signed.sign_recipe(HARMLESS)
    assert recipe_state(signed, birds, HARMLESS) == (("steward",), ())


@pytest.mark.parametrize(
    "changes",
    [{"rho": "0.018"}, {"author": "owner-1"}, {"suppress_below": None}],
    ids=str,
)
def test_recipe_that_was_changed_since_is_approved_by_nobody(signed, birds, changes):
    for area in (STEWARD, PRIVACY):
        signed.sign_recipe(WEEKLY_RECIPE, area)
    assert recipe_state(signed, birds)[1] == ()
    people, faults = recipe_state(signed, birds, make_recipe(**changes))
    assert (people, len(faults)) == ((), 2)
    better_words = make_recipe(question="Who reads how much news?")
    assert recipe_state(signed, birds, better_words)[1] == ()


@pytest.mark.parametrize(
    "changes",
    [{"namespace": "rally-x"}, {"recipe": "daily"}, {"fingerprint": "0" * 64}],
)
def test_signature_of_another_recipe_is_none_of_this_one(signed, birds, changes):
    signed.sign_recipe(HARMLESS, **changes)
    assert recipe_state(signed, birds, HARMLESS)[0] == ()


def test_newest_answer_of_an_area_counts(signed, birds):
    signed.admit("ann", STEWARD)
    signed.sign_recipe(HARMLESS, by="ann", result=REFUSE)
    assert recipe_state(signed, birds, HARMLESS) == ((), ("ann refused it as steward",))
    signed.sign_recipe(HARMLESS)
    assert recipe_state(signed, birds, HARMLESS) == (("steward",), ())
    signed.sign_recipe(HARMLESS, by="ann", result=REFUSE)
    assert recipe_state(signed, birds, HARMLESS)[1] == ("ann refused it as steward",)


def test_author_approves_no_recipe_of_their_own_and_hides_no_refusal(signed, birds):
    signed.admit("ann", STEWARD, Role.AUTHOR)
    recipe = make_recipe(
        author="ann", group_by=WEEKLY["group_by"][:1],
        bounds={"groups": 1, "rows_per_group": 1},
    )  # fmt: skip
    signed.sign_recipe(recipe, by="ann")
    assert recipe_state(signed, birds, recipe) == (
        *((), ("waits for a signature of steward",)),
    )
    signed.sign_recipe(recipe, by="steward", result=REFUSE)
    signed.sign_recipe(recipe, by="ann")
    assert recipe_state(signed, birds, recipe)[1] == ("steward refused it as steward",)


def test_one_person_signs_for_one_area(signed, birds):
    signed.admit("ann", STEWARD, PRIVACY)
    for area in (STEWARD, PRIVACY):
        signed.sign_recipe(WEEKLY_RECIPE, area, by="ann")
    assert recipe_state(signed, birds) == (
        *(("ann",), ("ann signed twice; somebody else signs as privacy",)),
    )
    signed.sign_recipe(WEEKLY_RECIPE, PRIVACY)
    assert recipe_state(signed, birds) == (("ann", "privacy"), ())


def test_recipe_has_an_author_whom_the_chain_knows(signed, birds):
    recipe = make_recipe(author="nobody")
    what = "its author, nobody, is nobody who may sign"
    assert what in recipe_state(signed, birds, recipe)[1]
    signed.admit("nobody", Role.AUTHOR)
    assert what not in recipe_state(signed, birds, recipe)[1]


def draft_state(signed, *approvers):
    reserved = reservation(RELEASE, study=BIRDS)._replace(
        author="author", approvers=approvers or ("steward", "privacy")
    )
    found = judge_draft(signed.chain, reserved, "2" * 64)
    return found.people, found.faults


def test_draft_takes_one_person_who_is_not_its_author(signed):
    waits = ("waits for a signature of another person",)
    assert draft_state(signed) == ((), waits)
    signed.admit("author", Role.AUTHOR, Role.DECIDE)
    signed.sign_result("author", RELEASE, "2" * 64)
    signed.sign_result("decide", RELEASE, "3" * 64)
    signed.sign_result("decide", "weekly.2026-06-08", "2" * 64)
    signed.sign_result("decide", RELEASE, "2" * 64, study="rally-x")
    assert draft_state(signed) == ((), waits)
    signed.sign_result("privacy", RELEASE, "2" * 64)
    assert draft_state(signed) == (("privacy",), ())


def test_recipe_and_draft_together_take_two_people(signed):
    """An author is a word in a file, which who approves it may have written."""
    signed.sign_result("steward", RELEASE, "2" * 64)
    waits = "waits for a signature of somebody else: steward approved its recipe"
    assert draft_state(signed, "steward") == (("steward",), (waits,))
    assert draft_state(signed, "steward", "privacy") == (("steward",), ())
    assert draft_state(signed, "privacy") == (("steward",), ())
    signed.sign_result("decide", RELEASE, "2" * 64)
    assert draft_state(signed, "steward") == (("steward", "decide"), ())
    signed.sign_result("steward", RELEASE, "2" * 64, REFUSE)
    assert draft_state(signed, "steward") == (("decide",), ("steward refused it",))


def test_refusal_of_one_stands_until_they_answer_anew(signed):
    signed.sign_result("privacy", RELEASE, "2" * 64)
    signed.sign_result("steward", RELEASE, "2" * 64, REFUSE)
    assert draft_state(signed) == (("privacy",), ("steward refused it",))
    signed.sign_result("steward", RELEASE, "2" * 64)
    assert draft_state(signed) == (("privacy", "steward"), ())


def submission_state(signed, index=0):
    submitted = find_submissions(signed.chain, BIRDS)[index]
    found = judge_submission(signed.chain, submitted)
    return found.people, found.faults


def test_submitted_file_takes_two_people_of_whom_none_is_its_author(signed):
    signed.admit("author", Role.AUTHOR, Role.DECIDE)
    signed.submit()
    assert submission_state(signed) == ((), ("waits for a signature of 2 people",))
    for by in ("author", "privacy", "privacy"):
        signed.sign_result(by)
    assert submission_state(signed) == (
        *(("privacy",), ("waits for a signature of another person",)),
    )
    signed.sign_result("decide", sha256="4" * 64)
    assert len(submission_state(signed)[1]) == 1
    signed.sign_result("decide")
    assert submission_state(signed) == (("privacy", "decide"), ())


def test_nobody_signs_a_file_that_they_submitted_under_another_name(signed):
    signed.admit("ann", Role.AUTHOR, Role.DECIDE)
    signed.submit("ann", name="first.csv")
    signed.submit("author", name="second.csv")
    for by in ("ann", "privacy"):
        signed.sign_result(by, "second.csv")
    assert submission_state(signed, 1) == (
        *(("privacy",), ("waits for a signature of another person",)),
    )


def test_submissions_are_of_a_study(signed):
    entry = signed.submit()
    (found,) = find_submissions(signed.chain, BIRDS)
    assert (found.number, found.author) == (entry.number, "author")
    assert found.submission == entry.content
    assert find_submissions(signed.chain, "rally-x") == []


def test_budget_that_was_approved_first_counts_for_ever(signed):
    older, newer = signed.allot("0.5"), signed.allot("2")
    assert allotments(signed.chain) == {}
    assert waiting_allotments(signed.chain) == {BIRDS: older.number}
    signed.approve("privacy", newer.number)
    signed.approve("privacy", older.number)
    assert allotments(signed.chain) == {BIRDS: 2}
    assert waiting_allotments(signed.chain) == {}
    other = signed.allot("0.30", "rally-x")
    signed.approve("privacy", other.number)
    assert allotments(signed.chain) == {BIRDS: 2, "rally-x": Decimal("0.3")}
