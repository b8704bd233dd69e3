"""Counts what the day's jobs ask of a store: requests by class, names listed, KMS.

    python -m benchmarks.requests

A small platform is ingested and compacted day by day; then one more day comes, somebody
leaves, and each of the day's jobs is counted. From platforms that differ in one thing
follows what that thing costs. Class A and B are those of Cloud Storage's price list.
"""

import io
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import NamedTuple

from benchmarks.counted import COLUMNS, counting
from pipelines import cli
from tests.support.reviews import write_reviews
from tests.support.world import GARDEN, HOUSE, World, rally_id, write_lines

JOBS = (
    ("delete", "--rewrite_after_days=0"),
    ("replay", "--reason=left"),
    ("compact",),
    ("purge",),
    ("audit", "--sample=0.1"),
    ("audit",),
)
_FIRST = date(2026, 3, 1)


class Platform(NamedTuple):
    """A platform to count on.

    Attributes:
        days: that are compacted already, one partition each.
        buckets: of a partition.
        files: that ingest wrote on the new day.
        leavers: people who leave on it.
        people: each sends one ping a day and file; so many that no bucket is empty.
    """

    days: int = 8
    buckets: int = 4
    files: int = 2
    leavers: int = 1
    people: int = 160


BASE = Platform()
OTHERS = {
    "8 days more": BASE._replace(days=16),
    "4 buckets more": BASE._replace(buckets=8),
    "4 new files more": BASE._replace(files=6),
    "4 leavers more": BASE._replace(leavers=5),
}


def main() -> None:
    base = measure(BASE)
    print(f"{BASE}\n")
    print("\n".join(_table(base)))
    for name, platform in OTHERS.items():
        more = measure(platform)
        print(f"\n{name}: so many more\n")
        print("\n".join(_table({job: _minus(more[job], base[job]) for job in base})))


def measure(platform: Platform, store: str = "") -> dict[str, Counter[str]]:
    """What ingest of one new file and each job of the day asked, by its command.

    Args:
        platform: that is made.
        store: an empty one; by default a folder of its own.
    """
    with tempfile.TemporaryDirectory(prefix="rally-bench-requests-") as folder:
        world = _make_world(Path(folder), platform)
        store = store or f"{folder}/store"
        numbers = count(1)
        _ingest(world, store, _joined(world, platform, numbers))
        for day in range(platform.days):
            _ingest(world, store, _visits(world, platform, day, numbers))
            if day % 4 == 3:
                _run(world, store, day, "compact")
        _run(world, store, platform.days, "compact")
        for _ in range(platform.files):
            messages = _visits(world, platform, platform.days, numbers)
            ingest = _ingest(world, store, messages)
        _ingest(world, store, _left(world, platform, numbers))
        found = {"ingest": ingest}
        for job in JOBS:
            found[" ".join(job)] = _run(world, store, platform.days, *job)
        return found


def _make_world(folder: Path, platform: Platform) -> World:
    """Its study has rows of any country, in so many buckets, and is not purged."""
    world = World(folder)
    study = folder / "studies" / GARDEN / "study.yaml"
    buckets = f"delete_after_days: 3600\n    buckets: {platform.buckets}"
    study.write_text(study.read_text().replace("delete_after_days: 180", buckets))
    write_reviews(folder / "studies")  # which say how long rows may stay
    return world


def _joined(world: World, platform: Platform, numbers: Iterator[int]) -> list:
    documents = (f"{HOUSE}/enrollment/1", f"{GARDEN}/study-enrollment/1")
    return [
        world.message(
            document, {"rally.id": rally_id(person)}, next(numbers), _sent(0, 1)
        )
        for person in range(platform.people)
        for document in documents
    ]


def _visits(world: World, platform: Platform, day: int, numbers: Iterator[int]) -> list:
    return [
        world.visit(person, next(numbers), sent=_sent(day, 10))
        for person in range(platform.people)
    ]


def _left(world: World, platform: Platform, numbers: Iterator[int]) -> list:
    document, day = f"{GARDEN}/study-unenrollment/1", platform.days
    return [
        world.message(
            document, {"rally.id": rally_id(person)}, next(numbers), _sent(day, 20)
        )
        for person in range(platform.leavers)
    ]


def _sent(day: int, hour: int) -> str:
    return f"{_FIRST + timedelta(days=day)}T{hour:02}:00:00.000000Z"


def _ingest(world: World, store: str, messages: list) -> Counter[str]:
    path = write_lines(world.root / "in.ndjson", messages)
    return _run(world, store, 0, "ingest", f"--input={path}")


def _run(world: World, store: str, day: int, *words: str) -> Counter[str]:
    """A job on the morning after a day."""
    options = [each for each in world.options(store) if "--as_of" not in each]
    now = f"{_FIRST + timedelta(days=day + 1)}T06:00:00Z"
    if words[0] != "ingest":
        options.append(f"--as_of={now}")
    with counting() as counts, redirect_stdout(io.StringIO()) as said:
        status = cli.main([*words, *options])
    if status:
        raise SystemExit(f"{words[0]} ended with {status}\n{said.getvalue()}")
    return Counter(counts)


def _minus(more: Counter[str], base: Counter[str]) -> Counter[str]:
    return Counter({each: more[each] - base[each] for each in COLUMNS})


def _table(counts: dict[str, Counter[str]]) -> list[str]:
    return [
        _row(("job", *COLUMNS)),
        _row(("---", *("---:" for _ in COLUMNS))),
        *(_row((job, *(n[each] for each in COLUMNS))) for job, n in counts.items()),
    ]


def _row(cells: Sequence[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    main()
