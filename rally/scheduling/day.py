"""Names the day's jobs, their order, and the options with which they are started."""

import hashlib
import os
import re
import sys
from pathlib import Path
from typing import NamedTuple

from rally.errors import ConfigurationError

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_CLOUD = "gs://"


class DailyJob(NamedTuple):
    """One job of the day, as a person types it; pipelines.job.Job declares the job.

    Attributes:
        name: Name of the command, `rally <name>`.
        options: Options of the job, but for its places.
    """

    name: str
    options: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """Words of the command, but for its places."""
        return self.name, *self.options


DAY = (
    DailyJob("delete"),
    DailyJob("replay", ("--reason=left",)),
    DailyJob("compact"),
    DailyJob("purge"),
    DailyJob("audit", ("--sample=0.1",)),
)
"""Jobs of a weekday. Each starts after the one before has ended, however it ended.

docs/operations.md says why each has its place; a test holds it against this.
"""

SUNDAY = (*DAY[:-1], DailyJob("audit"))
"""Jobs of a Sunday: its audit reads every file, which may be too much for each day."""


class Places(NamedTuple):
    """Places of everything: absolute paths of this machine, or gs://.

    Attributes:
        store: Store of the rows; may hold `{study}`.
        keys: Folder of the keys that open pings.
        platform: Store of events and records; None is `<store>/platform`.
        platform_keys: Folder of the platform's keys; None is `<keys>/platform`.
        studies: Folder of the registry; None is the registry that the package ships.
    """

    store: str
    keys: str
    platform: str | None = None
    platform_keys: str | None = None
    studies: str | None = None

    @property
    def options(self) -> list[str]:
        """Options that name the places, as every job takes them."""
        named = self._asdict().items()
        return [f"--{name}={value}" for name, value in named if value is not None]

    @property
    def mark(self) -> str:
        """Eight digits that tell this store from another one on the same machine."""
        return hashlib.sha256(self.store.encode()).hexdigest()[:8]


class Schedule(NamedTuple):
    """Schedule of the day's jobs: times, user, and who hears of failures.

    Attributes:
        places: Places of the jobs.
        at: Hour and minute of the first job, in UTC.
        user: User of this machine; None is whoever installs the schedule.
        mail_to: Address, or None.
        rally: Words that start `rally`, the first an absolute path.
    """

    places: Places
    at: tuple[int, int]
    user: str | None
    mail_to: str | None
    rally: tuple[str, ...]


def read_place(option: str, value: str) -> str:
    """Returns a place as a schedule can hold it: absolute, in one line of characters.

    Raises:
        ConfigurationError: The value is no such place.
    """
    check_line(option, value)
    if value.startswith(_CLOUD):
        return value
    if "://" in value:
        raise ConfigurationError(f"{option}: must be a folder or {_CLOUD}")
    return os.path.abspath(value)


def check_line(option: str, value: str) -> None:
    """Raises ConfigurationError where a value is empty or no one line of characters."""
    if not value or not value.isprintable():
        raise ConfigurationError(
            f"{option}: is empty, or has a character that is not printed; a schedule"
            " cannot hold it"
        )


def read_at(text: str) -> tuple[int, int]:
    """Returns hour and minute of `HH:MM`. Raises ConfigurationError."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise ConfigurationError(f"--at {text}: is no time; write 00:30")
    return int(match[1]), int(match[2])


def this_rally() -> tuple[str, ...]:
    """Returns the words that start, from anywhere, the `rally` that runs now.

    The interpreter's path is left as it is: what it links to knows no packages.
    """
    script = Path(sys.executable).with_name("rally")
    if os.access(script, os.X_OK):
        return (str(script),)
    return sys.executable, "-m", "pipelines.cli"
