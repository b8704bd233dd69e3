"""Measures the memory for a file in the process that distributes a job's files.

    python -m benchmarks.distribution [--files 20000 120000]

A step is run as delete, purge and audit run theirs, on worker processes that do nothing
with a file; once with few files, once with many. The launching process is the largest.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence

from apache_beam.options.pipeline_options import PipelineOptions

from benchmarks import process
from pipelines.job import Job
from pipelines.run_step import run_step
from pipelines.runners import pin_runner
from rally.deletion.plan import ListedFile
from rally.storage.objectstore.open_store import open_store

_JOB = Job("distribution", "", "", "", ())
_FOLDER = "data/study=rally-garden/document=visit.1/date=2026-05-20"
_WORKERS = ("--direct_running_mode=multi_processing", "--direct_num_workers=2")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--files", type=int, nargs=2, default=[20_000, 120_000])
    parser.add_argument("--distribute", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args(argv)
    if given.distribute is not None:
        _distribute(given.distribute)
    else:
        print(f"a file: {bytes_of_one(*given.files):,.0f} bytes")
    return 0


def bytes_of_one(few: int, many: int) -> float:
    """Of the launching process, for each file more."""
    least, most = (
        process.run(
            ["-m", "benchmarks.distribution", f"--distribute={each}"]
        ).peak_bytes
        for each in (few, many)
    )
    return (most - least) / (many - few)


def stored_file(number: int) -> ListedFile:
    """A compacted one, with a name and numbers as long as they are."""
    name = f"{_FOLDER}/bucket={number}-3f/compacted-0123456789ab.avro"
    return ListedFile("rally-garden", name, 10**8 + number, 177 * 10**13 + number)


def _distribute(files: int) -> None:
    options = PipelineOptions(_WORKERS)
    pin_runner(options)
    works = [stored_file(each) for each in range(files)]
    with tempfile.TemporaryDirectory(prefix="rally-bench-distribution-") as folder:
        platform = open_store(folder)
        found = run_step(_JOB, options, "Distribute", works, _make_worker, platform)
    if sum(found) != sum(len(each.name) for each in works):
        raise SystemExit("files were lost")


def _make_worker() -> Callable[[ListedFile], int]:
    return _length


def _length(file: ListedFile) -> int:
    return len(file.name)


if __name__ == "__main__":
    raise SystemExit(main())
