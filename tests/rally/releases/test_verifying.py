"""What is wrong with releases is named, each thing by itself."""

from datetime import timedelta

import pytest

from rally.decisions.contents import ReviewResult, Role
from rally.registry.transitions import StudyAction
from rally.releases.ledger_lines import line_name
from rally.releases.seen_ledger import stores_with_views
from tests.rally.releases.drafts import RELEASE, STUDY
from tests.rally.releases.outbox import FOLDER, Outbox, overwrite, remove
from tests.rally.releases.recipes import make_recipe
from tests.rally.releases.release_desk import NOW, RECIPE
from tests.rally.releases.signed_releases import REFUSE
from tests.support.ledger_lines import put_lines, reservation
from tests.support.people import signer
from tests.support.study_decisions import decide_study


@pytest.fixture
def outbox(birds):
    return Outbox(birds)


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda box: box.releases.create("notes.txt", b"?"), "no file that the ledger"),
        (
            lambda box: overwrite(box.releases, FOLDER + "table.csv", b"x"),
            "not the file that was placed",
        ),
        (
            lambda box: overwrite(
                box.releases,
                FOLDER + "table.csv",
                bytes(len(box.placed[FOLDER + "table.csv"])),
            ),
            "not the file that was placed",
        ),
        (lambda box: remove(box.platform, line_name(2)), "is missing"),
        (
            lambda box: remove(box.platform, f"releases/study={STUDY}/{RELEASE}.json"),
            "the ledger has it",
        ),
        (
            lambda box: box.platform.create(f"releases/study={STUDY}/x.json", b"{}"),
            "is missing",
        ),
        (
            lambda box: box.sign(result=ReviewResult.REFUSE),
            "signatures that do not count",
        ),
    ],
    ids=["beside", "changed", "same size", "line", "draft", "planted", "refused"],
)
def test_what_is_not_as_promised_is_named(outbox, spoil, what):
    outbox.sign()
    outbox.place()
    spoil(outbox)
    found = outbox.verify()
    assert any(what in each for each in found.faults), found.faults


def test_file_that_is_not_there_yet_is_placed_by_the_next_run(outbox):
    outbox.sign()
    outbox.place()
    remove(outbox.releases, FOLDER + "table.csv")
    found = outbox.verify()
    assert found.faults == ()
    assert ["run `rally releases place`" in each for each in found.unfinished] == [True]
    outbox.place()
    assert outbox.verify()[1:4] == ((), (), ())


def test_ledger_is_what_deletion_has_seen_of_it(outbox):
    """Cut back to an earlier end, nothing else tells that the rest is gone."""
    seen = outbox.ledger.end
    outbox.publish_view(seen)
    assert (outbox.verify().faults, outbox.verify().views) == ((), 1)
    draft = f"releases/study={STUDY}/{RELEASE}.json"
    for name in (draft, line_name(2), line_name(1)):
        remove(outbox.platform, name)
    lost = (
        "releases/ledger/: is not the ledger whose line 2 deletion has seen; restore it"
        " from a backup"
    )
    assert outbox.verify().of_ledger == (lost,)
    put_lines(outbox.platform, *(reservation(each, study=STUDY) for each in "abc"))
    assert lost in outbox.verify().of_ledger


def test_ledger_that_grew_since_is_held(outbox):
    outbox.publish_view(outbox.ledger.end)
    outbox.sign()
    outbox.place()
    assert outbox.verify()[1:4] == ((), (), ())


def test_view_of_a_stranger_is_named(outbox):
    outbox.publish_view(outbox.ledger.end, key=signer("decide").key)
    found = outbox.verify()
    assert ["not as deletion published it" in each for each in found.faults] == [True]
    assert (found.of_ledger, found.views) == ((), 0)


def test_studies_that_are_concluded_have_no_view(outbox):
    stores, chain = outbox.stores, outbox.signed.chain
    assert [*stores_with_views(stores, chain, NOW)] == [STUDY]
    for action in (StudyAction.END, StudyAction.CONCLUDE):
        decide_study(outbox.platform, STUDY, action, NOW)
    chain = outbox.signed.chain
    assert stores_with_views(stores, chain, NOW) == {}
    assert [*stores_with_views(stores, chain, NOW - timedelta(1))] == [STUDY]


NEXT = "weekly.2026-06-08"


@pytest.mark.parametrize(
    ("changes", "whys"),
    [
        ({}, ()),
        ({"approvers": ("steward",)}, ()),
        ({"approvers": ()}, ("no steward approved it",)),
        ({"approvers": ("privacy",)}, ("no steward approved it",)),
        (
            {"approvers": ("steward", "decide")},
            ("decide never signed this version of the recipe",),
        ),
        ({"author": "steward"}, ("its author, steward, is no approver",)),
        ({"author": "nobody"}, ("its author, nobody, is nobody who may sign",)),
        (
            {"fingerprint": "f" * 64},
            (
                "steward never signed this version of the recipe",
                "privacy never signed this version of the recipe",
                "no steward approved it",
            ),
        ),
        (
            {"release": "daily.2026-06-08", "approvers": ("steward",)},
            (
                "steward never signed this version of the recipe",
                "no steward approved it",
            ),
        ),
    ],
    ids=str,
)
def test_budget_is_taken_by_what_people_approved(outbox, changes, whys):
    """The job's key alone writes the ledger, and nobody would sign what it invents."""
    line = reservation(NEXT, study=STUDY)._replace(
        fingerprint=RECIPE.fingerprint,
        author=RECIPE.author,
        approvers=("steward", "privacy"),
    )
    line = line._replace(**changes)
    put_lines(outbox.platform, line)
    where = f"{STUDY}/{line.release}"
    assert outbox.verify().faults == tuple(
        f"{where}: took its budget, and {why}" for why in whys
    )


def test_refusal_of_a_recipe_undoes_nothing_that_it_released(outbox):
    outbox.signed.sign_recipe(RECIPE, result=REFUSE)
    assert outbox.verify().faults == ()


def test_refusal_is_no_approval(outbox):
    recipe = make_recipe(rho="0.01")
    outbox.signed.sign_recipe(recipe, Role.STEWARD, result=REFUSE)
    line = reservation(NEXT, study=STUDY)._replace(
        fingerprint=recipe.fingerprint, author=recipe.author
    )
    put_lines(outbox.platform, line)
    assert len(outbox.verify().faults) == 2
