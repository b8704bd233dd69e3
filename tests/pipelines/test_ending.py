"""What stops a job that runs is one line, and the status says what it was."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines import cli
from tests.pipelines.world import GARDEN, write_lines

WAIT = 60.0
INGEST = """
import signal, sys
from pipelines.ingest import main
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main(sys.argv[1:]))
"""
TWO = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]
STOPPED = "mend it and run it again for what is not done\n"


def test_ctrl_c_in_a_batch_is_one_line_and_the_status_of_a_shell(
    world, store, tmp_path
):
    visits = [world.visit(number, number) for number in range(100)]
    pings = write_lines(tmp_path / "in.ndjson", visits * 500)
    options = [f"--input={pings}", "--unit_bytes=20000", *world.options(store)]
    job = subprocess.Popen(
        [sys.executable, "-c", INGEST, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + WAIT
    while job.poll() is None and not list(Path(store).rglob("data/**/*.avro")):
        assert time.monotonic() < end
        time.sleep(0.01)

    job.send_signal(signal.SIGINT)

    assert job.communicate(timeout=WAIT) == (
        "",
        "rally: stopped; run it again for what is not done\n",
    )
    assert job.returncode == 130


@pytest.fixture
def blocked(store):
    """A place in the store where no folder can be made, as when a disk is gone."""
    path = Path(store) / "data" / f"study={GARDEN}"
    path.parent.mkdir(parents=True)
    path.write_text("")
    return path


def test_store_that_fails_in_the_middle_is_one_line_and_status_1(
    world, store, blocked, tmp_path, capsys
):
    pings = write_lines(tmp_path / "in.ndjson", [world.visit(1, 1)])

    status = cli.main(["ingest", f"--input={pings}", *world.options(store)])

    expected = f"rally: {blocked}: Not a directory; {STOPPED}"
    assert (status, *capsys.readouterr()) == (1, "", expected)


def test_store_that_fails_a_worker_process_is_told_at_the_end(
    world, store, blocked, tmp_path, capsys
):
    """Of its error the launcher gets the text; what a worker logs is beside it."""
    pings = write_lines(tmp_path / "in.ndjson", [world.visit(1, 1)])

    status = cli.main(["ingest", f"--input={pings}", *world.options(store), *TWO])

    expected = f"rally: Not a directory: '{blocked}'; {STOPPED}"
    assert (status, *capsys.readouterr()) == (1, "", expected)


def test_object_that_is_another_in_the_middle_is_one_line_and_status_1(
    world, store, tmp_path, capsys
):
    pings = write_lines(tmp_path / "in.ndjson", [world.visit(1, 1)])
    argv = ["ingest", f"--input={pings}", *world.options(store)]
    assert cli.main(argv) == 0
    (path,) = Path(store).rglob("data/**/*.avro")
    path.write_bytes(b"something else")
    capsys.readouterr()

    status = cli.main(argv)

    out, errors = capsys.readouterr()
    assert (status, out, errors.count("\n")) == (1, "", 1)
    assert errors.endswith(STOPPED)
    assert "while running" not in errors


def test_reader_that_leaves_is_status_1_and_no_traceback(world):
    reading, writing = os.pipe()
    os.close(reading)
    argv = ["keys", "public", f"--namespace={GARDEN}", f"--keys={world.keys}"]

    with os.fdopen(writing, "w") as pipe:
        done = subprocess.run(
            [sys.executable, "-m", "pipelines.cli", *argv],
            stdout=pipe,
            stderr=subprocess.PIPE,
            text=True,
        )

    assert (done.returncode, done.stderr) == (1, "")
