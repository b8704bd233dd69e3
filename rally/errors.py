"""Names the few errors that the platform raises on purpose; anything else is a bug.

No message here carries clear text, a key or an id.
"""

import errno
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from rally.outcomes import FailureReason, Mismatch


class ConfigurationError(Exception):
    """An option, a file or a folder is not as it must be; the message says what to do.

    The message is one line. Command lines print it and exit with status 2.
    """

    def __str__(self) -> str:
        """Gives the message in one line; somebody's input may have had line breaks."""
        return " ".join(super().__str__().splitlines())


class ManyFaults(ConfigurationError):
    """Several things are not as they must be; each fault has a line of its own.

    Attributes:
        faults: one line for each fault.
    """

    def __init__(self, faults: Iterable[str]) -> None:
        """Takes at least one fault."""
        self.faults = tuple(faults)
        super().__init__(*self.faults)

    def __str__(self) -> str:
        """Gives the first fault, and the number of the others."""
        return in_one_line(self.faults)

    def __reduce__(self) -> tuple[type["ManyFaults"], tuple[tuple[str, ...]]]:
        """Pickles the error, as a worker's is."""
        return type(self), (self.faults,)


class Faults:
    """Collects faults of several checks, so that all of them are told at once.

    Attributes:
        lines: Faults, one line each.
    """

    def __init__(self) -> None:
        """Begins with none."""
        self.lines: list[str] = []

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Runs a check, and notes a ConfigurationError of it in place of raising it."""
        try:
            yield
        except ConfigurationError as error:
            self.lines += faults_of(error)

    def check(self) -> None:
        """Raises ManyFaults where there is a fault; each is told once."""
        if self.lines:
            raise ManyFaults(dict.fromkeys(self.lines))


def in_one_line(faults: Sequence[str]) -> str:
    """Gives the first of some faults, and the number of the others."""
    more = len(faults) - 1
    return faults[0] + (f" (and {more:,} more)" if more else "")


def faults_of(error: ConfigurationError) -> tuple[str, ...]:
    """Gives all faults of an error, one line each."""
    return error.faults if isinstance(error, ManyFaults) else (str(error),)


def cause_of(error: OSError) -> str:
    """Gives the system's words for the fault, or the error's name; never a payload."""
    return error.strerror or type(error).__name__


def describe_os_error(error: OSError) -> str:
    """Describes in one line which file the system cannot use, and why."""
    parts = (error.filename, error.strerror or str(error) or type(error).__name__)
    return ": ".join(" ".join(str(part).splitlines()) for part in parts if part)


def unusable(
    where: str, error: OSError, what: str
) -> ConfigurationError | ConnectionError:
    """Makes the error that a job raises of a place that it cannot begin without.

    It is a ConnectionError where a service is unavailable: nobody has to mend anything
    here, and the same command may work later. Command lines end with status 1 then, so
    that a supervisor of a stream starts it again.

    Args:
        where: name of the place; a link in the way is named in its stead.
        error: error of the attempt.
        what: fault and remedy, where somebody has to mend something.
    """
    if error.errno == errno.ELOOP and error.filename:
        where = error.filename
    if isinstance(error, ConnectionError):
        return ConnectionError(None, f"{where}: cannot be reached ({cause_of(error)})")
    return ConfigurationError(f"{where}: {what}")


def unwritable(where: str, error: OSError) -> ConfigurationError | ConnectionError:
    """Makes the error for a place that a job could not write into; see `unusable`."""
    remedy = _REMEDIES.get(
        error.errno, "check that it exists and that this account may write there"
    )
    return unusable(where, error, f"cannot be written ({cause_of(error)}); {remedy}")


_REMEDIES: dict[int | None, str] = {
    errno.ENOSPC: "make room there",
    errno.EDQUOT: "make room there",
    errno.EROFS: "mount it for writing",
}


class PingFailed(Exception):
    """A ping could not be processed; it becomes a dead letter.

    Attributes:
        reason: reason of the closed set.
        where: place of the schema that the payload does not fit, where that is the
            reason. Nobody learns more than these two of the failure.
    """

    def __init__(self, reason: FailureReason, where: Mismatch | None = None) -> None:
        """Keeps the reason and the schema's place, and nothing of the ping."""
        super().__init__(reason.value)
        self.reason = reason
        self.where = where


class CorruptFile(Exception):
    """The bytes are not a whole container file of ours; the message says where."""


class UnknownCodec(CorruptFile):
    """The file's codec is none that is served."""
