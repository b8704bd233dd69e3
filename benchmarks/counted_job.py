"""Runs one command of `rally` in this process, and counts what it asks of its stores.

    python -m benchmarks.counted_job FILE WORDS…

writes the counts of benchmarks/counted.py to FILE, as JSON; what the command prints
and how it ends are its own.
"""

import json
import sys
from pathlib import Path

from benchmarks.counted import counting
from pipelines import cli


def main(argv: list[str]) -> int:
    into, *words = argv
    with counting() as counts:
        status = cli.main(words)
    Path(into).write_text(json.dumps(counts))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
