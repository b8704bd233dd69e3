"""`rally demo`: all of it at work, on real pings, in a folder of its own."""

import argparse
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pipelines.lifecycle import Ended, exit_status
from rally.parser import Parser
from rally.process import run_as_process


def main(argv: Sequence[str] | None = None) -> int:
    """The command: returns the exit status."""
    return exit_status("demo", lambda: Ended(_demo(_parse(argv))))


def _demo(arguments: argparse.Namespace) -> int:
    import pipelines.beam_warnings  # noqa: F401 - before Beam, which speaks on import

    # isort: split
    from pipelines.demo import first_day, running, story
    from pipelines.demo.jobs import Jobs, check_emulator
    from pipelines.demo.people import People
    from pipelines.demo.scene import lay_out

    out = arguments.out or Path(tempfile.mkdtemp(prefix="rally-demo-"))
    if arguments.streaming:
        check_emulator()
    jobs = Jobs(lay_out(out), arguments.streaming)
    people = People(str(jobs.scene.keys))
    if status := jobs.begin():
        return status
    first_day.tell(jobs, people)
    status = story.tell(jobs, people)
    print(f"Everything is in {out}\n")
    return running.leave_running(out / "running", datetime.now(UTC)) or status


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(
        prog="rally demo",
        description="Ingest real pings of real clients, and made-up ones, in studies of"
        " the demo's own, and show what became of them. Then somebody takes a copy of"
        " what is held about her, people leave, and their rows are deleted; the study"
        " ends, releases a table and is concluded, all the rest of it goes, and an"
        " audit proves it. A second platform is left running, with commands to try on"
        " it.",
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
