"""How a signal stops a job: once, and in the same way whether Ctrl-C or SIGTERM."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Stop:
    """The handler of signals: the first one stops the job, and no later one its end.

    An engine that is stopped a second time, while it ends its workers, leaves them.

    Attributes:
        number: of the signal that stopped the job.
        is_over: nothing is left to stop.
    """

    def __init__(self) -> None:
        """Nothing was stopped yet."""
        self.number: int = signal.SIGINT
        self.is_over = False

    def __call__(self, number: int, _: object) -> None:
        """Raises KeyboardInterrupt, the first time."""
        if not self.is_over:
            self.is_over, self.number = True, number
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
