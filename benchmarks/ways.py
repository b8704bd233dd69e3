"""The ways through the same pings: the floor's loop, and the pipeline on processes."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import pings, process
from benchmarks.process import Run
from benchmarks.workload import NAMESPACE, Workload
from rally.decisions.founding import FILE as FOUNDING
from rally.storage.header import read_header

_TWO = ("--direct_running_mode=multi_processing", "--direct_num_workers=2")

Way = Callable[[Workload, str], Run]
"""Takes a workload and a glob of its files; what was written is counted and deleted."""


def floor(workload: Workload, inputs: str) -> Run:
    """The plain loop."""
    files = sorted(str(file) for file in workload.folder.glob(Path(inputs).name))
    schema = workload.folder / f"studies/{NAMESPACE}/{pings.DOCUMENT}.1.avsc"
    with tempfile.TemporaryDirectory(prefix="rally-bench-") as out:
        run = process.run(
            [
                *("-m", "benchmarks.floor", f"{out}/floor.avro"),
                *(str(workload.folder / "keys"), str(schema), *files),
            ]
        )
    _expect(int(run.output), workload, inputs)
    return run


def one(workload: Workload, inputs: str) -> Run:
    """The pipeline, as `rally ingest` runs it on one process."""
    return _ingest(workload, inputs)


def two(workload: Workload, inputs: str) -> Run:
    """The pipeline on two processes."""
    return _ingest(workload, inputs, *_TWO)


def rally(*arguments: str) -> list[str]:
    """The command line of `rally`, for this very code."""
    return ["-m", "pipelines.cli", *arguments]


def begin(store: str, workload: Workload) -> None:
    """Makes a store, in a process of its own that is not measured.

    The keys are those of the store before, which is gone.
    """
    Path(workload.folder, "keys", "platform", FOUNDING).unlink(missing_ok=True)
    made = ("init", "--development", f"--store={store}")
    process.run(rally(*made, *workload.options))


def stored(store: Path) -> int:
    """How many rows the files of a store hold."""
    return sum(
        read_header(file.read_bytes()).rows for file in store.glob("data/**/*.avro")
    )


def _ingest(workload: Workload, inputs: str, *options: str) -> Run:
    with tempfile.TemporaryDirectory(prefix="rally-bench-") as out:
        begin(out, workload)
        where = (f"--input={inputs}", f"--store={out}")
        run = process.run(rally("ingest", *where, *workload.options, *options))
        _expect(stored(Path(out)), workload, inputs)
    return run


def _expect(written: int, workload: Workload, inputs: str) -> None:
    """A rate counts only if every ping went all the way."""
    expected = 1 if inputs == workload.one_ping else workload.count
    if written != expected:
        raise SystemExit(f"{inputs}: {expected} pings, and {written} were written")
