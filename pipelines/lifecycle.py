"""How a job ends: done, stopped by a person, or by what is not as it must be."""

import logging
import math
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from pipelines.logs import logged, tell_crash
from rally.errors import ConfigurationError, CorruptFile, describe_os_error, faults_of
from rally.exit_status import CRASHED, NOT_AS_PROMISED, NOT_BEGUN, SIGNALLED
from rally.observability.crash import Crashed
from rally.observability.log_entries import LogEvent, LogFields, log
from rally.process import OutputFailed, say
from rally.storage.failures import FailureKind, kind_of_failure
from rally.storage.leases import LeaseHeld
from rally.storage.objectstore.interface import GenerationMismatch, ObjectHeld

if TYPE_CHECKING:
    import apache_beam as beam
    from apache_beam.runners.runner import PipelineResult

_ONCE_IN_SECONDS = 5.0


class Stop:
    """The handler of signals: one stops the job, and none of those right behind it.

    An engine that is stopped a second time, while it ends its workers, leaves them. But
    a signal may come where its error is lost, as in a finalizer of the interpreter: one
    that comes later is tried again.

    Attributes:
        number: number of the signal that stopped the job.
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


_NOISY = (
    "apache_beam.runners.portability.local_job_service",
    "apache_beam.runners.common",  # each error with its traceback, before it is raised
    "apache_beam.runners.worker.sdk_worker",
    "apache_beam.options.pipeline_options",  # an option that is the engine's own
)
_STOPPED = "stopped; run it again for what is not done"
_GOES_ON = "no longer watched; the job itself goes on until it is cancelled there"
_AGAIN = "when that is mended or over, run it again for what is not done"


class JobStopped(Exception):
    """A disk, a store or a file made a worker give up; the message is one line."""


class Unwatched(KeyboardInterrupt):
    """Nobody here watches a job any more that goes on elsewhere, or may; one line."""


class Ended(NamedTuple):
    """A job that came to its end.

    Attributes:
        status: see `rally.exit_status`.
        figures: further fields of its last log entry.
        event: subject of the entry; a job that goes on elsewhere has not ended.
        failures: pings that became dead letters, by reason; for `rally status`.
    """

    status: int
    figures: LogFields = LogFields()
    event: LogEvent = LogEvent.JOB_ENDED
    failures: Mapping[str, int] = MappingProxyType({})


def exit_status(name: str, job: Callable[[], Ended]) -> int:
    """Runs a job; what is configured wrong is one line and exit status 2.

    What stopped a job that ran is one line and status 1; Ctrl-C, which is how a person
    ends a stream, and SIGTERM, which is how a machine does, are one line and the status
    of a shell. What nobody foresaw is told without its words, and is status 70. However
    a job ends, its last log entry says so.

    Args:
        name: name of the job, for the log.
        job: runs it, and prints what people want to know.
    """
    for each in _NOISY:
        logging.getLogger(each).setLevel(logging.CRITICAL)
    logging.getLogger().addFilter(_is_not_the_engines)
    try:
        with logged(name), stoppable() as stop:
            return _told_end(name, lambda: _end_of(job, stop))
    except ConfigurationError as error:  # of the log itself
        return _say(str(error), NOT_BEGUN).status


def _told_end(name: str, job: Callable[[], Ended]) -> int:
    started, ended = time.monotonic(), Ended(CRASHED)
    try:
        ended = job()
    except SystemExit as leaving:  # after --help
        ended = Ended(_status_of(leaving))
        raise
    finally:
        seconds = round(time.monotonic() - started, 3)
        verb = "launched" if ended.event is LogEvent.JOB_LAUNCHED else "ended"
        message = f"{name} {verb} with status {ended.status}"
        level = logging.ERROR if ended.status else logging.INFO
        own = LogFields(status=ended.status, seconds=seconds)
        log(ended.event, message, {**ended.figures, **own}, level)
    return ended.status


def _status_of(leaving: SystemExit) -> int:
    """What the interpreter makes of it: words are printed, with status 1."""
    if isinstance(leaving.code, int):
        return leaving.code
    return 0 if leaving.code is None else 1


def _end_of(job: Callable[[], Ended], stop: Stop) -> Ended:
    try:
        try:
            ended = job()
            sys.stdout.flush()  # before the log says how the job ended
            return ended
        except Exception as error:
            if _was_interrupted(error):
                raise KeyboardInterrupt from None
            raise
        finally:
            stop.is_over = True
    except Unwatched as error:
        describe_error = _say(str(error), SIGNALLED + stop.number)
        return describe_error._replace(event=LogEvent.JOB_LAUNCHED)
    except KeyboardInterrupt as error:
        return _say(str(error) or _STOPPED, SIGNALLED + stop.number)
    except JobStopped as error:
        return _say(f"{error}; {_AGAIN}", NOT_AS_PROMISED)
    except OutputFailed as error:
        return _say(str(error), NOT_AS_PROMISED)
    except OSError as error:  # before there was a pipeline
        return _say(f"{describe_os_error(error)}; {_AGAIN}", NOT_AS_PROMISED)
    except ConfigurationError as error:
        for fault in faults_of(error):
            ended = _say(fault, NOT_BEGUN)
        return ended
    except Exception as error:
        tell_crash(error)
        return Ended(CRASHED)


def _was_interrupted(error: BaseException) -> bool:
    """Tells an error that came up while a signal was ending the job.

    A signal stops a job between any two of its steps: what is tidied up then may be
    half done, as a file that is closed and not yet marked so, whose second closing
    fails.
    """
    before = error.__context__
    while before is not None and not isinstance(before, KeyboardInterrupt):
        before = before.__context__
    return before is not None


def _is_not_the_engines(record: logging.LogRecord) -> bool:
    """Leaves out an error that an engine tells, which is raised as well."""
    return record.module != "portable_runner"


def finish(pipeline: "beam.Pipeline") -> "PipelineResult":
    """Runs a pipeline to its end, and logs how long it took.

    Raises:
        ConfigurationError: a worker found something that is not as it must be, or
            there is no engine.
        JobStopped: a worker could not read or write, or the engine cancelled the job.
        KeyboardInterrupt: a person stopped it.
        Unwatched: a person only stopped watching.
    """
    import grpc  # Beam has imported it, and whoever asks for help has not

    from pipelines.runners import is_local

    started = time.monotonic()
    try:
        result = pipeline.run()
        result.wait_until_finish()
    except KeyboardInterrupt:
        if not is_local(pipeline.options):
            raise Unwatched(_GOES_ON) from None
        raise
    except grpc.FutureTimeoutError:
        what = "--job_endpoint: no job server answers there"
        raise ConfigurationError(what) from None
    except Exception as error:
        raise describe_error(error) from None
    step = pipeline.transforms_stack[0].parts[-1].full_label
    seconds = round(time.monotonic() - started, 3)
    log(LogEvent.STEP_ENDED, f"{step} ended", LogFields(step=step, seconds=seconds))
    return result


@contextmanager
def running_alone(what: str, overtaken: str) -> Iterator[None]:
    """Around a job of which there is one at a time: what stops it is told.

    Args:
        what: such a job.
        overtaken: says that another one took its place.

    Raises:
        ConfigurationError, JobStopped, KeyboardInterrupt: in place of what was raised.
    """
    try:
        yield
    except LeaseHeld as error:
        raise JobStopped(f"another {what} is at work: {error}") from None
    except GenerationMismatch:
        raise JobStopped(overtaken) from None
    except (OSError, CorruptFile, ObjectHeld) as error:
        raise describe_error(error) from None


def describe_error(error: Exception) -> BaseException:
    """What to raise for an error of a runner or a launcher; itself if it is a bug."""
    origin = _origin(error)
    message = describe_os_error(origin) if isinstance(origin, OSError) else str(origin)
    return _ending(type(origin), message) or _told_by_a_process(str(error)) or error


def _ending(kind: type, message: str) -> BaseException | None:
    """How a job ends for an error of a kind; None for one that is a bug."""
    if issubclass(kind, KeyboardInterrupt):
        return KeyboardInterrupt()
    if issubclass(kind, ConfigurationError):
        return ConfigurationError(message)
    if issubclass(kind, Crashed):
        return Crashed(message)
    failure = kind_of_failure(kind)
    if failure in (None, FailureKind.GONE, FailureKind.CHANGED):
        return None  # who reads or writes an object expects these
    if failure is FailureKind.BUSY:
        return JobStopped(f"another run is in the way: {message}")
    if failure is FailureKind.HELD:
        return JobStopped(f"{message}: a hold or a retention policy forbids this")
    return JobStopped(message)


def _origin(error: BaseException) -> BaseException:
    """What a worker raised: Beam raises another that names the step as well."""
    while error.__context__ is not None and hasattr(error, "_tagged_with_step"):
        error = error.__context__
    return error


_CANCELLED = "org.apache.flink.runtime.client.JobCancellationException: "
_TRACEBACK = "Traceback (most recent call last):"
_LAST_LINE = re.compile(
    r"^(?:RuntimeError: )?(?:([\w.]+)\.)?(\w+)(?:: (.*?))?"
    r"(?: \[while running '[^']*'\])?$"
)


def _told_by_a_process(text: str) -> BaseException | None:
    """The same where a worker is a process: of its error only the text arrives."""
    if _CANCELLED in text:
        return JobStopped("the engine was told to cancel the job")
    match = _LAST_LINE.match(text.strip().rpartition("\n")[2])
    if match is None or _TRACEBACK not in text:
        return None
    module, name, message = match.groups()
    # The launcher has made the graph, so it has the worker's modules as well.
    kind = getattr(sys.modules.get(module or "builtins"), name, None)
    if not isinstance(kind, type):
        return None
    return _ending(kind, re.sub(r"^\[Errno [^\]]*\] ", "", message or name))


def _say(message: str, status: int) -> Ended:
    return Ended(say(message, status))


def status_of_error(error: BaseException) -> int:
    """The exit status of a job that an error ends; see `exit_status`."""
    if isinstance(error, KeyboardInterrupt):
        return SIGNALLED + signal.SIGINT
    if isinstance(error, ConfigurationError):
        return NOT_BEGUN
    if isinstance(error, JobStopped | OutputFailed | OSError):
        return NOT_AS_PROMISED
    return CRASHED
