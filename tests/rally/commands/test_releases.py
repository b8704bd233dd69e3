"""`rally releases`: what is checked of recipes there, and what people sign."""

import pytest

from rally.decisions.contents import DecisionKind, ReviewResult
from rally.errors import ConfigurationError, faults_of
from tests.rally.commands.recipe_desk import Desk
from tests.rally.releases.birds import BIRDS
from tests.rally.releases.recipes import make_recipe, recipe_content

UNCHECKED = (
    "Recipes: signatures not checked; --platform or --store says where they are.\n"
)


GOOD = (
    "rally-birds/releases/weekly: good (8 groups, 56 numbers; releases: 4 of rho 0.0175"
    " each)"
)


BAD = recipe_content(rho="0", filters=[{"field": "a", "one_of": ["b"]}])
STEWARD = ("--as=steward", "--by=steward", "--result=+")


def test_check_says_what_recipes_release_and_who_has_yet_to_sign(desk):
    harmless = (
        "rally-birds/releases/harmless: good (2 groups, 14 numbers; releases: 4 of rho"
        " 0.0175 each)"
    )
    assert desk.print("check") == (0, f"{harmless}\n{GOOD}\n{UNCHECKED}")
    status, text = desk.print("check", desk.store)
    assert (status, text) == (
        0,
        f"{harmless}; waits for a signature of steward\n"
        f"{GOOD}; waits for a signature of steward; waits for a signature of privacy\n",
    )
    desk.type("approve", BIRDS, "harmless", *STEWARD)
    assert f"{harmless}, approved by steward\n" in desk.print("check", desk.store)[1]
    status, text = desk.print("check", "--study=rally-core")
    assert (status, text) == (0, f"There is no recipe.\n{UNCHECKED}")


def test_check_tells_all_faults_of_all_recipes(tmp_path, people_keys, capsys):
    recipes = {"weekly": recipe_content(), "wrong": BAD, "zero": recipe_content(rho=0)}
    desk = Desk(tmp_path, people_keys, capsys, recipes)
    with pytest.raises(ConfigurationError) as caught:
        desk.print("check")
    faults = faults_of(caught.value)
    assert [each.rpartition("/")[2].partition(":")[0] for each in faults] == [
        *("wrong.yaml", "zero.yaml")
    ]
    assert capsys.readouterr().out == f"{GOOD}\n{UNCHECKED}"


def test_recipe_is_shown_and_signed_for_an_area(desk):
    words = ("approve", BIRDS, "weekly", "--result=+")
    status, text = desk.type(*words, "--as=steward", "--by=steward")
    assert status == 0
    fingerprint = make_recipe().fingerprint
    assert text.splitlines() == [
        "rally-birds/releases/weekly, by author: How does attention to news differ by"
        " region?",
        "use: A table for the public report",
        "rows: visit.1, 2026-06-01 to 2026-06-28, in 4 releases",
        "only: browser is firefox, chrome",
        "only: page_minutes at least 0.5",
        "groups: region: north, south",
        "groups: age: band_19_24, band_25_34",
        "groups: pages: 0 to 10, 10 to 100",
        "groups together: 8",
        "measure: people: number of people",
        "measure: visits: number of rows; weight 2",
        "measure: minutes: sum of page_minutes, each within 0 and 120, to 1 digits",
        "measure: attention: mean of page_attention, each within -5 and 7.5, to 2"
        " digits",
        "measure: lengths: rows by page_length: 0 to 1000, 1000 to 5000",
        "a person counts in at most 3 groups, with at most 20 rows in each",
        *(f"reads {each}: category 1" for each in make_recipe().columns),
        "reads the demographic age of people who agreed to it",
        "leaves out groups of fewer than 20 people, as the noise has it",
        "costs rho 0.0175 a release, 0.0700 together",
        f"fingerprint: {fingerprint}",
        "Signed. Waits for a signature of privacy.",
    ]
    _, text = desk.type(*words, "--as=privacy", "--by=privacy")
    assert text.endswith("Signed. It is approved, until it is changed.\n")
    signed = [each.content for each in desk.chain.of(DecisionKind.SIGN_RECIPE)]
    assert [(each.area, each.recipe, each.fingerprint) for each in signed] == [
        ("steward", "weekly", fingerprint),
        ("privacy", "weekly", fingerprint),
    ]


