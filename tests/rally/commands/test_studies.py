"""`rally studies`, as an operator types it and reads it."""

import shutil
import subprocess
import sys

import pytest

from rally.commands.studies import COMMAND
from rally.decisions.entry import entry_name
from rally.errors import ManyFaults
from rally.parser import Parser
from rally.registry.registry import SHIPPED
from tests.rally.commands.studies_words import (
    AT,
    END,
    FOLLOWS,
    FOO,
    JUNE,
    MAY,
    PAUSE,
    STORE,
    TEST_STUDIES,
    refused,
)
from tests.support.stores import mark_stores

BY_DATES = (
    "\nStates are by dates alone, and reviews by their word; --store or --platform"
    " adds what people signed.\n"
)


def test_check_prints_a_line_a_study(rally):
    assert rally("check", FOO) == (
        0,
        "rally-study-bar: good (study, documents: 2)\n"
        "rally-study-foo: good (study, documents: 3)\n"
        "study-bar: good (study, documents: 1)\n"
        "study-foo: good (study, documents: 1)\n"
        "Reviews: signatures not checked; --platform or --store says where they are.\n"
        "No notices: rally-study-bar, rally-study-foo, study-bar, study-foo; what"
        " people read when they joined is not known.\n",
    )


def test_check_takes_the_shipped_registry_by_default(rally):
    status, output = rally("check")
    assert status == 0
    assert "rally-core: good (platform, documents: 9)\n" in output


def test_check_says_what_is_wrong(rally, tmp_path):
    studies = tmp_path / "studies"
    shutil.copytree(TEST_STUDIES, studies)
    (studies / "study-foo" / "test.1.avsc").unlink()
    (studies / "study-bar" / "study.yaml").write_text("{")
    with pytest.raises(ManyFaults) as caught:
        rally("check", f"--studies={studies}")
    assert caught.value.faults == (
        f"{studies}/study-bar/study.yaml: line 2: did not find expected node content; "
        "correct it",
        f"{studies}/study-foo/study.yaml: line 13: documents.test.1: has no schema; "
        "add test.1.avsc beside",
    )


def test_list_prints_a_table(rally):
    assert rally("list", FOO, MAY) == (
        0,
        """\
NAMESPACE        KIND   STATE       STARTS      COLLECTS THROUGH  DOCUMENTS
rally-study-bar  study  collecting  2020-04-01  2021-12-31                2
rally-study-foo  study  collecting  2020-04-01  2021-12-31                3
study-bar        study  collecting  2020-04-01  2021-12-31                1
study-foo        study  collecting  2020-04-01  2021-12-31                1
"""
        + BY_DATES,
    )


@pytest.mark.parametrize(
    ("time", "state"),
    [
        ("2020-03-31", "draft"),
        ("2020-04-01", "collecting"),
        ("2021-12-31T23:59:59Z", "collecting"),
        ("2022-01-01T00:30:00+01:00", "collecting"),
        ("2022-01-01", "ended"),
    ],
)
def test_list_looks_at_a_time(rally, time, state):
    _, output = rally("list", FOO, f"--as_of={time}")
    assert [line.split()[2] for line in output.splitlines()[1:5]] == [state] * 4


def test_show_prints_all_promises(rally):
    assert rally("show", "rally-study-foo", FOO, MAY) == (
        0,
        """\
state                  collecting
namespace              rally-study-foo
name                   rally-study-foo
kind                   study
aliases                -
starts                 2020-04-01
ending announced       2021-05-18
collects through       2021-12-31
analysis until         2022-12-31
enrolment              required
do not track           consent
private browsing       client
countries              -
minimum age            -
after the end          defer
unmatched withdrawals  delete
automation             refuse
derived                -

DOCUMENT            MEANS   KEPT DAYS  KEEP  CATEGORY  APPROVED FROM  APPROVED THROUGH  REVIEWS
test.1              data    -          all          1  2020-03-15     2021-12-31        2020-03-15
deletion-request.1  leaves  -          all          1  2020-03-15     2021-12-31        2020-03-15
study-enrollment.1  joins   -          all          1  2020-03-15     2021-12-31        2020-03-15
"""  # noqa: E501 - as it is printed
        + BY_DATES,
    )


def test_show_takes_an_alias(rally):
    _, output = rally("show", "attentionStream", f"--studies={SHIPPED}")
    assert output.splitlines()[1] == "namespace              rally-attention-stream"


def test_decisions_are_recorded_and_shown(told):
    rally = told
    assert rally(*PAUSE, MAY) == (
        0,
        "rally-study-foo: paused from 2021-05-01T00:00:00Z\n",
    )
    assert rally("resume", *AT, "--by=decide", "--as_of=2021-05-02T03:04Z") == (
        0,
        "rally-study-foo: collecting from 2021-05-02T03:04:00Z\n",
    )
    assert rally(*END, JUNE, "--yes") == (
        0,
        f"{FOLLOWS}rally-study-foo: ended from 2021-06-01T00:00:00Z\n",
    )
    _, output = rally("show", "rally-study-foo", FOO, STORE, "--as_of=2021-05-01T12:00")
    assert output.startswith("state                  paused\n")
    assert output.endswith(
        """
NUMBER  AT                    DECISION  BY      NOTE
     3  2021-05-01T00:00:00Z  pause     stop    a leak
     4  2021-05-02T03:04:00Z  resume    decide  -
     5  2021-06-01T00:00:00Z  end       decide  -
"""
    )
    _, output = rally("list", FOO, STORE, "--as_of=2021-06-01")
    assert output.splitlines()[2].split()[2] == "ended"
    assert len(output.splitlines()) == 5


