"""Counters of every process of a job are one page, on loopback and nowhere else."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from pipelines import cli
from rally.observability import prometheus
from tests.docs.metrics_page import names, rows
from tests.support.ports import free_port
from tests.support.world import World, write_lines

pytestmark = pytest.mark.slow("processes")

PROGRAM = """
import json, subprocess, sys, urllib.request
from collections import Counter
from rally.outcomes import Count
from rally.observability import prometheus
from rally.observability.measures import Measures, Spread, Sum

def work(rows, lag):
    measures = Measures()
    measures.add(Sum.RECEIVED_BYTES, 100)
    measures.add(Sum.ACKNOWLEDGE_FAILURES, 2)
    measures.note(Spread.FILE_ROWS, rows)
    measures.add(Sum.FILES, 1)
    measures.add(Sum.WRITTEN_BYTES, 1000)
    measures.note(Spread.LAG_SECONDS, lag)
    measures.note(Spread.LIST_AGE_SECONDS, 3.4)
    counts = Counter({
        Count("s", "d.1", "stored"): rows,
        Count("s", "d.1", "joined"): 1,
        Count("s", "d.1", "failed", "no_key"): 2,
        Count("s", "d.1", "failed", "schema_mismatch", "/a.b wants long"): 1,
        Count("s", "d.1", "failed", "schema_mismatch", "undeclared, below /"): 2,
        Count("s", "d.1", "left_out", where="/c"): 4,
    })
    prometheus.add(counts, measures)

if sys.argv[1:] == ["worker"]:
    assert prometheus.is_wanted()
    work(5, 90.0)  # and is dead when the page is asked for
    sys.exit()
assert not prometheus.is_wanted()
with prometheus.served(int(sys.argv[1])):
    subprocess.run([sys.executable, "-c", PROGRAM, "worker"], check=True)
    work(10, 60.0)
    work(20, 30.0)
    page = urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/metrics").read()
assert not prometheus.is_wanted()
print(json.dumps(page.decode()))
"""
TWO = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]
EXPECTED = {
    'rally_pings_total{document="d.1",outcome="stored",reason="",study="s"}': 35,
    'rally_pings_total{document="d.1",outcome="failed",reason="no_key",study="s"}': 6,
    'rally_pings_total{document="d.1",outcome="failed",reason="schema_mismatch",'
    'study="s"}': 9,
    'rally_mismatches_total{document="d.1",study="s",where="/a.b wants long"}': 3,
    'rally_mismatches_total{document="d.1",study="s",where="undeclared, below /"}': 6,
    'rally_left_out_total{document="d.1",study="s",where="/c"}': 12,
    'rally_events_total{document="d.1",event="joined",study="s"}': 3,
    "rally_received_bytes_total": 300,
    "rally_acknowledge_failures_total": 6,
    "rally_file_rows_count": 3,
    "rally_file_rows_sum": 35,
    "rally_files_total": 3,
    "rally_written_bytes_total": 3000,
    "rally_lag_seconds": 30,
    "rally_list_age_seconds": 3,
    "rally_reloads_total": 0,
    "rally_reload_failures_total": 0,
}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture
def port():
    return free_port()


def test_page_is_the_sum_of_all_processes(port):
    whole = f"PROGRAM = {PROGRAM!r}\n{PROGRAM}"
    done = subprocess.run(
        [sys.executable, "-c", whole, str(port)],
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
    page = json.loads(done.stdout)

    lines = [line.rsplit(" ", 1) for line in page.splitlines() if line[0] != "#"]
    ours = {name: float(value) for name, value in lines if name.startswith("rally_")}
    assert ours == EXPECTED
    rest = [name for name, _ in lines if not name.startswith("rally_")]
    assert rest
    assert all(name.startswith("process_") for name in rest)
    kinds = re.findall(r"^# TYPE (rally_\w+) (\w+)$", page, re.MULTILINE)
    told = {
        names(row["metric"])[0]: re.match(r"\w+", row["type"])[0]
        for row in rows("Prometheus")
    }
    del told["process_…"]
    assert dict(kinds) == told


def seen(port, name):
    """A metric's value, of a job that serves it now; 0 of one that does not."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as page:
            lines = page.read().decode().splitlines()
    except (urllib.error.URLError, ConnectionError):
        return 0
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


@pytest.mark.parametrize("way", [[], TWO], ids=["one process", "two processes"])
def test_batch_is_served_while_it_runs(world, tmp_path, port, way):
    visits = [world.visit(number, number) for number in range(100)]
    path = write_lines(tmp_path / "in.ndjson", visits * 500)
    argv = [f"--input={path}", "--split_bytes=20000", f"--prometheus={port}", *way]
    store = str(tmp_path / "store")
    job = subprocess.Popen(
        [sys.executable, "-m", "pipelines.ingest", *world.options(store, *argv)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + 300
    while not (rows := seen(port, "rally_file_rows_sum")):
        assert job.poll() is None
        assert time.monotonic() < end
        time.sleep(0.02)

    job.terminate()

    told = ("", "rally: stopped; run it again for what is not done\n")
    assert job.communicate(timeout=300) == told
    assert (job.returncode, seen(port, "rally_")) == (143, 0)
    assert 0 < rows < 50_000


@pytest.mark.parametrize("given", ["0", "-1", "65536"])
def test_port_that_is_none_is_one_line(world, tmp_path, capsys, given):
    argv = ["--input=x", f"--prometheus={given}", *world.options(str(tmp_path))]

    assert cli.main(["ingest", *argv]) == 2
    expected = "--prometheus: must be a whole number from 1 to 65,535; see --help"
    assert capsys.readouterr() == ("", f"rally: {expected}\n")


def test_port_that_is_taken_is_one_line(world, tmp_path, capsys):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        argv = ["--input=x", f"--prometheus={port}", *world.options(str(tmp_path))]

        assert cli.main(["ingest", *argv]) == 2

    assert not prometheus.is_wanted()
    assert capsys.readouterr() == (
        "",
        f"rally: --prometheus {port}: cannot be served (Address already in use); name"
        " another\n",
    )


@pytest.mark.parametrize("runner", ["FlinkRunner", "PortableRunner", "DataflowRunner"])
def test_runner_whose_workers_are_elsewhere_is_refused(
    world, tmp_path, capsys, runner, port
):
    argv = [
        *("ingest", "--subscription=projects/p/subscriptions/s", f"--runner={runner}"),
        *(f"--prometheus={port}", *world.options(str(tmp_path))),
    ]

    assert cli.main(argv) == 2
    out, errors = capsys.readouterr()
    assert out == ""
    assert errors.endswith(
        "rally: --prometheus: has no meaning on this runner; leave it out, or name"
        " another --runner\n"
    )
