"""What a job logs of a bug: its type and place, and no words."""

import json
import re

import pytest

from tests.pipelines.log_entries import CANARY, entries, hostile, own, run
from tests.support.world import (
    rally_id,
    write_lines,
)

TWO = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]


BUG = f"""
from pipelines.lifecycle import exit_status
def job():
    raise UnicodeError({CANARY!r})
raise SystemExit(exit_status("ingest", job))
"""


BUG_IN_JUDGE = """
from rally.ingestion.judge import Judge
def judge(self, envelope):
    raise KeyError(envelope)
Judge.judge = judge
"""


WORKERS_BUG = f"""
import sys
import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from pipelines.lifecycle import exit_status, finish
from pipelines.runners import LOCAL_RUNNER
def work(_, folder, workers):
    import os, time
    open(os.path.join(folder, str(os.getpid())), "w").close()
    while len(os.listdir(folder)) < workers:  # Beam waits for one that comes later
        time.sleep(0.02)
    os.write(2, b"{CANARY}, by a library in C")
    raise UnicodeError({CANARY!r})
def job():
    folder, workers, *options = sys.argv[1:]
    pipeline = beam.Pipeline(LOCAL_RUNNER, PipelineOptions(options))
    many = pipeline | beam.Create(range(100)) | beam.Reshuffle()
    _ = many | beam.Map(work, folder, int(workers))
    finish(pipeline)
raise SystemExit(exit_status("ingest", job))
"""


NOISE = f"""
import logging, sys, warnings
from pipelines.lifecycle import Ended, exit_status
logging.getLogger("a.library").setLevel(1)
def job():
    warnings.warn({CANARY!r})
    print({CANARY!r}, file=sys.stderr)
    print("rally: a/file.avro: is damaged", file=sys.stderr)
    logging.getLogger("a.library").log(5, {CANARY!r})
    print("rally: no end", end="", file=sys.stderr)
    return Ended(1)
sys.exit(exit_status("replay", job))
"""


WAYS = pytest.mark.parametrize("way", [[], TWO], ids=["one process", "two processes"])


@pytest.mark.slow("processes")
def test_bug_is_told_by_its_type_and_place_and_not_its_words():
    status, out, errors = run("-c", BUG)

    bug, ended = own(errors)
    assert (status, out, ended["event"], ended["status"]) == (70, "", "job_ended", 70)
    assert bug["severity"] == "CRITICAL"
    assert bug["message"].startswith("a bug stopped the job; builtins.UnicodeError; ")
    assert CANARY not in errors


@pytest.mark.slow("processes")
@WAYS
def test_bug_of_a_worker_is_told_without_its_words(tmp_path, way):
    workers = "2" if way else "1"
    status, out, errors = run("-c", WORKERS_BUG, str(tmp_path), workers, *way)

    assert CANARY not in out + errors
    *_, bug, ended = own(errors)
    assert (status, ended["event"], ended["status"]) == (70, "job_ended", 70)
    assert bug["message"].startswith("a bug stopped the job; builtins.")


@pytest.mark.slow("processes")
def test_standard_error_is_as_before_when_a_job_has_ended():
    program = """
import os, sys
from pipelines.lifecycle import Ended, exit_status
exit_status("purge", lambda: Ended(0))
print("printed", file=sys.stderr)
os.write(2, b"written")
"""
    _, _, errors = run("-c", program)

    entry, *rest = errors.splitlines()
    assert json.loads(entry)["event"] == "job_ended"
    assert rest == ["printed", "written"]


@pytest.mark.slow("processes")
@pytest.mark.parametrize(
    ("code", "status"), [("3", 3), ("0", 0), ("None", 0), ("'words'", 1)]
)
def test_job_that_leaves_the_interpreter_is_told_with_its_status(code, status):
    program = f"""
import sys
from pipelines.lifecycle import exit_status
exit_status("purge", lambda: sys.exit({code}))
"""
    done, _, errors = run("-c", program)

    (ended,) = own(errors.splitlines()[0])  # words are printed after it
    assert (done, ended["status"]) == (status, status)
    assert ended["severity"] == ("ERROR" if status else "INFO")


@pytest.mark.slow("processes")
def test_bug_is_told_to_people_without_its_words_unless_they_ask(monkeypatch):
    status, out, errors = run("-c", BUG, form="text")

    assert (status, out) == (70, "")
    assert errors.startswith(
        "rally: a bug stopped this command: builtins.UnicodeError\n"
    )
    assert errors.endswith("; RALLY_TRACEBACK=full shows them\n")
    assert CANARY not in errors

    monkeypatch.setenv("RALLY_TRACEBACK", "full")
    status, out, errors = run("-c", BUG, form="text")
    assert (status, out) == (70, "")
    assert errors.startswith("Traceback ")
    assert errors.endswith(f"UnicodeError: {CANARY}\n")


@pytest.mark.slow("processes")
@WAYS
@pytest.mark.parametrize("form", ["text", "json"])
def test_bug_of_a_worker_is_told_by_its_place_in_our_code_and_not_its_words(
    world, store, tmp_path, monkeypatch, way, form
):
    path = write_lines(tmp_path / "in.ndjson", hostile(world))
    (tmp_path / "sitecustomize.py").write_text(BUG_IN_JUDGE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    words = ["ingest", f"--input={path}", *world.options(store), *way]
    status, out, errors = run("-m", "pipelines.cli", *words, form=form)

    assert (status, out) == (70, "")
    assert CANARY not in errors
    assert rally_id(1) not in errors
    assert "builtins.KeyError" in errors
    assert re.search(r"/rally/ingestion/intake\.py:\d+ in take\b", errors)


@pytest.mark.slow("processes")
def test_what_a_library_says_is_mentioned_once_without_its_words():
    status, _, errors = run("-c", NOISE)

    assert status == 1
    assert CANARY not in errors
    assert [(each["severity"], each["message"]) for each in own(errors)] == [
        (
            "WARNING",
            "a library wrote to standard error; its words are left out here;"
            " RALLY_LOG_FORMAT=text shows them",
        ),
        ("ERROR", "a/file.avro: is damaged"),
        ("ERROR", "replay ended with status 1"),
        ("ERROR", "no end"),
    ]
    severities = {each["severity"] for each in entries(errors)}
    assert severities == {"DEBUG", "WARNING", "ERROR"}
