"""A job that one worker does: as run by hand, once, and never by two at a time."""

import fcntl
import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines import cli
from pipelines.local_runner import LocalRunner
from rally.storage.layout import Partition
from rally.storage.leases import Leases
from rally.storage.objectstore.open_store import open_store
from tests.support.world import (
    GARDEN,
    HOUSE,
    SENT,
    SENT_LATER,
    contents,
    rally_id,
    stored_rows,
    write_lines,
)
from transforms.run_job_on_worker import JobFailed, JobKilled, RunJobOnWorker

WAIT = 300.0
ALL_CORES = ["--direct_running_mode=multi_processing", "--direct_num_workers=0"]
TWO = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]
CONDUCT = """
import sys
from tests.transforms.test_run_job_on_worker import conduct
conduct(*sys.argv[1:])
"""


def conduct(*command, options=()):
    """Has a command conducted by the local runner."""
    pipeline = beam.Pipeline(LocalRunner(), options=PipelineOptions([*options]))
    _ = pipeline | RunJobOnWorker(command)
    pipeline.run().wait_until_finish()


@pytest.fixture
def runs(tmp_path):
    """Where `conducted` notes its runs."""
    return tmp_path / "runs"


def conducted(runs, *words):
    return "tests.transforms.worker_job", str(runs), *words


@pytest.fixture
def lived_in(world, store, tmp_path, capsys):
    """Four pings in two files of a day; of two people, one leaves Rally."""
    visits = [world.visit(1, 1), world.visit(2, 2)], [world.visit(1, 3)]
    left = {"rally.id": rally_id(1)}
    away = world.message(f"{HOUSE}/unenrollment/1", left, 4, SENT_LATER)
    for number, messages in enumerate([visits[0], [*visits[1], visits[0][1], away]]):
        path = write_lines(tmp_path / f"{number}.ndjson", messages)
        assert cli.main(["ingest", f"--input={path}", *world.options(store)]) == 0
    capsys.readouterr()
    return store


def lines(caplog):
    """What the conducted job said."""
    name = "transforms.run_job_on_worker"
    records = [each for each in caplog.records if each.name == name]
    return [each.getMessage() for each in records]


@pytest.mark.slow("processes")
@pytest.mark.parametrize(("job", "workers"), [("compact", ALL_CORES), ("delete", ())])
def test_job_leaves_what_it_leaves_when_run_by_hand(
    job, workers, world, lived_in, tmp_path, capsys, caplog
):
    other = shutil.copytree(lived_in, tmp_path / "other")
    assert cli.main([job, *world.options(str(other))]) == 0
    by_hand = capsys.readouterr().out.replace(str(other), lived_in).splitlines()

    with caplog.at_level(logging.INFO, "transforms.run_job_on_worker"):
        conduct(f"pipelines.{job}", *world.options(lived_in), *workers)

    assert list(stored_rows(lived_in)) == list(stored_rows(str(other)))
    assert names(lived_in) == names(str(other))
    told = lines(caplog)
    entries = [json.loads(line) for line in told if line.startswith("{")]
    assert plain(line for line in told if not line.startswith("{")) == plain(by_hand)
    assert (entries[-1]["event"], entries[-1]["status"]) == ("job_ended", 0)


def names(store):
    """Of all objects, without what a run makes up."""
    return plain(contents(store))


def data(store):
    return {name: body for name, body in contents(store).items() if "data/" in name}


def plain(told):
    """Texts without the number that a run draws, and the hash of what names it."""
    drawn = re.compile(r"(?<=plans/)[0-9a-f]{32}|(?<=[0-9]{12}-)[0-9a-f]{16}(?=\.)")
    return [drawn.sub("N", line) for line in told]


@pytest.mark.slow("processes")
def test_no_id_is_logged(world, lived_in, caplog):
    with caplog.at_level(logging.INFO):
        conduct("pipelines.delete", *world.options(lived_in))
    assert "receipts: 1" in lines(caplog)
    for person in (1, 2):
        assert rally_id(person) not in caplog.text
        assert world.platform_pseudonym(person) not in caplog.text
        assert world.pseudonym(person) not in caplog.text


