"""An export in a process of its own, which dies as it writes.

    python -m tests.rally.commands.stopped_export <function> before|after <words> …

It dies before or after a function of the writing is called, as by `kill -9`; the words
are those of `rally`.
"""

import os
import signal
import sys

from pipelines.cli import main
from rally.person_copy import handing_over


def stop(function, moment):
    """Has the process die at a call of a function."""
    original = getattr(handing_over, function)

    def call(*args):
        if moment == "after":
            original(*args)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(handing_over, function, call)


if __name__ == "__main__":
    stop(*sys.argv[1:3])
    raise SystemExit(main(sys.argv[3:]))
