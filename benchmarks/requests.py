"""Counts what the day's jobs ask of a store: requests by class, names listed, KMS.

    python -m benchmarks.requests

A small platform is ingested and compacted day by day; then one more day comes, somebody
leaves, and each of the day's jobs is counted. From platforms that differ in one thing
follows what that thing costs. The stores are folders: what is counted are calls of the
one interface that all jobs use, as rally/storing/gcs.py makes requests of them.

Class A and B are those of Cloud Storage's price list. To delete is free.
"""

import io
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import NamedTuple

from pipelines import cli
from rally.keys import kek
from rally.storing import local
from rally.storing.layout import EVENTS
from tests.pipelines.world import GARDEN, HOUSE, World, rally_id, write_lines

JOBS = (
    ("delete",),
    ("replay", "--reason=left"),
    ("compact",),
    ("purge",),
    ("audit", "--sample=0.1"),
    ("audit",),
)
A, B, FREE, LISTED, LOG, KMS = "A", "B", "free", "names listed", "of the log", "KMS"
COLUMNS = (A, B, FREE, LISTED, LOG, KMS)
"""LOG are those of B that read an object of the event log."""

_PAGE = 1000  # names that one listing answers
_FIRST = date(2026, 3, 1)
_LocalStore = local.LocalStore
_inside = threading.local()
_lock = threading.Lock()
_counts: Counter[str] = Counter()


class Platform(NamedTuple):
    """A platform to count on.

    Attributes:
        days: that are compacted already, one partition each.
        buckets: of a partition.
        files: that ingest wrote on the new day.
        leavers: people who leave on it.
        people: each sends one ping a day and file.
    """

    days: int = 8
    buckets: int = 4
    files: int = 2
    leavers: int = 1
    people: int = 24


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


def measure(platform: Platform) -> dict[str, Counter[str]]:
    """What ingest of one new file and each job of the day asked, by its command."""
    with tempfile.TemporaryDirectory(prefix="rally-bench-requests-") as folder:
        world = _make_world(Path(folder), platform)
        store = f"{folder}/store"
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
    with _counting(), redirect_stdout(io.StringIO()) as said:
        status = cli.main([*words, *options])
    if status:
        raise SystemExit(f"{words[0]} ended with {status}\n{said.getvalue()}")
    return Counter(_counts)


@contextmanager
def _counting() -> Iterator[None]:
    """Counts what goes through all stores that are opened meanwhile."""
    decrypt = kek._KekAead.decrypt
    _counts.clear()
    local.LocalStore = CountedStore

    def counted(self, ciphertext, associated_data):
        _note(KMS)
        return decrypt(self, ciphertext, associated_data)

    kek._KekAead.decrypt = counted
    try:
        yield
    finally:
        local.LocalStore, kek._KekAead.decrypt = _LocalStore, decrypt


def _note(what: str, number: int = 1) -> None:
    with _lock:
        _counts[what] += number


@contextmanager
def _one(*what: str) -> Iterator[None]:
    """Counts a call, and none of those that it makes itself."""
    if getattr(_inside, "is", False):
        yield
        return
    for each in what:
        _note(each)
    _inside.__dict__["is"] = True
    try:
        yield
    finally:
        _inside.__dict__["is"] = False


class CountedStore(_LocalStore):
    """A folder that counts what Cloud Storage would be asked."""

    def read(self, name):
        with _one(B, *([LOG] if name.startswith(EVENTS) else [])):
            return super().read(name)

    def read_range(self, name, start, length):
        with _one(B):
            return super().read_range(name, start, length)

    def stat(self, name):
        with _one(B):
            return super().stat(name)

    @contextmanager
    def open(self, name, generation=None):
        with _one(B):
            opened = super().open(name, generation)
        with opened as snapshot:
            yield _CountedSnapshot(snapshot)

    @contextmanager
    def draft(self, name):
        with super().draft(name) as draft:
            yield _CountedDraft(draft)

    def create(self, name, data):
        with _one(A):
            return super().create(name, data)

    def replace(self, name, data, generation):
        with _one(A):
            return super().replace(name, data, generation)

    def delete(self, name, generation):
        with _one(FREE):
            return super().delete(name, generation)

    def list_dated(self, prefix=""):
        with _one():
            found = list(super().list_dated(prefix))
        _note(LISTED, len(found))
        _note(A, max(1, -(-len(found) // _PAGE)))
        return iter(found)

    def old_copies(self, prefix):
        _note(A, 2)  # noncurrent ones, and soft-deleted ones
        with _one():
            yield from list(super().old_copies(prefix))

    def check_writable(self):
        with _one(A, FREE):
            super().check_writable()


class _CountedSnapshot(NamedTuple):
    inner: object

    @property
    def info(self):
        return self.inner.info

    def read(self, start, length):
        _note(B)
        return self.inner.read(start, length)


class _CountedDraft(NamedTuple):
    inner: object

    @property
    def file(self):
        return self.inner.file

    def create(self):
        with _one(A):
            return self.inner.create()

    def replace(self, generation):
        with _one(A):
            return self.inner.replace(generation)


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
