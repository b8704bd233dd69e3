"""`rally studies`, as an operator types it and reads it."""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rally.commands.studies import add_parser
from rally.errors import ConfigurationError, ManyFaults
from rally.studies.registry import SHIPPED

TEST_STUDIES = Path(__file__).resolve().parents[2] / "studies"


@pytest.fixture
def rally(capsys, tmp_path):
    """Runs `rally studies …` on the test studies; returns status and output."""
    store = str(tmp_path / "store")

    def run(*words):
        parser = argparse.ArgumentParser("rally")
        add_parser(parser.add_subparsers())
        args = parser.parse_args(
            ["studies", *(word.format(store=store, studies=TEST_STUDIES)
                          for word in words)]
        )  # fmt: skip
        return args.handler(args), capsys.readouterr().out

    return run


def refused(rally, *words):
    with pytest.raises(ConfigurationError) as caught:
        rally(*words)
    return str(caught.value)


FOO = "--studies={studies}"
STORE = "--store={store}"
MAY = "--as_of=2021-05-01"
PAUSE = ("pause", "rally-study-foo", FOO, STORE, "--by=op", "--note=a leak")
BY_DATES = (
    "\nStates are by dates alone; --store or --platform adds operators' decisions.\n"
)


def test_check_prints_a_line_a_study(rally):
    assert rally("check", FOO) == (
        0,
        "rally-study-bar: good (study, documents: 1)\n"
        "rally-study-foo: good (study, documents: 2)\n"
        "study-bar: good (study, documents: 1)\n"
        "study-foo: good (study, documents: 1)\n",
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
        f"{studies}/study-foo/study.yaml: documents.test.1: has no schema; add "
        "test.1.avsc beside",
    )


def test_list_prints_a_table(rally):
    assert rally("list", FOO, MAY) == (
        0,
        """\
NAMESPACE        KIND   STATE       STARTS      COLLECTS THROUGH  DOCUMENTS
rally-study-bar  study  collecting  2020-04-01  2021-12-31        1
rally-study-foo  study  collecting  2020-04-01  2021-12-31        2
study-bar        study  collecting  2020-04-01  2021-12-31        1
study-foo        study  collecting  2020-04-01  2021-12-31        1
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
ending announced       -
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

DOCUMENT            MEANS   KEPT DAYS  KEEP  CATEGORY  APPROVED    EXPIRES  BY              WHERE
test.1              data    -          all   2         2020-03-15  -        data-steward-1  see study announcement
deletion-request.1  leaves  -          all   1         2020-03-15  -        data-steward-1  see study announcement
"""  # noqa: E501 - as it is printed
        + BY_DATES,
    )


def test_show_takes_an_alias(rally):
    _, output = rally("show", "attentionStream", f"--studies={SHIPPED}")
    assert output.splitlines()[1] == "namespace              rally-attention-stream"


def test_decisions_are_recorded_and_shown(rally):
    assert rally(*PAUSE, MAY) == (
        0,
        "rally-study-foo: paused from 2021-05-01T00:00:00Z\n",
    )
    assert rally(
        "resume", "rally-study-foo", FOO, STORE, "--by=op", "--as_of=2021-05-02T03:04Z"
    ) == (0, "rally-study-foo: collecting from 2021-05-02T03:04:00Z\n")
    assert rally(
        "end", "rally-study-foo", FOO, STORE, "--by=chief", "--as_of=2021-06-01"
    ) == (0, "rally-study-foo: ended from 2021-06-01T00:00:00Z\n")
    _, output = rally("show", "rally-study-foo", FOO, STORE, "--as_of=2021-05-01T12:00")
    assert output.startswith("state                  paused\n")
    assert output.endswith(
        """
AT                    DECISION  BY     NOTE
2021-05-01T00:00:00Z  pause     op     a leak
2021-05-02T03:04:00Z  resume    op
2021-06-01T00:00:00Z  end       chief
"""
    )
    _, output = rally("list", FOO, STORE, "--as_of=2021-06-01")
    assert output.splitlines()[2].split()[2] == "ended"
    assert len(output.splitlines()) == 5


