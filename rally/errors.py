"""The few errors that the platform raises on purpose; anything else is a bug.

No message here carries clear text, a key or an id.
"""

import errno
from collections.abc import Iterable, Sequence

from rally.outcomes import FailureReason


class ConfigurationError(Exception):
    """An option, a file or a folder is not as it must be; the message says what to do.

    The message is one line. Command lines print it and exit with status 2.
    """

    def __str__(self) -> str:
        """The message; what somebody typed may have had line breaks."""
        return " ".join(super().__str__().splitlines())


class ManyFaults(ConfigurationError):
    """Several things are not as they must be, each told in a line of its own.

    Attributes:
        faults: one line each.
    """

    def __init__(self, faults: Iterable[str]) -> None:
        """Takes at least one."""
        self.faults = tuple(faults)
        super().__init__(*self.faults)

    def __str__(self) -> str:
        """The first, and how many more there are."""
        return in_one_line(self.faults)

    def __reduce__(self) -> tuple[type["ManyFaults"], tuple[tuple[str, ...]]]:
        """A worker's is pickled."""
        return type(self), (self.faults,)


def in_one_line(faults: Sequence[str]) -> str:
    """The first of some faults, and how many more there are."""
    more = len(faults) - 1
    return faults[0] + (f" (and {more:,} more)" if more else "")


def faults_of(error: ConfigurationError) -> tuple[str, ...]:
    """All that it tells, one line each."""
    return error.faults if isinstance(error, ManyFaults) else (str(error),)


def cause_of(error: OSError) -> str:
    """What the system says is wrong, or else the error's name; never a payload."""
    return error.strerror or type(error).__name__


def describe_os_error(error: OSError) -> str:
    """What the system says is wrong with which file, in one line."""
    parts = (error.filename, error.strerror or str(error) or type(error).__name__)
    return ": ".join(" ".join(str(part).splitlines()) for part in parts if part)


def unusable(
    where: str, error: OSError, what: str
) -> ConfigurationError | ConnectionError:
    """What a job raises of a place that it cannot begin without.

    A ConnectionError where a service is away: nobody has to mend anything here, and
    the same command may do later. Command lines end with status 1 then, so that what
    watches over a stream starts it again.

    Args:
        where: the place, for the message; of a link in the way, that is named.
        error: of the attempt.
        what: says what somebody has to mend, where that is so.
    """
    if error.errno == errno.ELOOP and error.filename:
        where = error.filename
    if isinstance(error, ConnectionError):
        return ConnectionError(None, f"{where}: cannot be reached ({cause_of(error)})")
    return ConfigurationError(f"{where}: {what}")


def unwritable(where: str, error: OSError) -> ConfigurationError | ConnectionError:
    """What a job raises of a place into which it could not write; see `unusable`."""
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
        reason: one of the closed set. It is all that is ever told of the failure.
    """

    def __init__(self, reason: FailureReason) -> None:
        """Keeps the reason, and nothing of the ping."""
        super().__init__(reason.value)
        self.reason = reason


class CorruptFile(Exception):
    """The bytes are not a whole container file of ours; the message says where."""
