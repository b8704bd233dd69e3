"""Measures the day's jobs on a platform of many people, as on Cloud Storage.

    python -m benchmarks.platform [--people 1000000] [--studies 30] [--days 400]
                                  [--rows 20000000] [--work FOLDER] [--json FILE]

A platform is made (benchmarks/simulated_platform.py), and the day's jobs run on it
once, so that they know what is there. Then a day passes: every study gets new rows, as
ingest writes them, and a thousand people leave; and the jobs run again, each in a
process of its own. That day is what is printed. `HOURS` are what the job takes with
eight cores: requests that the launcher makes one by one, and an eighth of those of
distributed work, at 30 ms each, and an eighth of the processor's time. Delete rewrites
the files of everybody who left that day, which on other platforms wait for days.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from benchmarks import process
from benchmarks.counted import LAUNCHER, A, B
from benchmarks.simulated_platform import (
    DOCUMENT,
    VERSION,
    RowMaker,
    Simulated,
    Size,
    day_name,
    event,
    members,
    midnight,
    namespace,
    person,
)
from rally.events import RALLY, EventKind, write_events
from rally.registry.rows import row_schema
from rally.storage.layout import Partition
from rally.storage.writer import RowWriter, Table

JOBS = (
    ("delete", "--rewrite_after_days=0"),
    ("compact",),
    ("purge",),
    ("audit", "--sample=0.1"),
)
SECONDS_A_REQUEST = 0.03
CORES = 8

_FILES_OF_A_DAY = 2
_MORNING = timedelta(hours=6)


class Measured(NamedTuple):
    """What one job of a day took.

    Attributes:
        cpu_seconds: Of all its processes.
        peak_bytes: Resident set of the largest of its processes.
        a: Requests of class A.
        b: Requests of class B.
        launcher: Those of both that follow each other.
    """

    cpu_seconds: float
    peak_bytes: int
    a: int
    b: int
    launcher: int

    @property
    def hours(self) -> float:
        """Hours with CORES cores and requests that take SECONDS_A_REQUEST."""
        shared = self.a + self.b - self.launcher
        waiting = (self.launcher + shared / CORES) * SECONDS_A_REQUEST
        return (waiting + self.cpu_seconds / CORES) / 3600


def main(argv: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    size = Size(options.people, options.studies, options.days, options.rows)
    with tempfile.TemporaryDirectory(prefix="rally-bench-") as scratch:
        work = options.work or Path(scratch)
        simulated = Simulated(work / "-".join(map(str, size)), size)
        if not simulated.folder.exists():
            numbers = map(str, size)
            made = ("-m", "benchmarks.simulated_platform", str(simulated.folder))
            process.run([*made, *numbers])
        measured = measure(simulated, options.leavers)
    print("\n".join(_lines(measured)))
    if options.json:
        found = {job: each._asdict() for job, each in measured.items()}
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    return 0


def measure(simulated: Simulated, leavers: int) -> dict[str, Measured]:
    """What each job of a day takes, after the jobs of the day before have run."""
    last = simulated.size.days - 1
    for job in JOBS:
        _run(simulated, last, *job)
    pass_day(simulated, last + 1, leavers)
    return {job[0]: _run(simulated, last + 1, *job) for job in JOBS}


def pass_day(simulated: Simulated, day: int, leavers: int) -> None:
    """Stores a day's rows, and the events of those who leave a study on it."""
    size, stores = simulated.size, simulated.stores
    for study in range(size.studies):
        _ingest(simulated, study, day)
    for each in range(leavers):
        left = event(EventKind.LEFT, RALLY, each * size.people // leavers, day)
        write_events(stores.platform, [left], VERSION)


def _ingest(simulated: Simulated, study: int, day: int) -> None:
    """Stores a study's rows of a day, of anybody who joined it."""
    size, name = simulated.size, namespace(study)
    document = simulated.registry.studies[name].documents[DOCUMENT]
    table = Table(row_schema(document.schema), document.schema.fingerprint)
    writer = RowWriter(simulated.stores, lambda *_: table, VERSION, lambda: 1)
    of_study = simulated.pseudonyms.of_study
    people = [of_study(name, person(each)) for each in members(size, study)]
    maker = RowMaker(f"{name} {day}", document)
    for _ in range(_FILES_OF_A_DAY):
        for row in maker.make_rows(people, size.rows_of_day // _FILES_OF_A_DAY, day):
            writer.add(Partition(name, DOCUMENT, day_name(day)), table.fingerprint, row)
        writer.flush()


def _run(simulated: Simulated, day: int, *words: str) -> Measured:
    """Runs a job on the morning after a day, whatever it finds."""
    as_of = datetime.fromtimestamp(midnight(day + 1) / 1e6, UTC) + _MORNING
    with tempfile.NamedTemporaryFile(suffix=".json") as counted:
        run = process.run(
            [
                *("-m", "benchmarks.counted_job", counted.name, *words),
                *(*simulated.options, f"--as_of={as_of.isoformat()}"),
            ]
        )
        counts = json.load(counted)
    asked = (counts.get(each, 0) for each in (A, B, LAUNCHER))
    print(f"{day_name(day)} {words[0]}: {run.seconds:.0f} s", file=sys.stderr)
    return Measured(run.cpu_seconds, run.peak_bytes, *asked)


def _lines(measured: dict[str, Measured]) -> Iterator[str]:
    yield "JOB      CPU SECONDS  PEAK MiB   CLASS A   CLASS B  ONE BY ONE  HOURS"
    for job, it in measured.items():
        yield (
            f"{job:8} {it.cpu_seconds:11,.0f} {it.peak_bytes / 2**20:9,.0f}"
            f" {it.a:9,} {it.b:9,} {it.launcher:11,} {it.hours:6.3f}"
        )
    yield f"together {sum(it.hours for it in measured.values()):58.3f}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.platform",
        description="Measure the day's jobs on a platform of many people.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--people", type=int, default=1_000_000, help="who joined (default: 1000000)")
    add("--studies", type=int, default=30, help="of the platform (default: 30)")
    add("--days", type=int, default=400, help="with rows (default: 400)")
    add("--rows", type=int, default=20_000_000, help="of all (default: 20000000)")
    add("--leavers", type=int, default=1_000, help="of the day (default: 1000)")
    add("--work", type=Path, help="keep the platform here; it is used up by a run")
    add("--json", type=Path, help="write all figures to this file too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
