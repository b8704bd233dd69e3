"""The last thing that a command does: it leaves its process."""

import os
import sys
from typing import NoReturn

_SIGNALLED = 128


def leave(status: int) -> NoReturn:
    """Ends the process.

    A job that a signal stopped may have been starting a worker: Beam's threads would
    wait for that one for ever, and the interpreter for them.
    """
    if status > _SIGNALLED:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)
