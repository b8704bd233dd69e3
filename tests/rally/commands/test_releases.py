"""`rally releases`: what is checked there, and what people sign."""

from datetime import UTC, datetime
from hashlib import sha256

import pytest

from rally.commands.decisions import COMMAND as DECISIONS
from rally.commands.releases import COMMAND
from rally.decisions.contents import DecisionKind, ReviewResult
from rally.decisions.verifying import read_chain
from rally.errors import ConfigurationError, faults_of
from rally.keys.names import Job
from rally.parser import Parser
from rally.releases.approval import allotments
from rally.releases.draft import create_draft, sign_draft
from tests.rally.releases.birds import BIRDS, write_birds
from tests.rally.releases.drafts import make_draft
from tests.rally.releases.recipes import WEEKLY, make_recipe, recipe_content
from tests.support.ledger_lines import placing, put_lines, reservation, spending
from tests.support.people import job_key, make_people_keys
from tests.support.platform_conclusion import conclude_platform
from tests.support.stores import mark_stores

HARMLESS = recipe_content(
    group_by=WEEKLY["group_by"][:1], bounds={"groups": 1, "rows_per_group": 1}
)
UNCHECKED = (
    "Recipes: signatures not checked; --platform or --store says where they are.\n"
)
GOOD = (
    "rally-birds/releases/weekly: good (8 groups, 56 numbers; releases: 4 of rho 0.0175"
    " each)"
)
BAD = recipe_content(rho="0", filters=[{"field": "a", "one_of": ["b"]}])


STEWARD = ("--as=steward", "--by=steward", "--result=+")


class Desk:
    """Where people type `rally releases …` about birds."""

    def __init__(self, folder, people_keys, capsys, recipes):
        self.folder, self._capsys = folder, capsys
        self.studies = f"--studies={write_birds(folder / 'studies', recipes)}"
        self.platform = mark_stores(folder / "store").platform
        self.store = f"--store={folder / 'store'}"
        self.signing = [self.store, f"--people_keys={people_keys}"]

    def print(self, *words):
        """Runs a command; gives its status and what it printed."""
        return self.run("releases", *words, self.studies)

    def run(self, *words):
        parser = Parser("rally")
        subparsers = parser.add_subparsers()
        for each in (COMMAND, DECISIONS):
            each.add_to(subparsers, "rally")
        args = parser.parse_args(words)
        return args.handler(args), self._capsys.readouterr().out

    def type(self, *words):
        return self.print(*words, *self.signing)

    def allot(self):
        """Two people give the study a budget."""
        self.type("allot", BIRDS, "--rho=0.50", "--by=decide")
        self.approve_allotment()

    def approve_allotment(self):
        return self.run("decisions", "approve", "2", "--by=privacy", *self.signing)

    def refused(self, *words):
        with pytest.raises(ConfigurationError) as caught:
            self.type(*words)
        return "\n".join(faults_of(caught.value))

    def write(self, name, content):
        file = self.folder / name
        file.write_bytes(content)
        return str(file)

    @property
    def chain(self):
        return read_chain(self.platform)


@pytest.fixture(scope="module")
def people_keys(tmp_path_factory):
    return make_people_keys(tmp_path_factory.mktemp("people"))


@pytest.fixture
def desk(tmp_path, people_keys, capsys):
    recipes = {"weekly": recipe_content(), "harmless": HARMLESS}
    return Desk(tmp_path, people_keys, capsys, recipes)


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


def test_budget_is_allotted_once(desk):
    status, text = desk.type("allot", BIRDS, "--rho=0.50", "--by=decide")
    assert (status, text) == (
        0,
        "rally-birds: rho 0.50, for all releases together. Decision 2 is signed by"
        " decide; it counts when somebody who may sign for privacy runs `rally"
        " decisions approve 2`.\n",
    )
    again = ("allot", BIRDS, "--rho=2", "--by=decide-2")
    assert desk.refused(*again) == (
        "rally-birds: decision 2 asks for a budget and waits; somebody for privacy"
        " approves it by `rally decisions approve 2`"
    )
    assert desk.approve_allotment() == (
        0,
        "rally-birds: allots rho 0.50 to all of its releases together, for ever: no"
        " reason is given\n"
        "decision 2 counts from decision 3 on\n",
    )
    assert desk.refused(*again) == (
        "rally-birds: has a budget of rho 0.50, which stands for ever: people joined"
        " under it"
    )
    assert allotments(desk.chain) == {BIRDS: allotments(desk.chain)[BIRDS]}


NOTE = "--note=a regression's table"


def test_file_is_submitted_by_its_author_and_signed_by_two_others(desk):
    content = b"term,estimate\na,1\n"
    file, digest = desk.write("table.csv", content), sha256(content).hexdigest()
    status, text = desk.type("submit", BIRDS, file, "--by=author", NOTE)
    assert (status, text) == (
        0,
        f"rally-birds: table.csv, {len(content)} bytes, SHA-256 {digest}.\n"
        "Decision 2 is signed by author. It is not differentially private: two other"
        " people look at the file and sign it by `rally releases sign rally-birds"
        " table.csv --file=table.csv`.\n",
    )
    words = ("sign", BIRDS, "table.csv", f"--file={file}", "--result=+")
    status, text = desk.type(*words, "--by=privacy")
    assert (status, text) == (
        0,
        f"rally-birds: table.csv, {len(content)} bytes, by author: a regression's"
        " table\n"
        "NOT DIFFERENTIALLY PRIVATE: nothing but your look at it protects people.\n"
        "Signed. table.csv waits for a signature of another person.\n",
    )
    _, text = desk.type(*words, "--by=decide")
    assert text.endswith(
        "Signed. table.csv may leave: run `rally releases place rally-birds"
        " table.csv`.\n"
    )
    assert desk.refused(*words, "--by=author") == (
        "--by: author is the author of table.csv; have another person sign"
    )


