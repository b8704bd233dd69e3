"""The platform that the demo leaves running: every command that it shows works."""

import io
import re
import shlex
import sys
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta

import pytest

from pipelines import cli
from pipelines.demo.clients import NEWS
from pipelines.demo.people import PEOPLE
from pipelines.demo.running import leave_running
from rally.storage.container import read_rows

YEAR = timedelta(days=365)


@pytest.fixture(scope="module", params=[timedelta(), YEAR], ids=["today", "a year ago"])
def left(request, tmp_path_factory):
    """A platform that was left running some time ago, and what was said of it."""
    folder, shown = tmp_path_factory.mktemp("demo") / "running", io.StringIO()
    with redirect_stdout(shown):
        assert leave_running(folder, datetime.now(UTC) - request.param) == 0
    return folder, shown.getvalue()


def commands(shown):
    """The commands that it shows, in their order."""
    return [line.strip() for line in shown.splitlines() if line.startswith("    ")]


def test_five_commands_are_shown(left):
    folder, shown = left
    first, *rest = commands(shown)
    assert first.endswith(f"; cd {folder}")
    assert [re.split(r"[|<]", each)[-1].split()[:2] for each in rest] == [
        ["rally", "status"],
        ["less"],
        ["rally", "withdraw"],
        ["rally", "delete"],
        ["rally", "audit"],
    ]


def test_rows_that_are_shown_are_of_the_study(left):
    folder, shown = left
    file = folder / commands(shown)[2].split()[2]
    rows = list(read_rows(file.read_bytes()))
    assert len(rows) > 0
    assert f"study={NEWS}" in str(file)
    assert {row["payload"]["seconds"] > 0 for row in rows} == {True}


def test_each_command_works_in_its_order(left, monkeypatch, capsys):
    """From the folder, as a person at a terminal would: the profile says the rest."""
    folder, shown = left
    _, status, _, withdraw, delete, audit = commands(shown)
    monkeypatch.chdir(folder)

    assert cli.main(shlex.split(status)[1:]) in (0, 1)
    assert NEWS in capsys.readouterr().out

    echo, _, words = withdraw.partition(" | ")
    person = echo.split()[1]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(person.encode())))
    assert cli.main(shlex.split(words)[1:]) == 0

    assert cli.main(shlex.split(delete)[1:]) == 0
    assert f"{NEWS} " in capsys.readouterr().out
    assert len(list(folder.glob("store/platform/receipts/*.json"))) == 1

    assert cli.main(shlex.split(audit)[1:]) == 0
    assert "25 of 25 promises are kept" in (folder / "audit.html").read_text()


def test_everybody_is_enrolled(left):
    folder, _ = left
    joined = folder.glob("store/data/study=rally-core/document=enrollment.1/**/*.avro")
    rows = [row for file in joined for row in read_rows(file.read_bytes())]
    assert len({row["participant"] for row in rows}) == PEOPLE
