"""Runs a command as a whole process and says what it took."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import NamedTuple

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


class Run(NamedTuple):
    """What one process took, with the children that it waited for.

    Attributes:
        seconds: from its start to its end, by the clock.
        cpu_seconds: of all its processes together.
        peak_bytes: resident set of the largest of its processes.
        output: what it printed.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    output: str


def run(arguments: Sequence[str], **environment: str) -> Run:
    """Runs `python <arguments>` to its end.

    Raises:
        SystemExit: it failed; what it wrote to its standard error is shown.
    """
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.perf_counter()
        child = subprocess.Popen(
            [sys.executable, *arguments],
            stdout=out,
            stderr=err,
            env=os.environ | environment,
        )
        _, status, used = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if child.returncode != 0:
            sys.exit(f"python {' '.join(arguments)}: failed\n{err.read()}")
        cpu_seconds = used.ru_utime + used.ru_stime
        return Run(seconds, cpu_seconds, used.ru_maxrss * _RSS_UNIT, out.read())