def test_lines_are_logged_as_they_are_said(runs, caplog):
    """The job goes on only when its first line has been seen."""
    os.mkfifo(f"{runs}.go")

    class Seen(logging.Handler):
        def emit(self, record):
            if record.getMessage() == "begun":
                Path(f"{runs}.go").write_text("go\n")

    log, seen = logging.getLogger("transforms.run_job_on_worker"), Seen()
    log.addHandler(seen)
    try:
        with caplog.at_level(logging.INFO, log.name):
            conduct(*conducted(runs, "say", "begun"))
    finally:
        log.removeHandler(seen)

    assert lines(caplog) == ["begun", "go", "said"]


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ('{"severity": "ERROR", "message": "m"}', logging.ERROR),
        ('{"severity": "WARNING"}', logging.WARNING),
        ('{"severity": "odd"}', logging.INFO),
        ('{"severity": ["ERROR"]}', logging.INFO),
        ('{"message": "m"}', logging.INFO),
        ("[1]", logging.INFO),
        ("rows: 7", logging.INFO),
    ],
)
def test_entry_is_logged_as_severe_as_it_says_and_in_its_own_words(
    line, level, runs, caplog
):
    Path(f"{runs}.go").touch()
    with caplog.at_level(logging.INFO, "transforms.run_job_on_worker"):
        conduct(*conducted(runs, "say", line))
    logged = [
        (each.levelno, each.getMessage())
        for each in caplog.records
        if each.name == "transforms.run_job_on_worker"
    ]
    assert logged == [(level, line), (logging.INFO, "said")]


@pytest.mark.parametrize("status", ["1", "2", "70"])
def test_job_that_ends_badly_fails_the_pipeline_and_ran_once(status, runs):
    told = f"exit status {status}: .*; the log of step Run says why"
    with pytest.raises(JobFailed, match=told):
        conduct(*conducted(runs, "end", status))
    assert runs.read_text() == f"end {status}\n"


@pytest.mark.parametrize(
    "how", [("die", "SIGKILL"), ("die", "SIGTERM"), ("end", "130")], ids=" ".join
)
def test_job_that_was_killed_is_for_the_runner_to_run_again(how, runs):
    with pytest.raises(JobKilled, match=r"tests\.transforms\.worker_job"):
        conduct(*conducted(runs, *how))
    assert runs.read_text() == f"{' '.join(how)}\n"


@pytest.mark.slow("processes")
def test_job_that_was_killed_goes_on(world, lived_in):
    """What a killed run has begun is there; the next run does the rest."""
    platform = open_store(f"{lived_in}/platform")
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    dead = Leases(platform, "dead", "compact")
    dead._me = (*dead._me[:3], gone.pid, *dead._me[4:])
    platform.create(dead._name, dead._told())
    dead.acquire(Partition(GARDEN, "visit.1", SENT[:10]))

    conduct("pipelines.compact", *world.options(lived_in))

    assert [name for name in data(lived_in) if "bucket=new" in name] == []
    assert not [name for name in contents(lived_in) if "leases" in name]


def test_second_one_at_a_time_fails_and_changes_nothing(world, lived_in, caplog):
    before = data(lived_in)
    with Leases(open_store(f"{lived_in}/platform"), "other", "compact") as leases:
        leases.acquire(Partition(GARDEN, "visit.1", SENT[:10]))
        with (
            caplog.at_level(logging.INFO, "transforms.run_job_on_worker"),
            pytest.raises(JobFailed, match="exit status 1"),
        ):
            conduct("pipelines.compact", *world.options(lived_in))
    assert "busy: `rally compact` works there" in caplog.text
    assert data(lived_in) == before


@pytest.mark.slow("processes")
def test_worker_that_is_a_process_conducts_too(world, lived_in, capsys):
    """Both have workers of their own, which find their own runner."""
    command = ("pipelines.compact", *world.options(lived_in), *TWO)
    conduct(*command, options=TWO)
    assert [name for name in data(lived_in) if "bucket=new" in name] == []


@pytest.mark.parametrize(
    ("name", "told"),
    {
        "PIPELINE_OPTIONS_FILE": "nothing",
        "STATUS_API_SERVICE_DESCRIPTOR": "nothing",
        "WORKER_ID": "nothing",
        "SEMI_PERSISTENT_DIRECTORY": "nothing",
        "RALLY_MARK": "of the worker",
    }.items(),
)
def test_job_is_told_nothing_of_whose_worker_this_is(
    name, told, runs, monkeypatch, caplog
):
    monkeypatch.setenv(name, "of the worker")
    with caplog.at_level(logging.INFO, "transforms.run_job_on_worker"):
        conduct(*conducted(runs, "environment", name))
    assert lines(caplog) == [told]


@pytest.mark.slow("processes")
@pytest.mark.parametrize("options", [(), TWO], ids=["one process", "two processes"])
def test_job_ends_with_its_worker(options, runs):
    command = conducted(runs, "work")
    script = CONDUCT.replace("*sys.argv[1:]", f"*{command!r}, options={options!r}")
    worker = subprocess.Popen([sys.executable, "-c", script], start_new_session=True)
    try:
        wait_until(lambda: runs.exists() and is_locked(runs))
        worker.kill()
        wait_until(lambda: not is_locked(runs))
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    assert runs.read_text() == "work \n"


def wait_until(condition):
    end = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def is_locked(path):
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
