"""A terminal in a folder: runs what somebody types, and shows what they would see.

`rally` runs in this process; all else is a shell's. What is random or of this machine
is shown as a page shows it, and a page's placeholders are taken in commands.
"""

import io
import re
import shlex
import subprocess
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout

from pipelines import cli

_NAMES = "7f3c b21e 04d7 c90a 5e68 e1f2 38ab 9d45 62f0 a7d1"
SHORT = [f"{each}…" for each in _NAMES.split()]
"""What stands for ids and fingerprints, in the order in which a session has them."""

REVISIONS = ["5d3f0c81a2b7", "e07b49d6130c", "2c9a7715fe84"]
"""What stands for the schemas' digits in names of compacted files, likewise."""

_JOBS = ("ingest", "replay", "compact", "delete", "purge", "audit")
_CLOCKED = (*_JOBS, "withdrawals", "studies", "status")
_REGISTERED = (*_CLOCKED, "withdraw", "receipts", "doctor")
_ID = re.compile(r"\b(?:[0-9a-f]{32}){1,2}\b")
_REVISION = re.compile(r"(?<=compacted-)[0-9a-f]{12}(?=[.]avro)")
_LOCAL = (
    # Sizes depend on how well pseudonyms compress: of purge's table, of conclude's.
    (
        re.compile(
            r"^(\S+ +\S+ +[a-z][a-z ]* +\d+ +\S+) +[\d,]+ +(\d{4}-)", re.MULTILINE
        ),
        r"\1  …  \2",
    ),
    (re.compile(r"^(\S+\.\d +\d+ +\d+) +[\d,]+$", re.MULTILINE), r"\1  …"),
    (re.compile(r"\b\d+ +(?=primary|opens)"), "1234567890  "),
    (re.compile(r"process \d+ of [^,]+"), "process 4711 of a-machine"),
    (re.compile(r"alive until [\d:.T+-]+"), "alive until 2026-05-26T06:02:00+00:00"),
)


class Terminal:
    """Somebody at work.

    Attributes:
        as_of: the clock of the jobs; nobody types it.
    """

    def __init__(self, studies: str, as_of: str) -> None:
        self.as_of = as_of
        self._studies = studies
        self._status = 0
        self._ids: dict[str, str] = {}
        self._revisions: dict[str, str] = {}

    def run(self, command: str) -> list[str]:
        """What is shown after a command, line by line."""
        for known, short in (*self._ids.items(), *self._revisions.items()):
            command = command.replace(short, known)
        if command == "echo $?":
            return [str(self._status)]
        is_ours = command.startswith("rally ")
        shown = self._rally(command) if is_ours else self._shell(command)
        return self._plain(shown).splitlines()

    def _rally(self, command: str) -> str:
        argv, shown = shlex.split(command)[1:], io.StringIO()
        with redirect_stdout(shown), redirect_stderr(shown):
            self._status = cli.main([*argv, *self._untyped(argv)])
        return shown.getvalue()

    def _untyped(self, argv: Sequence[str]) -> list[str]:
        """Where this platform's registry is, and when it is."""
        added = []
        if argv[0] in _REGISTERED:
            added.append(f"--studies={self._studies}")
        if argv[0] in _CLOCKED and argv[:2] != ["studies", "check"]:
            added.append(f"--as_of={self.as_of}")
        if argv[0] == "delete":
            added.append("--rewrite_after_days=0")  # as the page says that it is
        return added

    def _shell(self, command: str) -> str:
        done = subprocess.run(
            ["sh", "-c", command], capture_output=True, text=True, check=False
        )
        self._status = done.returncode
        return done.stdout + done.stderr

    def _plain(self, shown: str) -> str:
        for pattern, fixed in _LOCAL:
            shown = pattern.sub(fixed, shown)
        return _REVISION.sub(self._revision, _ID.sub(self._short, shown))

    def _short(self, found: re.Match[str]) -> str:
        if found[0] not in self._ids:
            self._ids[found[0]] = SHORT[len(self._ids)]
        return self._ids[found[0]]

    def _revision(self, found: re.Match[str]) -> str:
        if found[0] not in self._revisions:
            self._revisions[found[0]] = REVISIONS[len(self._revisions)]
        return self._revisions[found[0]]