def test_recipe_may_be_refused_or_left_for_later(desk):
    words = ("approve", BIRDS, "harmless", "--as=steward", "--by=steward")
    _, text = desk.type(*words, "--result=later")
    assert text.endswith("Nothing is signed.\n")
    assert not [*desk.chain.of(DecisionKind.SIGN_RECIPE)]
    _, text = desk.type(*words, "--result=-")
    assert text.endswith("Signed. Steward refused it as steward.\n")
    (entry,) = desk.chain.of(DecisionKind.SIGN_RECIPE)
    assert entry.content.result is ReviewResult.REFUSE


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("approve", BIRDS, "daily", *STEWARD),
         "daily: is no recipe of rally-birds; it has harmless, weekly"),
        (("approve", BIRDS, "harmless", "--as=privacy", "--by=privacy", "--result=+"),
         "--as: must be one of: steward"),
        (("approve", BIRDS, "weekly", "--as=legal", "--by=legal", "--result=+"),
         "--as: must be one of: steward, privacy"),
        (("approve", BIRDS, "weekly", "--by=steward", "--result=+"),
         "--as: is missing; steward and privacy sign it"),
        (("approve", BIRDS, "weekly", "--as=steward", "--by=author", "--result=+"),
         "--by: author is the author of rally-birds/releases/weekly; have another"
         " person sign"),
        (("approve", BIRDS, "weekly", "--as=steward", "--by=privacy", "--result=+"),
         "--by: privacy may not sign for that; it takes the role steward"),
        (("approve", BIRDS, "weekly", "--as=steward", "--by=steward"),
         "--result: is missing; nobody can be asked here"),
        (("approve", BIRDS, "weekly", "--as=steward", "--by=steward", "--result=ok"),
         "--result: must be one of: +, -"),
        (("allot", BIRDS, "--by=decide"),
         "--rho: is missing; say what the study may cost"),
        (("allot", BIRDS, "--rho=-1", "--by=decide"),
         "--rho: must be a decimal number above 0 and below 1,000, such as 0.0175"),
        (("allot", "rally-core", "--rho=1", "--by=decide"),
         "rally-core: is the platform's own, of which nothing is released"),
        (("allot", BIRDS, "--rho=1", "--by=steward"),
         "--by: steward may not decide that; it takes the role decide"),
        (("sign", BIRDS, "weekly", "--by=decide", "--file=x.csv"),
         "--file: is for submitted files that you looked at"),
        (("sign", BIRDS, "table.csv", "--by=decide"),
         "--file: is missing; name the file that you looked at"),
        (("sign", BIRDS, "weekly.2026-06-01", "--by=decide"),
         "rally-birds: has no result weekly.2026-06-01; `rally releases list` shows"
         " them"),
        (("sign", BIRDS, "../weekly", "--by=decide"),
         "RESULT: must be a result such as weekly, weekly.2026-06-01 or a.csv"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_one_line_and_signs_nothing(desk, words, fault):
    before = desk.chain.head
    assert desk.refused(*words) == fault
    assert desk.chain.head == before


def test_recipe_with_faults_is_not_signed(tmp_path, people_keys, capsys):
    desk = Desk(tmp_path, people_keys, capsys, {"wrong": recipe_content(rho=0)})
    assert ": rho: must be" in desk.refused("approve", BIRDS, "wrong", *STEWARD)
    assert not [*desk.chain.of(DecisionKind.SIGN_RECIPE)]
