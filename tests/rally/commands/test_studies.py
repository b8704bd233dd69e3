"""`rally studies`, as an operator types it and reads it."""

import io
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rally.commands.studies import COMMAND
from rally.decisions.entry import entry_name
from rally.errors import ConfigurationError, ManyFaults
from rally.parser import Parser
from rally.registry.registry import SHIPPED
from tests.support.people import make_people_keys
from tests.support.stores import mark_stores

TEST_STUDIES = Path(__file__).resolve().parents[2] / "studies"


@pytest.fixture
def rally(capsys, tmp_path):
    """Runs `rally studies …` on the test studies; returns status and output."""
    store = mark_stores(tmp_path / "store").of("").uri
    people = make_people_keys(tmp_path / "people")

    def run(*words):
        parser = Parser("rally")
        COMMAND.add_to(parser.add_subparsers(), "rally")
        args = parser.parse_args(
            ["studies", *(word.format(store=store, people=people, studies=TEST_STUDIES)
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
PEOPLE = "--people_keys={people}"
AT = ("rally-study-foo", FOO, STORE, PEOPLE)
PAUSE = ("pause", *AT, "--by=stop", "--note=a leak")
END = ("end", *AT, "--by=decide")
JUNE = "--as_of=2021-06-01"
FOLLOWS = (
    "rally-study-foo: when it is ended, its data is refused that was sent from"
    " 2021-06-01T00:00:00Z on; it is locked for analysis until 2022-12-31; who leaves"
    " waits for its conclusion; nothing undoes this\n"
)
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


INVENTORY = "--inventory=https://rally.example.org/inventory"
NOTICE = ("notice", *AT, "--kind=ending", "--last=2021-05-31", INVENTORY)
PUBLISHED = (
    *(*NOTICE, "--where=https://example.org/end", "--published=2021-05-18"),
    *("--by=decide", MAY.replace("05-01", "05-20")),
)


@pytest.fixture
def told(rally):
    """The same, and participants of a study were told that it ends."""
    rally(*PUBLISHED)
    return rally


def is_ended(rally) -> bool:
    _, output = rally("list", FOO, STORE, JUNE)
    return output.splitlines()[2].split()[2] == "ended"


def test_end_is_foreseen_and_not_done(told):
    plan = (*END[:-1], "--plan_only", JUNE)
    assert told(*plan) == (0, FOLLOWS)
    assert not is_ended(told)


def test_end_needs_somebody_who_is_sure(told):
    assert refused(told, *END, JUNE) == (
        "--yes: is missing; nothing undoes this, and nobody can be asked here"
    )
    assert not is_ended(told)


class Terminal(io.StringIO):
    """Somebody sits there, and types."""

    def isatty(self):
        return True


@pytest.mark.parametrize("typed", ["", "\n", "y\n", "yes\n", "rally-study-bar\n"])
def test_end_asks_at_a_terminal_and_takes_no_other_answer(told, monkeypatch, typed):
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    assert refused(told, *END, JUNE) == (
        "rally-study-foo: nothing is done; that was another answer"
    )
    assert not is_ended(told)


def test_end_asks_at_a_terminal(told, monkeypatch):
    monkeypatch.setattr("sys.stdin", Terminal("rally-study-foo\n"))
    assert told(*END, JUNE)[0] == 0
    assert is_ended(told)


@pytest.mark.parametrize(
    ("study", "words", "message"),
    [
        ("rally-study-bar", (JUNE,),
         "rally-study-bar: its end was never announced; publish what `rally studies"
         " notice --kind=ending` prints, and record it with --where"),
        ("rally-study-foo", ("--as_of=2021-05-31T23:59",),
         "rally-study-foo: its end was announced on 2021-05-18, and it can be ended 14"
         " days later; wait, or give --announced_days"),
        ("rally-study-foo", (JUNE, "--announced_days=15"),
         "rally-study-foo: its end was announced on 2021-05-18, and it can be ended 15"
         " days later; wait, or give --announced_days"),
        ("rally-study-foo", ("--as_of=2021-05-31T23:59", "--announced_days=3"),
         "rally-study-foo: participants were told that it collects through 2021-05-31;"
         " end it after that day, or tell them of an earlier one"),
    ],
)  # fmt: skip
def test_end_was_announced(told, study, words, message):
    for more in (("--yes",), ("--plan_only",)):
        assert refused(told, "end", study, *END[2:], *words, *more) == message
    assert not is_ended(told)


def test_lock_has_an_end(told, tmp_path):
    """No date of an end is no date of a lock either; then somebody has to say it."""
    study = tmp_path / "studies"
    shutil.copytree(TEST_STUDIES, study)
    file = study / "rally-study-foo" / "study.yaml"
    text = file.read_text()
    for name in ("ending_announced", "collect_through", "analysis_until"):
        text = re.sub(f"{name}: .*\n", "", text)
    file.write_text(text)
    words = (*END, f"--studies={study}", "--yes")
    assert refused(told, *words, JUNE) == (
        "rally-study-foo: nothing says until when it would be locked for analysis; say"
        " it in its study.yaml: analysis_until"
    )


@pytest.mark.parametrize("note", ["two\nlines", "bell\a"])
def test_note_is_one_line(rally, note):
    assert refused(rally, *PAUSE, MAY, f"--note={note}") == (
        "--note: must be one line of printable text"
    )


HOLD = ("hold", *AT, "--by=stop")
DAYS = ("--from=2021-03-01", "--until=2021-03-31")


def test_hold_is_placed_shown_and_released(rally):
    status, output = rally(*HOLD, *DAYS, MAY, "--note=case 7")
    assert (status, output) == (
        0,
        "rally-study-foo: a legal hold of 2021-03-01 to 2021-03-31 is in force from "
        "2021-05-01T00:00:00Z, as 2\n",
    )
    show = ("show", "rally-study-foo", FOO, STORE)
    _, output = rally(*show, "--as_of=2021-06-01")
    assert output.endswith(
        """
LEGAL HOLD  FROM        UNTIL       SINCE                 BY    NOTE
         2  2021-03-01  2021-03-31  2021-05-01T00:00:00Z  stop  case 7
"""
    )
    assert "LEGAL HOLD" not in rally(*show, "--as_of=2021-04-30")[1]
    release = ("release", *AT, "--by=decide", "--hold=2", "--as_of=2021-07-01")
    assert rally(*release) == (
        0,
        "rally-study-foo: released from 2021-07-01T00:00:00Z\n",
    )
    assert "LEGAL HOLD" not in rally(*show, "--as_of=2021-08-01")[1]
    assert "LEGAL HOLD" in rally(*show, "--as_of=2021-06-30")[1]


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
        ((*HOLD[:3], *HOLD[4:], *DAYS),
         "--platform: is missing; say where decisions are kept, or give --store"),
        (("release", *HOLD[1:]),
         "--hold: is missing; `rally studies show` lists those in force"),
        (("release", *AT, "--by=decide", "--hold=1"),
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
