"""The day's jobs: which, in what order, with which options; the same for every form."""

import hashlib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rally.errors import ConfigurationError

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_CLOUD = "gs://"


class DailyJob(NamedTuple):
    """One job of the day, as it is typed: not pipelines.job.Job, which declares it.

    Attributes:
        name: of the command, `rally <name>`.
        options: of its own, as they are typed.
        writes_keys: whether it writes to the folders of keys.
    """

    name: str
    options: tuple[str, ...] = ()
    writes_keys: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """The command, without where everything is."""
        return self.name, *self.options


DAY = (
    DailyJob("delete"),
    DailyJob("replay", ("--reason=left",)),
    DailyJob("compact"),
    # Destroys those of concluded studies.
    DailyJob("purge", writes_keys=True),
    DailyJob("audit", ("--sample=0.1",)),
)
"""In this order, each after the one before has ended, however it ended.

docs/operations.md says why each has its place; a test holds it against this.
"""

SUNDAY = (*DAY[:-1], DailyJob("audit"))
"""The same with the whole audit, which may take too long for every day."""


class Places(NamedTuple):
    """Where everything is: absolute paths of this machine, or gs://.

    Attributes:
        store: of the rows; may hold `{study}`.
        keys: of those that open pings.
        platform: of events and records; None is `<store>/platform`.
        platform_keys: None is `<keys>/platform`.
        studies: the registry; None is what the package ships.
    """

    store: str
    keys: str
    platform: str | None = None
    platform_keys: str | None = None
    studies: str | None = None

    @property
    def options(self) -> list[str]:
        """As every job takes them."""
        named = self._asdict().items()
        return [f"--{name}={value}" for name, value in named if value is not None]

    @property
    def written(self) -> list[str]:
        """Folders of this machine that every job writes to."""
        return list(_folders(self.store, self.platform))

    @property
    def key_folders(self) -> list[str]:
        """Folders of this machine with keys."""
        return list(_folders(self.keys, self.platform_keys))

    @property
    def mark(self) -> str:
        """Eight digits that tell this store from another one on the same machine."""
        return hashlib.sha256(self.store.encode()).hexdigest()[:8]


class Schedule(NamedTuple):
    """When the day's jobs run, as whom, and whom their failures are told.

    Attributes:
        places: where everything is.
        at: hour and minute, in UTC.
        user: of this machine; None is whoever installs it.
        mail_to: an address, or None.
        rally: the words that start `rally`, the first an absolute path.
    """

    places: Places
    at: tuple[int, int]
    user: str | None
    mail_to: str | None
    rally: tuple[str, ...]


def read_place(option: str, value: str) -> str:
    """A place as a schedule can hold it: absolute, in one line of characters.

    Raises:
        ConfigurationError: it cannot.
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
    """Hour and minute of `HH:MM`. Raises ConfigurationError."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise ConfigurationError(f"--at {text}: is no time; write 00:30")
    return int(match[1]), int(match[2])


def this_rally() -> tuple[str, ...]:
    """The words that start the `rally` that runs now, from anywhere.

    The interpreter's path is left as it is: what it links to knows no packages.
    """
    script = Path(sys.executable).with_name("rally")
    if os.access(script, os.X_OK):
        return (str(script),)
    return sys.executable, "-m", "pipelines.cli"


def _folders(*places: str | None) -> Iterator[str]:
    """Those of this machine; of one with `{study}` what is above that."""
    for place in places:
        if place and not place.startswith(_CLOUD):
            fixed, brace, _ = place.partition("{")
            yield os.path.dirname(fixed) if brace else fixed