def test_platform_may_lie_elsewhere(rally, tmp_path):
    platform = f"--platform={tmp_path}/elsewhere"
    assert rally(*PAUSE, MAY, platform)[0] == 0
    assert [path.parent.name for path in tmp_path.rglob("*.json")] == ["states"]
    assert (tmp_path / "elsewhere" / "states").is_dir()
    _, output = rally("list", FOO, platform, MAY)
    assert output.splitlines()[2].split()[2] == "paused"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((*PAUSE, "--as_of=2022-01-01"),
         "pause: the study is ended, and must be draft or collecting for it"),
        (("resume", *PAUSE[1:], MAY),
         "resume: the study is collecting, and must be paused for it"),
        (("pause", "study-baz", FOO),
         f"study-baz: no study of {TEST_STUDIES}; `rally studies list` shows them"),
        (("pause", "study-foo", FOO, "--by=op"),
         "--platform: is missing; say where decisions are kept, or give --store"),
        (("pause", "study-foo", FOO, STORE), "--by: is missing; say who decides"),
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


HOLD = ("hold", "rally-study-foo", FOO, STORE, "--by=counsel")
DAYS = ("--from=2021-03-01", "--until=2021-03-31")


def test_hold_is_placed_shown_and_released(rally):
    status, output = rally(*HOLD, *DAYS, MAY, "--note=case 7")
    key = output.split()[-1]
    assert (status, output) == (
        0,
        "rally-study-foo: a legal hold of 2021-03-01 to 2021-03-31 is in force from "
        f"2021-05-01T00:00:00Z, as {key}\n",
    )
    show = ("show", "rally-study-foo", FOO, STORE)
    _, output = rally(*show, "--as_of=2021-06-01")
    assert output.endswith(
        f"""
LEGAL HOLD                        FROM        UNTIL       SINCE                 BY       NOTE
{key}  2021-03-01  2021-03-31  2021-05-01T00:00:00Z  counsel  case 7
"""  # noqa: E501 - as it is printed
    )
    assert "LEGAL HOLD" not in rally(*show, "--as_of=2021-04-30")[1]
    release = ("release", *HOLD[1:], f"--hold={key}", "--as_of=2021-07-01")
    assert rally(*release) == (
        0,
        "rally-study-foo: released from 2021-07-01T00:00:00Z\n",
    )
    assert "LEGAL HOLD" not in rally(*show, "--as_of=2021-08-01")[1]
    assert key in rally(*show, "--as_of=2021-06-30")[1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((*HOLD, DAYS[0]), "--until: is missing; give a submission date"),
        ((*HOLD, DAYS[1]), "--from: is missing; give a submission date"),
        ((*HOLD, DAYS[0], "--until=March"),
         "--until: must be a date such as 2022-03-10, from 2000-01-01 to 2199-12-31"),
        ((*HOLD, "--from=2021-04-01", DAYS[1]),
         "--until: is before --from; correct one of them"),
        ((*HOLD[:-1], *DAYS), "--by: is missing; say who decides"),
        ((*HOLD[:3], HOLD[4], *DAYS),
         "--platform: is missing; say where decisions are kept, or give --store"),
        (("release", *HOLD[1:]),
         "--hold: is missing; `rally studies show` lists those in force"),
        (("release", *HOLD[1:], "--hold=0"),
         "--hold: no such hold is in force; `rally studies show` lists them"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else value[0],
)  # fmt: skip
def test_wrong_hold_is_one_line(rally, words, message):
    assert refused(rally, *words) == message


def test_module_loads_without_beam_or_avro():
    look = "import rally.commands.studies, sys; print(sorted(sys.modules))"
    found = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True
    )
    assert "'apache_beam'" not in found.stdout
    assert "'fastavro'" not in found.stdout
