"""Runs `rally schedule`: prints a crontab for the day's jobs, without a cloud."""

import argparse
import os
import re
from pathlib import Path

from rally.commands.command import Command
from rally.errors import ConfigurationError
from rally.options import PLACES, Option
from rally.printing import print_lines, print_text
from rally.scheduling.crontab import to_crontab
from rally.scheduling.day import (
    Places,
    Schedule,
    check_line,
    read_at,
    read_place,
    this_rally,
)

_PLACES = Places._fields
_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
_NAME = re.compile(r"[A-Za-z0-9_][\w.+-]*", re.ASCII)
_ADDRESS = re.compile(rf"{_NAME.pattern}(@[\w.-]+)?", re.ASCII)
_OWN = (
    Option(
        name="studies",
        group=PLACES,
        metavar="DIR",
        help="folder of the registry; the one that comes with rally",
    ),
    Option(
        name="at",
        metavar="HH:MM",
        default="00:30",
        help="when the first job starts, in UTC, soon after midnight; %(default)s by"
        " default",
    ),
    Option(
        name="user",
        metavar="NAME",
        help="whom the jobs run as; a crontab with one is for /etc/cron.d",
    ),
    Option(name="mail_to", metavar="ADDRESS", help="who hears of jobs that fail"),
    Option(name="out", metavar="DIR", help="write rally.crontab there; print its name"),
)


def print_schedule(args: argparse.Namespace) -> int:
    """Prints a crontab that runs the day's jobs; installs nothing."""
    crontab = to_crontab(_read(args))
    if args.out is None:
        print_text(crontab)
    else:
        print_lines(str(_write(Path(args.out), "rally.crontab", crontab)))
    return 0


def _read(args: argparse.Namespace) -> Schedule:
    for option in ("store", "keys"):
        if not getattr(args, option):
            raise ConfigurationError(f"--{option}: is missing; the day's jobs need it")
    given = {name: getattr(args, name) for name in _PLACES}
    places = {
        name: value and read_place(f"--{name}", value) for name, value in given.items()
    }
    if "{" in places["store"] and not places["platform"]:
        raise ConfigurationError("--platform: is missing; the store has {study} in it")
    rally = this_rally()
    for word in rally:
        check_line("the path of rally", word)
    return Schedule(
        Places(**places),
        read_at(args.at),
        _matching("--user", args.user, _NAME),
        _matching("--mail_to", args.mail_to, _ADDRESS),
        rally,
    )


def _matching(option: str, value: str | None, form: re.Pattern[str]) -> str | None:
    if value is not None and not form.fullmatch(value):
        raise ConfigurationError(f"{option}: must be a plain name or address")
    return value


def _write(folder: Path, name: str, text: str) -> Path:
    try:
        folder.mkdir(0o750, parents=True, exist_ok=True)
        opened = os.open(folder / name, _NEW, 0o640)
        with os.fdopen(opened, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ConfigurationError(
            f"--out: cannot be written to ({error.strerror})"
        ) from None
    return folder / name


_NAMES = tuple(each.name for each in _OWN if each.name not in _PLACES)
COMMAND = Command(
    name="schedule",
    handler=print_schedule,
    options=" ".join(f"--{name}" for name in (*_PLACES, *_NAMES)),
    own=_OWN,
    example="--store=/srv/rally/store --keys=/srv/rally/keys --user=rally",
)
