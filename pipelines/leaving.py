"""The last thing that a command does: it leaves its process."""

import os
import sys
from contextlib import suppress
from typing import NoReturn

SIGNALLED = 128
"""What a shell adds to the number of the signal that ended a command."""


def leave(status: int) -> NoReturn:
    """Ends the process.

    A job that a signal stopped may have been starting a worker: Beam's threads would
    wait for that one for ever, and the interpreter for them.
    """
    if status > SIGNALLED:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):  # closed, or none
                stream.flush()
        os._exit(status)
    sys.exit(status)
