"""What a job logs for machines: each line is an entry, and no ping has a part in it."""

import json
import os
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines import cli
from rally.keys.local_kek import FILE
from rally.storage.objectstore.open_store import open_store
from tests.support.access_cases import open_case
from tests.support.world import (
    GARDEN,
    HOUSE,
    POND,
    Message,
    document_id,
    rally_id,
    write_lines,
)

CANARY = "Sabine reads about hats"
PEOPLE, PINGS = range(1, 5), range(1, 12)
TWO = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]
LOUD = """
import logging, sys
from importlib import import_module
logging.basicConfig(level=logging.DEBUG)
sys.exit(import_module(f"pipelines.{sys.argv[1]}").main(sys.argv[2:]))
"""
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


def run(*words, form="json"):
    """Runs Python; gives the exit status and all that it wrote."""
    done = subprocess.run(
        [sys.executable, *words],
        env=os.environ | {"RALLY_LOG_FORMAT": form},
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout, done.stderr


def entries(errors):
    """Each line of standard error, read; what is the same in each is checked."""
    found = [json.loads(line) for line in errors.splitlines()]
    for entry in found:
        assert re.fullmatch(r"[0-9T:.-]{19,26}\+00:00", entry.pop("time"))
    return found


def own(errors):
    """Without seconds, and without what is said of libraries."""
    return [
        {name: value for name, value in entry.items() if name != "seconds"}
        for entry in entries(errors)
        if entry["severity"] != "DEBUG"
    ]


def hostile(world):
    """Pings with ids and clear text wherever a sender can put them."""
    person, other = rally_id(1), rally_id(2)
    visit, sent = f"{GARDEN}/visit/1", f"2026-05-20T10:00:00Z{CANARY}"
    clear = {"rally.id": person, "page": CANARY, "count": 1}
    good = world.message(visit, clear, 1, x_telemetry_agent=CANARY, x_debug_id=other)
    return [
        good,
        world.message(visit, clear | {CANARY: CANARY}, 2, dnt=CANARY),
        world.message(visit, clear | {"count": CANARY}, 3, x_source_tags=other),
        world.message(visit, clear, 4, sent=sent),
        world.message(visit, f"{CANARY} {person}".encode(), 5),
        world.message(f"{GARDEN}/{CANARY}/1", clear, 6),
        world.message(f"{POND}/visit/1", clear | {"private": CANARY}, 7),
        world.message(f"{HOUSE}/unenrollment/1", {"rally.id": f"{other}{other}"}, 8),
        Message(f"{CANARY} {person}".encode(), good.attributes),
        Message(good.body[:-1], good.attributes | {"x_forwarded_for": CANARY}),
        Message(b"", {"uri": f"/submit/{CANARY}/{person}", CANARY: other}),
    ]


@pytest.fixture
def needles(world):
    """What must not be told: clear text, ids, pseudonyms and keys."""
    ids = [*map(rally_id, PEOPLE), *map(document_id, PINGS)]
    pseudonyms = [world.pseudonym(1), world.platform_pseudonym(1)]
    keys = re.findall(r"[\w+/=-]{40,}", Path(world.keys, FILE).read_text())
    assert keys
    return [CANARY, *ids, *(each.replace("-", "") for each in ids), *pseudonyms, *keys]


@pytest.fixture
def loud(world, store, tmp_path):
    """Ingests hostile pings with all loggers at their loudest."""
    path = write_lines(tmp_path / "in.ndjson", hostile(world))
    with open(path, "a") as file:
        file.write(f'{{"attributes": {{"{CANARY}": 1}}\n{rally_id(3)}\n')
    more = ["--default_sdk_harness_log_level=DEBUG", f"--input={path}"]
    argv = ["-c", LOUD, "ingest", *world.options(store, *more)]
    return lambda form, way: run(*argv, *way, form=form)


WAYS = pytest.mark.parametrize("way", [[], TWO], ids=["one process", "two processes"])


@pytest.mark.slow("processes")
@WAYS
def test_no_byte_of_a_ping_is_logged_with_the_words_of_libraries(loud, needles, way):
    status, out, errors = loud("text", way)

    assert status == 0, errors
    assert "DEBUG:apache_beam." in errors
    assert [each for each in needles if each in out + errors] == []


@pytest.mark.slow("processes")
@WAYS
def test_no_byte_of_a_ping_is_in_an_entry_however_loud(loud, needles, way):
    status, out, errors = loud("json", way)

    assert status == 0, errors
    assert "DEBUG" in {each["severity"] for each in entries(errors)}
    assert [each for each in needles if each in out + errors] == []
    *steps, ended = own(errors)
    assert ended == {
        "severity": "INFO",
        "message": "ingest ended with status 0",
        "job": "ingest",
        "event": "job_ended",
        "stored": 1,
        "refused": 0,
        "failed": 11,  # the two lines that are no messages are one dead letter
        "joined": 0,
        "left": 0,
        "consented": 0,
        "dead_letters": 11,
        "status": 0,
    }
    assert {each["step"] for each in steps if "step" in each} == {"IngestFiles"}
    assert {each["study"] for each in steps if "study" in each} == {
        *(GARDEN, HOUSE, POND, "unknown"),
    }


@pytest.fixture
def job(monkeypatch, capfd):
    """Runs a job in this process; gives the exit status and its entries."""
    monkeypatch.setenv("RALLY_LOG_FORMAT", "json")

    def job(name, *argv):
        status = cli.main([name, *argv])
        return status, own(capfd.readouterr().err)

    return job


def test_figures_of_each_job_are_in_its_last_entry(world, store, tmp_path, job):
    path = write_lines(
        tmp_path / "in.ndjson",
        [
            world.message(f"{GARDEN}/study-enrollment/1", {"rally.id": rally_id(1)}, 1),
            world.visit(1, 2),
            world.visit(1, 2),
            world.message(f"{GARDEN}/visit/9", {}, 3),
        ],
    )

    def last(name, *more):
        status, (*_, ended) = job(name, *world.options(store, *more))
        told = ["severity", "message", "job", "event", "status"]
        level = "ERROR" if status else "INFO"
        message = f"{name} ended with status {status}"
        values = [ended.pop(each) for each in told]
        assert values == [level, message, name, "job_ended", status]
        return status, ended

    none = {"stored": 0, "refused": 0, "joined": 0, "left": 0, "consented": 0}
    assert last("ingest", f"--input={path}") == (
        0,
        {**none, "stored": 3, "joined": 1, "failed": 1, "dead_letters": 1},
    )
    assert last("replay") == (
        0,
        {
            **none,
            "failed": 1,
            "dead_letters": 1,
            "removed": 0,
            "kept": 1,
            "damaged": 0,
        },
    )
    assert last("compact") == (0, {"partitions": 2, "faults": 0})
    assert last("delete") == (
        0,
        {"late_withdrawals": 0, "receipts": 0, "faults": 0},
    )
    assert last("purge") == (0, {"objects": 0, "faults": 0})
    assert last("audit") == (
        0,
        {
            "kept": 22,
            "broken": 0,
            "unproven": 0,
            "approvals_ending": 0,
            "cases_overdue": 0,
        },
    )
    (letter,) = Path(store).rglob("platform/dead-letters/**/*.avro")
    letter.write_bytes(b"")
    assert last("audit")[0] > 0
    assert last("replay")[0] > 0


def test_withdrawal_past_its_deadline_is_counted(world, store, job):
    world.publish(store, 1, world.left(1, GARDEN, "2026-04-20T10:00:00Z"))
    status, found = job("delete", *world.options(store, "--plan_only"))
    assert (status, found[-1]["late_withdrawals"]) == (0, 1)


def test_case_that_is_open_for_too_long_is_counted(world, store, job):
    options, april = world.options(store), datetime(2026, 4, 1, tzinfo=UTC)
    open_case(open_store(f"{store}/platform"), world.platform_pseudonym(1), when=april)
    _, found = job("audit", *options)
    assert found[-1]["cases_overdue"] == 1


def test_what_is_configured_wrong_is_an_entry(world, store, job):
    status, found = job("ingest", *world.options(store))

    assert status == 2
    same = {"severity": "ERROR", "job": "ingest"}
    assert found == [
        {**same, "message": "give either --input or --subscription"},
        {
            **same,
            "message": "ingest ended with status 2",
            "event": "job_ended",
            "status": 2,
        },
    ]


@pytest.mark.slow("processes")
def test_help_is_no_failure(world):
    status, out, errors = run("-m", "pipelines.ingest", "--help")

    assert (status, out[:6], own(errors)[-1]["status"]) == (0, "usage:", 0)


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


@pytest.mark.slow("processes")
def test_form_that_is_none_is_one_line():
    status, out, errors = run("-m", "pipelines.purge", form="xml")

    assert (status, out) == (2, "")
    assert errors == "rally: RALLY_LOG_FORMAT=xml: must be text or json\n"


@pytest.mark.slow("processes")
def test_sigterm_ends_a_job_as_ctrl_c_does():
    program = """
import os, signal, sys
from pipelines.lifecycle import exit_status
sys.exit(exit_status("purge", lambda: os.kill(os.getpid(), signal.SIGTERM)))
"""
    status, out, errors = run("-c", program, form="text")

    assert (status, out) == (128 + signal.SIGTERM, "")
    assert errors == "rally: stopped; run it again for what is not done\n"


def stop_by(*lines):
    """Runs a purge of these lines, which may `kill` their own process."""
    program = [
        "import logging, os, signal, sys",
        "from pipelines.lifecycle import Ended, exit_status",
        "from rally.observability.log_entries import LOGGER",
        "def kill(number): os.kill(os.getpid(), number)",
        *lines,
        "sys.exit(exit_status('purge', job))",
    ]
    return run("-c", "\n".join(program), form="text")


@pytest.mark.slow("processes")
def test_second_signal_does_not_disturb_how_the_first_ends_a_job():
    status, out, errors = stop_by(
        "def job():",
        "    try:",
        "        kill(signal.SIGTERM)",
        "    finally:",
        "        kill(signal.SIGTERM)",
        "        kill(signal.SIGINT)",
        "        print('workers ended')",
    )

    assert (status, out) == (128 + signal.SIGTERM, "workers ended\n")
    assert errors == "rally: stopped; run it again for what is not done\n"


@pytest.mark.slow("processes")
@pytest.mark.parametrize("number", ["signal.SIGTERM", "signal.SIGINT"])
def test_signal_after_a_job_is_done_changes_nothing(number):
    status, out, errors = stop_by(
        "class Late(logging.Handler):",
        "    def emit(self, record):",
        f"        kill({number})",
        "LOGGER.addHandler(Late())",
        "job = lambda: Ended(0)",
    )

    assert (status, out, errors) == (0, "", "")


@pytest.mark.slow("processes")
def test_ctrl_c_that_is_ignored_stays_so():
    status, out, errors = stop_by(
        "signal.signal(signal.SIGINT, signal.SIG_IGN)",
        "job = lambda: kill(signal.SIGINT) or Ended(0)",
    )

    assert (status, out, errors) == (0, "", "")
