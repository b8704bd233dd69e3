"""Runs a module that ends as soon as the process that started it does.

    python -m rally.exit_with_parent <module> <arguments>

Its standard input is a pipe that the parent alone holds open and never writes to: it
ends when the parent does, however that dies. So no job works on while the parent's
successor does the same work.
"""

import os
import runpy
import signal
import sys
import threading

from rally.observability.crash import report_crash


def main() -> None:
    """Runs the module that the command line names, as `python -m` does."""
    threading.Thread(target=_die_with_parent, daemon=True).start()
    del sys.argv[0]
    try:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    except Exception as error:  # as the module is read; it sees to its own
        sys.exit(report_crash(error))


def _die_with_parent() -> None:
    os.read(sys.stdin.fileno(), 1)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
