"""Who is asked before something goes for ever, and what an answer does."""

import argparse
import os
import pty
import subprocess
import sys

import pytest

from rally.commands.asking import ask, ask_for_name
from rally.errors import ConfigurationError
from rally.keys.ping_keys import PingKeys

NOBODY = "--yes: is missing; nothing undoes this, and nobody can be asked here"


def arguments(yes):
    return argparse.Namespace(yes=yes)


@pytest.fixture
def nobody(monkeypatch):
    """Standard input is no terminal."""
    with open(os.devnull) as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        yield


@pytest.mark.parametrize("how", [ask, lambda *given: ask_for_name(*given, "rally-foo")])
def test_script_says_that_it_is_sure(nobody, how, capsys):
    how(arguments(True), "Go on?")
    with pytest.raises(ConfigurationError) as caught:
        how(arguments(False), "Go on?")
    assert str(caught.value) == NOBODY
    assert capsys.readouterr() == ("", "")


@pytest.fixture
def keys(tmp_path):
    """A folder with the key of a namespace."""
    uri = str(tmp_path / "keys")
    assert type_at_a_terminal(["create", *one(uri)], "")[0] == 0
    return uri


def one(uri):
    return ["--keys", uri, "--namespace", "rally-one"]


def type_at_a_terminal(words, answer):
    """The status of `rally keys …` at a pseudo-terminal, and what it shows."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "pipelines.cli", "keys", *words]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as run:
        os.close(theirs)
        os.write(ours, f"{answer}\n".encode())
        shown = b"".join(iter(lambda: read(ours), b""))
    os.close(ours)
    return run.returncode, shown.decode()


def read(descriptor):
    try:
        return os.read(descriptor, 4096)
    except OSError:  # Linux says so where nobody has the other end any more
        return b""


ASKED = (
    "What its keys encrypted or named is lost for ever with them. Destroy them? "
    "Type rally-one to agree: "
)


@pytest.mark.parametrize("answer", ["", "y", "yes", "rally-two"])
def test_other_answers_than_the_name_destroy_nothing(keys, answer):
    status, shown = type_at_a_terminal(["destroy", *one(keys)], answer)
    refusal = "rally: rally-one: nothing is done; that was another answer\r\n"
    assert status == 2
    assert shown.replace(f"{answer}\r\n", "", 1) == f"{ASKED}{refusal}"
    assert PingKeys.load(keys).hybrid("rally-one")


def test_name_that_is_typed_is_agreed(keys):
    status, shown = type_at_a_terminal(["destroy", *one(keys)], "rally-one")
    assert status == 0
    assert ASKED in shown
    with pytest.raises(ConfigurationError, match="holds no key"):
        PingKeys.load(keys)


@pytest.fixture
def typing(monkeypatch):
    """Standard input is a pseudo-terminal; gives what types there."""
    ours, theirs = pty.openpty()
    with open(theirs) as terminal:
        monkeypatch.setattr("sys.stdin", terminal)
        yield lambda answer: os.write(ours, f"{answer}\n".encode())
    os.close(ours)


@pytest.mark.parametrize("answer", ["y", "YES"])
def test_plain_question_takes_a_plain_yes(typing, answer, capsys):
    typing(answer)
    ask(arguments(False), "Go on?")
    assert capsys.readouterr() == ("", "Go on? [y/N] ")


@pytest.mark.parametrize("answer", ["", "n", "yep"])
def test_plain_question_takes_nothing_else_for_a_yes(typing, answer):
    typing(answer)
    with pytest.raises(ConfigurationError, match="the answer was not yes"):
        ask(arguments(False), "Go on?")
