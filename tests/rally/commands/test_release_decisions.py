"""What people decide on budgets and results: each is signed, once."""

from datetime import UTC, datetime
from hashlib import sha256

import pytest

from rally.decisions.contents import DecisionKind
from rally.keys.names import Job
from rally.releases.approval import allotments
from rally.releases.draft import create_draft, sign_draft
from tests.rally.releases.birds import BIRDS
from tests.rally.releases.drafts import make_draft
from tests.support.ledger_lines import placing, put_lines, reservation, spending
from tests.support.people import job_key
from tests.support.platform_conclusion import conclude_platform


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
