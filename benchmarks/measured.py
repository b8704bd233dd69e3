"""Runs one function in this process, and prints what it took as JSON.

    python -m benchmarks.measured MODULE:FUNCTION FOLDER PEOPLE

calls FUNCTION(Path(FOLDER), people) with the lines of the file PEOPLE. What the module
names in NEEDS[FUNCTION] is imported before the clock starts: a start-up is not what is
measured. Bytes are those of read and write calls, cached or not. Linux only.
"""

import gc
import importlib
import json
import os
import re
import sys
import time
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import NamedTuple

from benchmarks import process
from benchmarks.process import Run

_KIBI = 1024


class Taken(NamedTuple):
    """What one call took.

    Attributes:
        seconds: by the clock.
        cpu_seconds: of this process and of those that it waited for.
        read: in bytes.
        written: in bytes.
        idle_bytes: resident set before the call.
        peak_bytes: resident set at its largest, here or in a child.
        result: what the function returned.
        whole_seconds: of the process, with its start-up.
    """

    seconds: float
    cpu_seconds: float
    read: int
    written: int
    idle_bytes: int
    peak_bytes: int
    result: object
    whole_seconds: float = 0.0


def measure(function: str, folder: Path, people: Path) -> Taken | str:
    """Runs a function in a child; where it cannot be run here, says why.

    Where its module has a function of the same name after `prepare_`, that runs before
    with the same arguments, in a child that is not measured.
    """
    module, name = function.split(":")
    if hasattr(importlib.import_module(module), f"prepare_{name}"):
        _run(f"{module}:prepare_{name}", folder, people)
        os.sync()
    run = _run(function, folder, people)
    said = json.loads(run.output.splitlines()[-1])
    if isinstance(said, str):
        return said
    return Taken(**said)._replace(whole_seconds=run.seconds)


def _run(function: str, folder: Path, people: Path) -> Run:
    arguments = ("benchmarks.measured", function, str(folder), str(people))
    return process.run(["-m", *arguments])


def main(function: str, folder: str, people: str) -> None:
    """Is the child's side of `measure`."""
    module_name, name = function.split(":")
    module = importlib.import_module(module_name)
    leaving = Path(people).read_text().split()
    try:
        for needed in getattr(module, "NEEDS", {}).get(name, ()):
            importlib.import_module(needed)
        said = _call(getattr(module, name), Path(folder), leaving)._asdict()
        said.pop("whole_seconds")
    except ImportError as error:
        said = f"needs {error.name}"
    except NotImplementedError as error:
        if error.args:  # a library's, which says what it cannot
            raise
        said = "not there yet"
    print(json.dumps(said))


def _call(function, folder: Path, people: list[str]) -> Taken:
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins here
    idle, (read, written), cpu = _memory("VmRSS"), _bytes(), _cpu()
    start = time.perf_counter()
    result = function(folder, people)
    seconds, cpu = time.perf_counter() - start, _cpu() - cpu
    read_since, written_since = _bytes()
    children = getrusage(RUSAGE_CHILDREN).ru_maxrss * _KIBI
    peak = max(_memory("VmHWM"), children)
    read, written = read_since - read, written_since - written
    return Taken(seconds, cpu, read, written, idle, peak, result)


def _cpu() -> float:
    used = [getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _bytes() -> tuple[int, int]:
    """Read and written so far; the reading of these very numbers is a few more."""
    with open("/proc/self/io") as lines:
        said = dict(line.split(": ") for line in lines)
    return int(said["rchar"]), int(said["wchar"])


def _memory(name: str) -> int:
    status = Path("/proc/self/status").read_text()
    (kibibytes,) = re.findall(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE)
    return int(kibibytes) * _KIBI


if __name__ == "__main__":
    main(*sys.argv[1:])
