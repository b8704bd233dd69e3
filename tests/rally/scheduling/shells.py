"""Reads a crontab as cron does, and runs what cron would."""

import os
import re
import subprocess
import sys


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