def test_platform_may_lie_elsewhere(rally, tmp_path):
    mark_stores(tmp_path / "rows", tmp_path / "elsewhere")
    places = (f"--store={tmp_path}/rows", f"--platform={tmp_path}/elsewhere")
    assert rally(*PAUSE, MAY, *places)[0] == 0
    assert [path.parent for path in tmp_path.rglob(entry_name(2))] == [
        tmp_path / "elsewhere" / "decisions"
    ]
    _, output = rally("list", FOO, places[1], MAY)
    assert output.splitlines()[2].split()[2] == "paused"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((*PAUSE, "--as_of=2022-01-01"),
         "pause: the study is ended, and must be draft or collecting for it"),
        (("resume", *AT, "--by=decide", MAY),
         "resume: the study is collecting, and must be paused for it"),
        (("pause", "study-baz", FOO),
         f"study-baz: no study of {TEST_STUDIES}; `rally studies list` shows them"),
        (("pause", "study-foo", FOO, "--by=op"),
         "--platform: is missing; say where decisions are kept, or give --store"),
        (("pause", "study-foo", FOO, STORE), "--by: is missing; say who decides"),
        (("pause", "study-foo", FOO, STORE, "--by=stop"),
         "--people_keys: is missing; say where your signing key is"),
        (("pause", *AT, "--by=steward", MAY),
         "--by: steward may not decide that; it takes the role decide or stop"),
        (("end", *AT, "--by=stop", "--as_of=2021-06-01", "--yes"),
         "rally-study-foo: its end was never announced; publish what `rally studies"
         " notice --kind=ending` prints, and record it with --where"),
        (("list", FOO, "--store=gs://rally-{{study}}"),
         "--store has {study} in it; say with --platform where the platform's own "
         "records go"),
        (("list", FOO, "--platform=gs://rally-{{study}}"),
         "--platform has {study} in it; the platform's own records have one place for "
         "all studies"),
        (("list", FOO, "--as_of=yesterday"),
         "--as_of: must be a date and time such as 2022-03-10T12:00:00Z,"
         " from 2000-01-01 to 2199-12-31"),
        (("list", FOO, "--platform=ftp://x"),
         "ftp://x: only local folders and gs:// are stores; give one of these"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else value[0],
)  # fmt: skip
def test_wrong_use_is_one_line(rally, words, message):
    assert refused(rally, *words) == message


@pytest.mark.parametrize("note", ["two\nlines", "bell\a"])
def test_note_is_one_line(rally, note):
    assert refused(rally, *PAUSE, MAY, f"--note={note}") == (
        "--note: must be one line of printable text"
    )


def test_module_loads_without_beam_or_avro():
    look = "import rally.commands.studies, sys; print(sorted(sys.modules))"
    found = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True
    )
    assert "'apache_beam'" not in found.stdout
    assert "'fastavro'" not in found.stdout


def spoilt(tmp_path) -> tuple[str, str]:
    """A registry in which one study does not load: its option, and what is said."""
    studies = tmp_path / "studies"
    shutil.copytree(TEST_STUDIES, studies)
    (studies / "study-foo" / "test.1.avsc").unlink()
    fault = (
        f"{studies}/study-foo/study.yaml: line 13: documents.test.1: has no schema; "
        "add test.1.avsc beside"
    )
    return f"--studies={studies}", fault


def test_list_goes_on_without_a_study_that_does_not_load(rally, tmp_path, capsys):
    option, fault = spoilt(tmp_path)
    parser = Parser("rally")
    COMMAND.add_to(parser.add_subparsers(), "rally")
    args = parser.parse_args(["studies", "list", option])
    assert args.handler(args) == 1
    shown = capsys.readouterr()
    assert "study-bar" in shown.out
    assert "study-foo " not in shown.out.replace("rally-study-foo", "")
    assert shown.err == f"rally: {fault}\n"


@pytest.mark.parametrize("command", ["show", "pause", "conclude", "hold"])
def test_study_that_does_not_load_is_not_steered(rally, tmp_path, command):
    option, fault = spoilt(tmp_path)
    more = () if command == "show" else ("--by=decide",)
    assert refused(rally, command, "study-foo", option, STORE, *more) == fault


def test_infrastructure_is_of_all_studies_or_of_none(rally, tmp_path):
    """Terraform would take the buckets of what it is not told of for unwanted."""
    option, fault = spoilt(tmp_path)
    assert refused(rally, "infrastructure", option) == fault
