"""Compaction that is killed at any moment, on a real disk, and simply run again."""

import os
import random
import signal
import subprocess
import sys

import pytest

from rally.storage.layout import Stores
from rally.storage.runs import RUNS
from tests.rally.compaction.memory_study import (
    VISIT,
    MemoryStudy,
    Row,
    expected_rows,
    load_registry,
)

pytestmark = pytest.mark.slow("kills")

ROUNDS = int(os.environ.get("RALLY_CRASH_ROUNDS", "3"))

_RUN = """
import sys
from pathlib import Path
from rally.storage.layout import Stores
from rally.storage.leases import Leases
from tests.rally.compaction.memory_study import MemoryStudy, load_registry
store, studies, run = sys.argv[1:]
study = MemoryStudy(load_registry(Path(studies)), Stores(store, None))
with Leases(study.stores.platform, run, "compact"):
    print("begun", flush=True)
    study.compact(run=run)
"""


@pytest.mark.crash
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_killed_compaction_loses_nothing_and_doubles_nothing(tmp_path, seed):
    dice = random.Random(seed)
    stores = Stores(str(tmp_path / "store"), None)
    study = MemoryStudy(load_registry(tmp_path / "studies"), stores)
    rows = [
        Row(dice.randrange(16), number, day, dice.randrange(86400), "", revision)
        for number in range(400)
        for day in dice.sample(range(4), dice.choice([1, 1, 2]))
        for revision in dice.sample((0, 1), dice.choice([1, 1, 2]))
    ]
    dice.shuffle(rows)
    for start in range(0, len(rows), 60):
        study.add(*rows[start : start + 60])
    before = study.view(VISIT)
    for attempt in range(4):
        process = start_run(tmp_path, f"run-{attempt}")
        with process:
            assert process.stdout.readline() == b"begun\n"
            try:
                process.wait(dice.uniform(0, 0.25))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
        view = study.view(VISIT)
        assert set(expected_rows(rows, VISIT, study.order)) <= set(view)
        assert len(view) <= len(before)
    with start_run(tmp_path, "last") as process:
        assert process.wait() == 0
    assert study.view(VISIT) == expected_rows(rows, VISIT, study.order)
    assert all("compacted" in name for name in study.files(VISIT))
    # A kill may leave a lease. Without its run it is nobody's.
    assert list(stores.platform.list(RUNS)) == []


def start_run(tmp_path, run):
    store, studies = tmp_path / "store", tmp_path / "studies"
    return subprocess.Popen(
        [sys.executable, "-c", _RUN, str(store), str(studies), run],
        stdout=subprocess.PIPE,
    )
