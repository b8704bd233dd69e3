"""`rally studies end`: announced before, asked for, and never undone."""

import io
import re
import shutil

import pytest

from tests.rally.commands.studies_words import (
    END,
    FOLLOWS,
    FOO,
    JUNE,
    STORE,
    TEST_STUDIES,
    refused,
)


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
