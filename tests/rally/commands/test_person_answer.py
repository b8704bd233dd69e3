"""`rally person answer`: everybody who is not verified is told the same."""

import shutil
from datetime import UTC, datetime

import pytest

from rally.registry.transitions import StudyAction
from tests.rally.commands.case_office import ANN, BOB, CaseOffice
from tests.support.study_decisions import decide_study

MAY = datetime(2026, 5, 1, tzinfo=UTC)
JOINS = "tests/studies/rally-study-bar/study-enrollment.1.avsc"
SITE = "--inventory=https://rally.example/studies/"
STUDY = """
namespace: {namespace}
kind: study
name: {name}
starts: {starts}
collect_through: 2027-01-31
analysis_until: 2027-06-30
about:
  goal: How birds are looked up.
  independent_contact: {contact}
policy:
  enrolment: required
  do_not_track: consent
  private_browsing: client
  after_end: defer
documents:
  study-enrollment.1:
    means: joins
    purpose: who joined the study
"""


@pytest.fixture
def office(tmp_path, office_keys, monkeypatch, capsys):
    office = CaseOffice(tmp_path, office_keys, monkeypatch, capsys)
    office.studies = tmp_path / "studies"
    write(office, "rally-birds", "Birds", "irb@example.edu")
    return office


def write(office, namespace, name, contact="irb@example.edu", starts="2026-01-01"):
    folder = office.studies / namespace
    folder.mkdir(parents=True)
    text = STUDY.format(namespace=namespace, name=name, contact=contact, starts=starts)
    (folder / "study.yaml").write_text(text)
    shutil.copy(JOINS, folder)


def answer(office, case, *words, site=SITE, **options):
    studies = f"--studies={office.studies}"
    return office.person("answer", case, studies, site, *words, given="", **options)


BIRDS = """\
We cannot yet tell that this is you.
Sign in and press "Send proof". If you cannot, tell us what else would show it; two of \
us look at it.
What our studies collect, of everybody who takes part:
Birds collects this: https://rally.example/studies/rally-birds/index.html
All of it is destroyed by 30 June 2027. Independent contact: irb@example.edu
"""


def test_everybody_is_told_what_all_studies_collect(office):
    """An id that takes part, one that left, and one that nobody has heard of."""
    answers = set()
    for who in (ANN, BOB, "00000000-1111-4222-8333-444444444444"):
        answers.add(answer(office, office.open(given=who)))
    assert answers == {(0, BIRDS, "")}


def test_refused_case_gets_the_same_answer(office):
    case = office.open()
    office.person("refuse", case, "--note=no", by="decide", given="")
    assert answer(office, case[:4]) == (0, BIRDS, "")


def test_studies_that_hold_nothing_are_left_out(office):
    write(office, "rally-next", "Next", starts="2026-12-01")
    write(office, "rally-past", "Past")
    case = office.open()
    decide_study(office.store, "rally-past", StudyAction.CONCLUDE, MAY)
    assert answer(office, case)[1] == BIRDS


@pytest.mark.parametrize(
    ("site", "message"),
    [
        ("--inventory=", "is missing; say where its pages are published"),
        ("--inventory=http://example.org/",
         "must be an address such as https://example.org/study"),
    ],
)  # fmt: skip
def test_pages_have_an_address(office, site, message):
    said = answer(office, office.open(), site=site)
    assert said == (2, "", f"rally: --inventory: {message}\n")


def test_verified_person_gets_a_copy_and_not_this(office):
    case = office.open()
    office.verify(case)
    assert answer(office, case) == (
        2,
        "",
        f"rally: {case}: is verified, and the person gets their copy; this answer is"
        " for a case that is not verified\n",
    )


def test_study_that_does_not_load_is_named_and_the_others_are_told(office):
    case = office.open()
    (office.studies / "rally-bad").mkdir()
    (office.studies / "rally-bad" / "study.yaml").write_text("namespace: other\n")
    status, out, err = answer(office, case)
    assert (status, out) == (1, BIRDS)
    assert "rally-bad/study.yaml" in err
