"""What stops a job that runs is one line, and the status says what it was."""

import os
import signal
import subprocess
import sys
import time
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineRunner

from pipelines import cli
from pipelines.lifecycle import JobStopped, describe_error, exit_status, finish
from pipelines.runners import LOCAL_RUNNER
from rally.deletion.rewriting import PlanMismatch
from rally.errors import ConfigurationError, CorruptFile, UnknownCodec
from rally.ingestion.replay import DamagedObject
from rally.storage.leases import LeaseHeld
from rally.storage.objectstore.interface import ObjectHeld
from rally.storage.row_streams import NotSorted
from rally.storage.runs import Run
from tests.support.world import GARDEN, SENT, stored_rows, write_lines

WAIT = 300.0
INGEST = """
import signal, sys
from pipelines import lifecycle
from pipelines.ingest import main
signal.signal(signal.SIGINT, signal.default_int_handler)
lifecycle._ONCE_IN_SECONDS = 1e6  # however long a slow machine needs to end
sys.exit(main(sys.argv[1:]))
"""
TWO = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]
STOPPED_LINE = "rally: stopped; run it again for what is not done\n"
STOPPED = "when that is mended or over, run it again for what is not done\n"


@pytest.fixture
def start_batch(world, store, tmp_path):
    """Starts a batch that goes on for long, and waits until it has stored something.

    It has a process group of its own, as a command at a terminal has.
    """
    visits = [world.visit(number, number) for number in range(100)]
    pings = write_lines(tmp_path / "in.ndjson", visits * 500)
    options = [f"--input={pings}", "--split_bytes=20000", *world.options(store)]
    started = []

    def start(*more):
        job = subprocess.Popen(
            [sys.executable, "-c", INGEST, *options, *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(job)
        end = time.monotonic() + WAIT
        while job.poll() is None and not list(Path(store).rglob("data/**/*.avro")):
            assert time.monotonic() < end
            time.sleep(0.01)
        return job

    yield start
    for job in started:
        with suppress(ProcessLookupError):
            os.killpg(job.pid, signal.SIGKILL)
        job.communicate()


@pytest.mark.slow("processes")
@pytest.mark.parametrize("processes", [[], TWO], ids=["one process", "two more"])
def test_ctrl_c_at_a_terminal_is_one_line_and_the_status_of_a_shell(
    start_batch, processes
):
    job = start_batch(*processes)

    os.killpg(job.pid, signal.SIGINT)

    assert job.communicate(timeout=WAIT) == ("", STOPPED_LINE)
    assert job.returncode == 130


@pytest.mark.slow("processes")
def test_worker_processes_end_with_a_launcher_that_is_killed(start_batch):
    job = start_batch(*TWO)

    job.kill()

    out, _ = job.communicate(timeout=WAIT)  # until nobody holds its pipes
    assert (job.returncode, out) == (-signal.SIGKILL, "")


@pytest.mark.slow("processes")
def test_batch_with_worker_processes_that_is_stopped_again_and_again_ends(start_batch):
    """Both processes have been started; Beam waits for one that calls only now."""
    job = start_batch(*TWO)
    end = time.monotonic() + WAIT

    while job.poll() is None:
        assert time.monotonic() < end
        job.terminate()
        time.sleep(0.05)

    assert job.communicate(timeout=WAIT) == ("", STOPPED_LINE)
    # The last one may have come when the job had ended, and the process had not yet.
    assert job.returncode in (128 + signal.SIGTERM, -signal.SIGTERM)


@pytest.mark.slow("processes")
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_worker_process_that_is_killed_ends_the_job_and_another_run_does_the_rest(
    start_batch, store
):
    job = start_batch(*TWO)

    os.kill(workers_of(job.pid)[0], signal.SIGKILL)

    died = "rally: a worker process died, as when memory runs out"
    assert job.communicate(timeout=WAIT) == ("", f"{died}; {STOPPED}")
    assert job.returncode == 1
    options = job.args[job.args.index(INGEST) + 1 :]
    assert cli.main(["ingest", *options]) == 0
    assert len({row["document_id"] for _, row in stored_rows(store)}) == 100


def workers_of(launcher):
    """The processes that a process has started, and that work for Beam."""
    describe_error = Path(f"/proc/{launcher}/task").glob("*/children")
    children = " ".join(each.read_text() for each in describe_error).split()
    return [
        int(child)
        for child in children
        if b"sdk_worker_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


@pytest.fixture
def blocked(world, store):
    """A place in the store where no folder can be made, as when a disk is gone."""
    world.make_stores(store)
    day = SENT.partition("T")[0]
    path = Path(store, f"data/study={GARDEN}/document=visit.1/date={day}")
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


@pytest.mark.slow("processes")
def test_store_that_fails_a_worker_process_is_told_at_the_end(
    world, store, blocked, tmp_path, capsys
):
    """Of its error the launcher gets the text; what a worker logs is beside it."""
    pings = write_lines(tmp_path / "in.ndjson", [world.visit(1, 1)])

    status = cli.main(["ingest", f"--input={pings}", *world.options(store), *TWO])

    expected = f"rally: Not a directory: '{blocked}'; {STOPPED}"
    assert (status, *capsys.readouterr()) == (1, "", expected)


NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOLDER = Run("id", "compact", "host", 7, 1, NOON, NOON)
DAMAGE = (CorruptFile, UnknownCodec, DamagedObject, PlanMismatch, NotSorted)


def fail(_, kind, *args):
    raise kind(*args)


ENDS = pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        *(
            pytest.param((each, "why"), JobStopped, "why", id=each.__name__)
            for each in DAMAGE
        ),
        pytest.param(
            (LeaseHeld, HOLDER),
            JobStopped,
            "another run is in the way: `rally compact` works there (process 7 of"
            " host, alive until 2026-06-01T12:00:00+00:00 at least)",
            id="a lease",
        ),
        pytest.param(
            (ObjectHeld, "data/x.avro"),
            JobStopped,
            "data/x.avro: a hold or a retention policy forbids this",
            id="a hold",
        ),
        pytest.param(
            (ConnectionRefusedError, 111, "Connection refused"),
            JobStopped,
            "Connection refused",
            id="an error of the system",
        ),
        pytest.param(
            (ConfigurationError, "do this"), ConfigurationError, "do this", id="options"
        ),
    ],
)


def run_to_its_end(error, *options):
    """Runs a pipeline whose worker raises that."""
    runner = f"--runner={LOCAL_RUNNER}"
    pipeline = beam.Pipeline(options=PipelineOptions([runner, *options]))
    _ = pipeline | beam.Create([0]) | "Work" >> beam.Map(fail, *error)
    finish(pipeline)


@ENDS
def test_what_a_worker_raises_ends_the_job_as_what_it_is(error, kind, message):
    with pytest.raises(kind) as caught:
        run_to_its_end(error)
    assert (type(caught.value), str(caught.value)) == (kind, message)


@ENDS
@pytest.mark.parametrize("wrapped", ["", "RuntimeError: "])
def test_text_of_a_worker_process_ends_the_job_as_what_it_is(
    error, kind, message, wrapped
):
    """Beam wraps what it cannot make again with the name of the step."""
    with pytest.raises(error[0]) as raised:
        fail(None, *error)
    (last,) = traceback.format_exception_only(raised.value)
    text = f"Traceback (most recent call last):\n{wrapped}{last.strip()}"

    found = describe_error(RuntimeError(f"{text} [while running 'Work']\n"))

    assert (type(found), str(found)) == (kind, message)


@pytest.mark.slow("processes")
def test_error_of_a_worker_process_is_told_with_its_kind():
    with pytest.raises(
        JobStopped, match=r"^another run is in the way: `rally compact`"
    ):
        run_to_its_end((LeaseHeld, HOLDER), *TWO)


@pytest.mark.parametrize(
    "text",
    [
        "Traceback (most recent call last):\nLookupError: a bug",
        "Traceback (most recent call last):\nrally.storage.corruption.None: a bug",
        "Traceback (most recent call last):\nrally.errors.FailureReason: a bug",
        "Traceback (most recent call last):\nno.module.CorruptFile: a bug",
        "Traceback (most recent call last):\nsys.path: a bug",
        "rally.errors.CorruptFile: a bug",
        "",
    ],
)
def test_bug_is_itself(text):
    bug = RuntimeError(text)
    assert describe_error(bug) is bug


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


@pytest.mark.slow("processes")
def test_reader_that_leaves_is_one_line_and_status_1(world):
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

    expected = "rally: standard output: cannot be written (Broken pipe)\n"
    assert (done.returncode, done.stderr) == (1, expected)


ON_FLINK = "Pipeline BeamApp-7 failed in state FAILED: "
FROM_WORKER = f"{ON_FLINK}java.lang.RuntimeException: Error received from SDK harness: "


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            f"{FROM_WORKER}Traceback (most recent call last):\n"
            '  File "common.py", line 7, in process\n'
            "RuntimeError: NotADirectoryError: [Errno 20] Not a directory: '/a'"
            " [while running 'IngestFiles/Ingest']\n",
            "Not a directory: '/a'",
        ),
        (
            f"{ON_FLINK}org.apache.flink.runtime.client.JobCancellationException:"
            " Job was cancelled.",
            "the engine was told to cancel the job",
        ),
    ],
    ids=["worker", "cancelled"],
)
def test_failure_that_an_engine_tells_is_one_line(text, line):
    found = describe_error(RuntimeError(text))
    assert (type(found), str(found)) == (JobStopped, line)


