"""What a job logs for machines: each line is an entry, and no ping has a part in it."""

import re
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines import cli
from rally.keys.local_kek import FILE
from rally.storage.objectstore.open_store import open_store
from tests.pipelines.log_entries import CANARY, entries, hostile, own, run
from tests.support.access_cases import open_case
from tests.support.world import (
    GARDEN,
    HOUSE,
    POND,
    document_id,
    rally_id,
    write_lines,
)

PEOPLE, PINGS = range(1, 5), range(1, 12)


TWO = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]


LOUD = """
import logging, sys
from importlib import import_module
logging.basicConfig(level=logging.DEBUG)
sys.exit(import_module(f"pipelines.{sys.argv[1]}").main(sys.argv[2:]))
"""


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
            "kept": 25,
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