def test_name_and_reason_of_a_file_stand_once_they_are_submitted(desk):
    file = desk.write("table.csv", b"a\n")
    words = ("submit", BIRDS, file, "--by=author", NOTE)
    desk.type(*words)
    assert desk.refused(*words) == (
        "rally-birds/table.csv: decision 2 submitted it, and its reason stands; with"
        " another one submit it under another name"
    )
    put_lines(desk.platform, placing("table.csv", BIRDS, sha256(b"a\n").hexdigest()))
    desk.write("table.csv", b"b\n")
    assert desk.refused(*words) == (
        "rally-birds/table.csv: another file was placed under this name; submit it"
        " under another"
    )
    desk.type("submit", BIRDS, desk.write("table2.csv", b"b\n"), "--by=author", NOTE)
    assert len([*desk.chain.of(DecisionKind.SUBMIT_RESULT)]) == 2


def test_file_that_was_changed_since_is_not_signed(desk):
    file = desk.write("table.csv", b"a\n")
    desk.type("submit", BIRDS, file, "--by=author", NOTE)
    desk.write("table.csv", b"b\n")
    words = ("sign", BIRDS, "table.csv", f"--file={file}", "--result=+", "--by=decide")
    assert desk.refused(*words) == (
        f"{file}: nobody submitted these bytes as table.csv; ask its author for the"
        " file, or to run `rally releases submit`"
    )


@pytest.mark.parametrize(
    ("name", "content", "more", "fault"),
    [
        ("table.csv", b"a", [], "--note: is missing; say what it is, and why no recipe"
         " gives it"),
        ("table.csv", b"", [NOTE], "{file}: is empty"),
        ("table", b"a", [NOTE],
         "FILE: must have a suffix of letters, as table.csv has"),
        ("My Table.csv", b"a", [NOTE],
         "FILE: must be a result such as weekly, weekly.2026-06-01 or a.csv"),
        ("none.csv", None, [NOTE], "{file}: No such file or directory"),
    ],
)  # fmt: skip
def test_file_that_nobody_can_submit_is_named(desk, name, content, more, fault):
    file = str(desk.folder / name)
    if content is not None:
        desk.write(name, content)
    found = desk.refused("submit", BIRDS, file, "--by=author", *more)
    assert found == fault.format(file=file)
    assert not [*desk.chain.of(DecisionKind.SUBMIT_RESULT)]


def test_draft_is_signed_by_one_person_who_is_not_its_author(desk):
    release = "weekly.2026-06-01"
    draft = make_draft(platform=desk.chain.platform)
    draft = sign_draft(draft, job_key(Job.RELEASE))
    words = ("sign", BIRDS, release, "--result=+")
    desk.allot()
    missing = f"{BIRDS}: has no result {release}; `rally releases list` shows them"
    put_lines(desk.platform, reservation(study=BIRDS))
    create_draft(desk.platform, draft)
    assert desk.refused(*words, "--by=decide") == missing
    put_lines(desk.platform, spending(study=BIRDS, sha256=draft.sha256))
    status, text = desk.type(*words, "--by=decide")
    assert (status, text) == (
        0,
        f"{BIRDS}: {release}, by jo: How does attention to news differ by region?\n"
        f"Signed. {release} may leave: run `rally releases place {BIRDS} {release}`.\n",
    )
    (entry,) = desk.chain.of(DecisionKind.SIGN_RESULT)
    assert entry.content.sha256 == draft.sha256


def test_draft_that_the_ledger_does_not_name_is_not_signed(desk):
    draft = make_draft(platform=desk.chain.platform)
    create_draft(desk.platform, sign_draft(draft, job_key(Job.RELEASE)))
    desk.allot()
    put_lines(desk.platform, reservation(study=BIRDS), spending(study=BIRDS))
    words = ("sign", BIRDS, "weekly.2026-06-01", "--result=+", "--by=decide")
    assert desk.refused(*words) == (
        "releases/study=rally-birds/weekly.2026-06-01.json: is not the result that the"
        " ledger names; restore it from a backup"
    )


def test_result_that_has_left_takes_no_further_signature(desk):
    """Nor has another file of its name a use for one."""
    file = desk.write("table.csv", b"table.csv")
    other = desk.folder / "others" / "table.csv"
    other.parent.mkdir()
    other.write_bytes(b"other")
    for each in (file, other):
        desk.type("submit", BIRDS, str(each), "--by=author", NOTE)
    put_lines(
        desk.platform, placing("table.csv", BIRDS, sha256(b"table.csv").hexdigest())
    )
    words = ("sign", BIRDS, "table.csv", "--result=+", "--by=decide")
    assert [desk.refused(*words, f"--file={each}") for each in (file, other)] == [
        "rally-birds/table.csv: it has left already, and stays so",
        "rally-birds/table.csv: another file was placed under this name; submit it"
        " under another",
    ]
    assert not [*desk.chain.of(DecisionKind.SIGN_RESULT)]


def test_nobody_signs_a_result_after_the_platform_s_end(desk):
    release = "weekly.2026-06-01"
    desk.allot()
    draft = sign_draft(make_draft(platform=desk.chain.platform), job_key(Job.RELEASE))
    put_lines(desk.platform, reservation(study=BIRDS))
    create_draft(desk.platform, draft)
    put_lines(desk.platform, spending(study=BIRDS, sha256=draft.sha256))
    conclude_platform(desk.platform, datetime.now(UTC))
    assert desk.refused("sign", BIRDS, release, "--result=+", "--by=decide") == (
        "--by: the platform is concluded, and nothing brings it back"
    )
