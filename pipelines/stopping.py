"""How a signal stops a job: once, and in the same way whether Ctrl-C or SIGTERM."""

import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_ONCE_IN_SECONDS = 5.0


class Stop:
    """The handler of signals: one stops the job, and none of those right behind it.

    An engine that is stopped a second time, while it ends its workers, leaves them. But
    a signal may come where its error is lost, as in a finalizer of the interpreter: one
    that comes later is tried again.

    Attributes:
        number: of the signal that stopped the job.
        is_over: nothing is left to stop.
    """

    def __init__(self) -> None:
        """Nothing was stopped yet."""
        self.number: int = signal.SIGINT
        self.is_over = False
        self._stopped_at = -math.inf

    def __call__(self, number: int, _: object) -> None:
        """Raises KeyboardInterrupt."""
        now = time.monotonic()
        if not self.is_over and now - self._stopped_at > _ONCE_IN_SECONDS:
            self._stopped_at, self.number = now, number
            raise KeyboardInterrupt


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Makes SIGTERM end a job as Ctrl-C does, and either of them once."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # only a main thread has handlers
        return
    # Who starts a job in the background may have Ctrl-C ignored: it stays so.
    numbers = [signal.SIGTERM]
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        numbers.append(signal.SIGINT)
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
