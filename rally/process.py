"""Runs a command as a process: its streams, and how it ends."""

import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NoReturn

from rally.exit_status import NOT_AS_PROMISED, NOT_BEGUN, SIGNALLED
from rally.observability.crash import report_crash
from rally.printing import print_lines


class OutputFailed(Exception):
    """Standard output does not take what a command prints; the message is one line."""


def run_as_process(main: Callable[[], int]) -> NoReturn:
    """Runs a command as the whole of its process, which ends with its exit status.

    Args:
        main: command, which returns its exit status.
    """
    is_closed = sys.stdout is None
    _open_what_is_closed()
    if is_closed:
        end_process(say("standard output: is closed; name a file for it", NOT_BEGUN))
    if wrong := _not_text(sys.argv[1:]):
        end_process(say(wrong, NOT_BEGUN))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout = _Output(sys.stdout)
    threading.excepthook = lambda caught: _report(caught.exc_value)
    end_process(_status_of(main))


def end_process(status: int) -> NoReturn:
    """Ends the process.

    A job that a signal stopped may have been starting a worker: Beam's threads would
    wait for that one for ever, and the interpreter for them.
    """
    if status > SIGNALLED:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OutputFailed, OSError, ValueError, AttributeError):
                stream.flush()  # it may be closed, or none
        os._exit(status)
    sys.exit(status)


def say(message: str, status: int = NOT_AS_PROMISED) -> int:
    """Prints one line about a fault on standard error, if anybody listens.

    A name in it, of a file that somebody else made, may have line breaks, or characters
    that steer a terminal: these are escaped.

    Args:
        message: line without its end.
        status: exit status that the line is about.

    Returns:
        The status again.
    """
    with suppress(OSError):
        print_lines(f"rally: {message}", file=sys.stderr)
        sys.stderr.flush()
    return status


def _status_of(main: Callable[[], int]) -> int:
    try:
        try:
            return main()
        finally:  # after --help, too, which is a SystemExit
            sys.stdout.flush()
    except OutputFailed as error:
        return say(str(error), NOT_AS_PROMISED)
    except KeyboardInterrupt:
        return say("stopped", SIGNALLED + signal.SIGINT)
    except Exception as error:
        return report_crash(error)


def _report(error: BaseException | None) -> None:
    if error is not None:
        report_crash(error, "a thread")


def _open_what_is_closed() -> None:
    """Opens each standard stream that was closed, to nobody.

    Otherwise the next file that is opened has its number, and a library in C that
    writes to standard error by number writes into a store.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            with suppress(OSError):
                os.fstat(number)  # somebody has it already
                continue
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: SIM115 - for the whole process
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115


def _not_text(arguments: Sequence[str]) -> str | None:
    """Names an argument that is not text, as a file's name may be; None without."""
    for place, each in enumerate(arguments, 1):
        try:
            each.encode()
        except UnicodeEncodeError:
            option = each.partition("=")[0]
            is_option = option.isascii() and option.startswith("--")
            where = option if is_option else f"argument {place}"
            return f"{where}: is not text in UTF-8; rename what it names"
    return None


class _Output(io.TextIOWrapper):
    """Standard output, which says in one line why it takes no more."""

    def __init__(self, output: io.TextIOWrapper) -> None:
        form = {
            name: getattr(output, name)
            for name in ("encoding", "errors", "line_buffering", "write_through")
        }
        super().__init__(output.detach(), **form)

    def write(self, text: str, /) -> int:
        with self._told():
            return super().write(text)

    def flush(self) -> None:
        with self._told():
            super().flush()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except UnicodeEncodeError:
            raise OutputFailed(
                f"standard output: its encoding, {self.encoding}, lacks a character of"
                " what is printed; set PYTHONIOENCODING=utf-8"
            ) from None
        except OSError as error:
            # Else the interpreter tries, and complains, once more as it ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
            raise OutputFailed(
                f"standard output: cannot be written ({error.strerror})"
            ) from None
