"""`rally demo`: all of it at work, on real pings, in a folder of its own."""

import argparse
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pipelines.beam_warnings  # noqa: F401 - before Beam, which speaks on import

# isort: split
from pipelines.demo import report, running, story
from pipelines.demo.jobs import Jobs, check_emulator
from pipelines.demo.people import People
from pipelines.demo.scene import deliver, deliver_real, lay_out, read_messages
from pipelines.lifecycle import Ended, exit_status
from rally.parser import Parser
from rally.process import run_as_process

_DAY = "2026-11-22"
AS_OF = f"{_DAY}T12:00:00Z"
"""The demo's clock: the day on which its real pings were sent."""

_FIRST_JOINED = datetime.fromisoformat(f"{_DAY}T03:00:00Z")

_WHERE = """\
What is stored is in store/data by study, document and day; who came and who left is in
platform/events. What failed is sealed in platform/dead-letters; what was refused is
nowhere.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """The command: returns the exit status."""
    return exit_status("demo", lambda: Ended(_demo(_parse(argv))))


def _demo(arguments: argparse.Namespace) -> int:
    out = arguments.out or Path(tempfile.mkdtemp(prefix="rally-demo-"))
    if arguments.streaming:
        check_emulator()
    jobs = Jobs(lay_out(out), arguments.streaming)
    people = People(str(jobs.scene.keys))
    if status := jobs.begin():
        return status
    _first_day(jobs, people)
    status = story.tell(jobs, people)
    print(f"Everything is in {out}\n")
    return running.leave_running(out / "running", datetime.now(UTC)) or status


def _first_day(jobs: Jobs, people: People) -> None:
    folder = deliver_real(jobs.scene, _DAY)
    deliver(jobs.scene, _DAY, people.join_and_read(_FIRST_JOINED))
    messages = sum(1 for _ in read_messages(folder))
    print(f"{messages:,} encrypted pings, most of them made up, are in {folder}")
    print("Ingesting them: open, check, pseudonymise, store by study …\n")
    start = time.monotonic()
    counts = jobs.ingest(folder, AS_OF)
    seconds = time.monotonic() - start
    print("\n".join(report.outcomes(counts)), end="\n\n")
    print(f"{messages:,} pings in {seconds:.1f} s, starting up included.")
    print(_WHERE)


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(
        prog="rally demo",
        description="Ingest real pings of real clients, and made-up ones, in studies of"
        " the demo's own, and show what became of them. Then people"
        " leave, and their rows are deleted; the study ends and is concluded, all of"
        " it goes, and an audit proves it. A second platform is left running, with"
        " commands to try on it.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="a new folder for everything (default: a temporary one)",
    )
    parser.add_argument(
        "--streaming",
        action="store_true",
        help="through the Pub/Sub emulator instead of files",
    )
    return parser.parse_args(argv)


if __name__ == "__main__":
    run_as_process(main)
