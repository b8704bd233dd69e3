"""Reads schedules as cron and systemd do, and runs what a cron would."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator

_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')


def cron_commands(crontab: str, fields: int = 5) -> list[str]:
    """The command of each line, as cron gives it to the shell."""
    lines = [line for line in crontab.splitlines() if line[0].isdigit()]
    commands = [line.split(" ", fields)[fields] for line in lines]
    for command in commands:
        assert not re.search(r"(?<!\\)%", command)  # there the command would end
    return [command.replace(r"\%", "%") for command in commands]


def run_as_cron(command: str, home: str) -> tuple[int, str]:
    """Status and output, with the little that cron sets."""
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=home,
        env={"HOME": home, "PATH": "/usr/bin:/bin", "PYTHONPATH": os.getcwd()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def read_unit(text: str) -> dict[str, list[str]]:
    """The settings of a unit by their names, in whatever section."""
    settings: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals:
            settings.setdefault(name, []).append(value)
    return settings


def words(value: str, doubled: str) -> Iterator[str]:
    """The words of a setting, by systemd.syntax(7); `doubled` are made single."""
    for quoted, plain in _WORD.findall(value):
        word = re.sub(r"\\(.)", r"\1", quoted) if quoted else plain
        for each in doubled:
            assert not word.replace(2 * each, "").count(each)
            word = word.replace(2 * each, each)
        yield word


def fake_rally(folder: str) -> tuple[str, ...]:
    """A `rally` that writes down its arguments, and ends as the file of its job says.

    It prints a line on each of its outputs.
    """
    script = f"""\
import json, pathlib, sys
here = pathlib.Path({folder!r})
with open(here / "calls", "a") as calls:
    print(json.dumps(sys.argv[1:]), file=calls)
print("out", flush=True)
print("err", file=sys.stderr)
status = here / sys.argv[1]
sys.exit(int(status.read_text()) if status.exists() else 0)
"""
    path = os.path.join(folder, "fake rally.py")
    with open(path, "w") as file:
        file.write(script)
    return sys.executable, path
