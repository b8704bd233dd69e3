"""A module that runs as if alone, and ends with whoever started it."""

import subprocess
import sys

import pytest

WAIT = 300.0
TIED = [sys.executable, "-u", "-m", "rally.exit_with_parent"]


@pytest.fixture
def start():
    """Starts a module that is tied to this process."""
    started = []

    def tied(*command):
        started.append(
            subprocess.Popen(
                [*TIED, *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        return started[-1]

    yield tied
    for process in started:
        process.kill()
        process.wait()


def test_module_gets_its_arguments_and_gives_its_status(start, tmp_path):
    runs = tmp_path / "runs"

    assert start("tests.transforms.worker_job", str(runs), "end", "3").wait(WAIT) == 3

    assert runs.read_text() == "end 3\n"


def test_module_is_the_main_one(start):
    process = start("timeit", "-n1", "-r1", "print('from main')")
    assert process.stdout.readline() == "from main\n"
    assert process.wait(WAIT) == 0


def test_module_ends_when_its_parent_does(start, tmp_path):
    process = start("tests.transforms.worker_job", str(tmp_path / "runs"), "work")
    process.stdin.close()  # as the system does for a process that is gone
    assert process.wait(WAIT) == -9
