"""Exports of one case in several processes, of which one wins, or is killed."""

import signal
import subprocess
import sys
from hashlib import sha256

import pyrage
import pytest

from rally.access.records import read_records
from rally.decisions.verifying import read_chain
from rally.person_copy import handing_over
from tests.rally.commands.copy_counter import ANN, OWN
from tests.support.access_cases import CASE
from tests.support.person_copies import files_of
from tests.support.world import rally_id

pytestmark = pytest.mark.slow("jobs")

WRITING = ("make_archive", "read_cases", "write_record", "_remove_unnamed")


def in_a_process(counter, module, *words):
    """Types an export in another process, with Ann's id on its standard input."""
    command = [sys.executable, "-m", module, *words, "person", "export"]
    ended = subprocess.run(
        [*command, CASE, *counter.options],
        input=rally_id(ANN), text=True, capture_output=True, check=False,
    )  # fmt: skip
    return ended.returncode, ended.stderr


def is_handed_out(counter, tmp_path):
    """Whether the one archive is that of the one record, and Ann can open it."""
    records = read_records(counter.platform, read_chain(counter.platform))
    digest = sha256(counter.archive()).hexdigest()
    assert records.of(CASE).built.archive == digest
    assert counter.archives() == [f"cases/{CASE}/{digest}.age"]
    file = tmp_path / "copy.age"
    assert counter.person("fetch", CASE, f"--out={file}", given="")[0] == 0
    assert counter.archives() == []
    return bool(files_of(pyrage.decrypt(file.read_bytes(), [OWN])))


@pytest.mark.parametrize("function", WRITING[:3])
def test_an_export_that_always_wins_leaves_one_copy(
    counter, tmp_path, monkeypatch, function
):
    counter.ask()
    original = getattr(handing_over, function)

    def lose_the_race(*args):
        monkeypatch.setattr(handing_over, function, original)
        assert in_a_process(counter, "pipelines.cli") == (0, "")
        return original(*args)

    monkeypatch.setattr(handing_over, function, lose_the_race)
    status, out, _ = counter.person("export", CASE)
    assert (status, out) == (2, "")
    assert is_handed_out(counter, tmp_path)


IS_MADE = [
    *(("write_record", "after"), ("_remove_unnamed", "before")),
    ("_remove_unnamed", "after"),
]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("function", WRITING)
def test_a_plain_next_run_after_kill_9_leaves_one_copy(
    counter, tmp_path, function, moment
):
    counter.ask()
    killed = in_a_process(
        counter, "tests.rally.commands.stopped_export", function, moment
    )
    assert killed == (-signal.SIGKILL, "")
    status = 2 if (function, moment) in IS_MADE else 0
    assert counter.person("export", CASE)[0] == status
    assert is_handed_out(counter, tmp_path)
