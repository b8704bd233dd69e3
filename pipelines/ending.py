"""How a job ends: done, stopped by a person, or by what is not as it must be."""

import logging
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import apache_beam as beam
import grpc
from apache_beam.runners.runner import PipelineResult

from pipelines.options import is_local
from rally.errors import ConfigurationError
from rally.storing.corruption import CorruptFile
from rally.storing.leases import LeaseHeld
from rally.storing.objects import GenerationMismatch, ObjectHeld

_NOISY = (
    "apache_beam.runners.portability.local_job_service",
    "apache_beam.runners.common",  # each error with its traceback, before it is raised
    "apache_beam.runners.worker.sdk_worker",
    "apache_beam.options.pipeline_options",  # an option that is the engine's own
)
_INTERRUPTED = 128 + signal.SIGINT
_STOPPED = "stopped; run it again for what is not done"
_GOES_ON = "no longer watched; the job itself goes on until it is cancelled there"
_AGAIN = "when that is mended or over, run it again for what is not done"


class JobStopped(Exception):
    """A disk, a store or a file made a worker give up; the message is one line."""


def exit_status(job: Callable[[], int]) -> int:
    """Runs a job; what is configured wrong is one line and exit status 2.

    What stopped a job that ran is one line and status 1; Ctrl-C, which is how a person
    ends a stream, is one line and the status of a shell.
    """
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    logging.getLogger().addFilter(_is_not_the_engines)
    try:
        return job()
    except KeyboardInterrupt as stop:
        return _end(str(stop) or _STOPPED, _INTERRUPTED)
    except JobStopped as error:
        return _end(f"{error}; {_AGAIN}", 1)
    except ConfigurationError as error:
        return _end(str(error), 2)


def _is_not_the_engines(record: logging.LogRecord) -> bool:
    """Leaves out an error that an engine tells, which is raised as well."""
    return record.module != "portable_runner"


def finish(pipeline: beam.Pipeline) -> PipelineResult:
    """Runs a pipeline to its end.

    Raises:
        ConfigurationError: a worker found something that is not as it must be, or
            there is no engine.
        JobStopped: a worker could not read or write, or the engine cancelled the job.
        KeyboardInterrupt: a person stopped it, or only stopped watching.
    """
    try:
        result = pipeline.run()
        result.wait_until_finish()
    except KeyboardInterrupt as stop:
        if not is_local(pipeline.options):
            stop.args = (_GOES_ON,)
        raise
    except grpc.FutureTimeoutError:
        what = "--job_endpoint: no job server answers there"
        raise ConfigurationError(what) from None
    except Exception as error:
        raise told(error) from None
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
        raise told(error) from None


def told(error: Exception) -> BaseException:
    """What to raise for an error of a runner or a launcher; itself if it is a bug."""
    origin = _origin(error)
    message = _reason(origin) if isinstance(origin, OSError) else str(origin)
    return _ending(type(origin), message) or _told_by_a_process(str(error)) or error


def _ending(kind: type, message: str) -> BaseException | None:
    """How a job ends for an error of a kind; None for one that is a bug."""
    if issubclass(kind, KeyboardInterrupt):
        return KeyboardInterrupt()
    if issubclass(kind, ConfigurationError):
        return ConfigurationError(message)
    if issubclass(kind, LeaseHeld):
        return JobStopped(f"another run is in the way: {message}")
    if issubclass(kind, ObjectHeld):
        return JobStopped(f"{message}: a hold or a retention policy forbids this")
    if issubclass(kind, CorruptFile | OSError):
        return JobStopped(message)
    return None


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


def _reason(error: OSError) -> str:
    parts = (error.filename, error.strerror or str(error) or type(error).__name__)
    return ": ".join(" ".join(str(part).splitlines()) for part in parts if part)


def _end(message: str, status: int) -> int:
    print(f"rally: {message}", file=sys.stderr)
    return status