def test_bug_that_an_engine_tells_is_itself():
    bug = RuntimeError(f"{FROM_WORKER}Traceback (most recent call last):\nKeyError: 1")
    assert describe_error(bug) is bug


@pytest.mark.slow("processes")
def test_engine_that_is_not_there_is_one_line_and_status_2(
    world, store, tmp_path, capsys
):
    pings = write_lines(tmp_path / "in.ndjson", [world.visit(1, 1)])
    engine = ["--runner=PortableRunner", "--job_endpoint=127.0.0.1:9"]
    argv = [f"--input={pings}", *world.options(store), *engine]

    status = cli.main(["ingest", *argv, "--job_server_timeout=1"])

    expected = "rally: --job_endpoint: no job server answers there\n"
    assert (status, *capsys.readouterr()) == (2, "", expected)


GOES_ON = "no longer watched; the job itself goes on until it is"


class Watched(PipelineRunner):
    """A runner far away, whose job a person looks at and then no longer does."""

    def run_pipeline(self, pipeline, options):
        return self

    def wait_until_finish(self):
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("runner", "verb", "line"),
    [
        ("PortableRunner", "launched", GOES_ON),
        ("DataflowRunner", "launched", GOES_ON),
        ("DirectRunner", "ended", "stopped; run it again for what is not done"),
    ],
)
def test_ctrl_c_says_whether_the_job_goes_on(capsys, caplog, runner, verb, line):
    options = PipelineOptions([f"--runner={runner}"])
    pipeline = beam.Pipeline(Watched(), options)
    assert exit_status("ingest", lambda: finish(pipeline)) == 130
    assert capsys.readouterr().err.startswith(f"rally: {line}")
    said = [each.getMessage() for each in caplog.records if each.name == "rally"]
    assert said == [f"ingest {verb} with status 130"]
