"""What has happened before each session of the page, by the heading of its entry.

A scene runs up to its next `yield`, and then the page's next session is typed in.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from rally.storing.leases import Leases
from rally.storing.objects import open_store
from tests.docs.desk import PLACES, Desk
from tests.pipelines.world import GARDEN, HOUSE, POND

Scene = Callable[[Desk], Iterator[None]]

JOBS = tuple(f"rally {job} {PLACES}" for job in ("delete", "compact", "purge"))
DELETE = JOBS[0]
LEFT = "2026-05-25T10:00:00Z"
NEXT = "2026-05-26T06:00:00Z"
GARDEN_KEY = Path(f"keys/{GARDEN}.keyset.json")
VISITS = f"store/data/study={GARDEN}/document=visit.1"
CROWD = range(100, 220)
KILLED = """
import os, sys
from rally.storing.leases import Leases
from rally.storing.objects import open_store
with Leases(open_store("store/platform"), "0" * 32, "delete") as leases:
    leases.acquire("deletion")
    os._exit(1)
"""


def day(desk: Desk) -> Iterator[None]:
    """One leaves, and one comes back whose visit was there first."""
    desk.ingest([desk.leaves(1, LEFT)])
    desk.at(NEXT)
    yield
    yield


def past_deadline(desk: Desk) -> Iterator[None]:
    desk.ingest([desk.leaves(1, LEFT)])
    desk.at("2026-06-26T06:00:00Z")
    yield
    yield


def unreadable(desk: Desk) -> Iterator[None]:
    """The garden's key was not there when somebody left."""
    shutil.copytree("keys", "backup/keys")
    GARDEN_KEY.unlink()
    desk.at("2026-05-25T12:00:00Z")
    desk.ingest([desk.leaves(1, LEFT)])
    desk.at("2026-06-26T06:00:00Z")
    yield
    yield
    yield


def held(desk: Desk) -> Iterator[None]:
    """A pause; and the add-on asks for deletion in everybody's name."""
    desk.ingest(
        [
            *(desk.joins(each, "2026-05-20T10:00:00Z") for each in CROWD),
            *(desk.visits(each, "2026-05-23T10:00:00Z") for each in CROWD),
        ]
    )
    desk.ingest([desk.leaves(each, LEFT) for each in CROWD])
    desk.at(NEXT)
    yield
    desk.quietly(f"rally withdrawals {PLACES}")
    shutil.copytree("store", "undecided")
    yield
    shutil.rmtree("store")
    shutil.copytree("undecided", "store")
    yield


def legal_hold(desk: Desk) -> Iterator[None]:
    desk.at(NEXT)
    yield
    desk.ingest([desk.leaves(1, LEFT)])
    yield
    yield


def audit_broken(desk: Desk) -> Iterator[None]:
    """Somebody left, and a colleague's copy of a file came back."""
    shutil.copytree(VISITS, "colleague")
    desk.ingest([desk.leaves(1, LEFT)])
    desk.at(NEXT)
    desk.quietly(DELETE)
    (copy,) = Path("colleague/date=2026-05-23").rglob("*.avro")
    shutil.copy(copy, f"{VISITS}/date=2026-05-23/bucket=new/restored.avro")
    yield
    yield


def unregistered_copy(desk: Desk) -> Iterator[None]:
    desk.at(NEXT)
    Path("store/exports").mkdir()
    Path("store/exports/visits.csv").write_text("participant,page\n")
    yield
    yield


def damaged(desk: Desk) -> Iterator[None]:
    """A byte of a compacted file is another one; there is a backup of it."""
    desk.quietly(*JOBS)
    shutil.copytree("store", "backup/store")
    desk.ingest([desk.leaves(1, LEFT)])
    desk.at(NEXT)
    (path,) = Path(f"{VISITS}/date=2026-05-23").rglob("*.avro")
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    yield
    yield


def ping_key_lost(desk: Desk) -> Iterator[None]:
    shutil.copytree("keys", "backup/keys")
    GARDEN_KEY.unlink()
    desk.arrive([desk.visits(2, "2026-05-24T08:00:00Z"), desk.leaves(1, LEFT)])
    desk.at(NEXT)
    yield
    yield


def key_leaked(desk: Desk) -> Iterator[None]:
    yield
    yield


def pseudonym_key_lost(desk: Desk) -> Iterator[None]:
    shutil.copytree("keys", "backup/keys")
    Path(f"keys/platform/pseudonym.{GARDEN}.keyset.json").unlink()
    desk.arrive([desk.visits(2, "2026-05-24T08:00:00Z")])
    desk.at(NEXT)
    yield
    yield


def list_lost(desk: Desk) -> Iterator[None]:
    desk.ingest([desk.leaves(1, LEFT)])
    desk.at(NEXT)
    desk.quietly(*JOBS)
    Path("store/platform/withdrawals/list.json").unlink()
    yield
    yield


def restore(desk: Desk) -> Iterator[None]:
    """A backup; then somebody leaves, and is deleted; then rows are lost."""
    desk.at("2026-05-24T07:00:00Z")
    desk.quietly(*JOBS)
    shutil.copytree("store", "backup")
    desk.ingest([desk.leaves(1, LEFT), desk.visits(2, LEFT)])
    desk.at(NEXT)
    desk.quietly(*JOBS)
    desk.ingest([desk.visits(3, "2026-05-26T02:00:00Z")])
    shutil.copytree("store/platform", "newest")
    shutil.rmtree(f"{VISITS}/date=2026-05-23")
    shutil.rmtree("store/platform")
    shutil.copytree("backup/platform", "store/platform")
    yield
    shutil.rmtree("store/platform")
    shutil.copytree("newest", "store/platform")
    yield
    yield
    yield


def letters_rising(desk: Desk) -> Iterator[None]:
    """A client that writes a number as text, and one of a version nobody registered."""
    clear = {"rally.id": "0" * 32, "page": "p", "count": 1}
    bad = [
        desk.world.message(f"{GARDEN}/visit/2", clear, 90, "2026-05-24T08:00:00Z"),
        desk.world.message(f"{GARDEN}/visit/1", clear, 91, "2026-05-24T08:00:00Z"),
        desk.world.message(
            f"{GARDEN}/visit/1", b"{}", 92, "2026-05-24T08:00:00Z"
        ),
    ]
    desk.arrive([*bad, desk.visits(2, "2026-05-24T08:00:00Z")])
    desk.at(NEXT)
    yield
    yield


def replay(desk: Desk) -> Iterator[None]:
    """Two objects of dead letters, of which one is cut off."""
    away = GARDEN_KEY.rename("away")
    desk.ingest([desk.visits(2, "2026-05-24T08:00:00Z"), desk.leaves(1, LEFT)])
    away.rename(GARDEN_KEY)
    shutil.copytree("store/platform/dead-letters", "backup/dead-letters")
    desk.at(NEXT)
    folder = Path("store/platform/dead-letters")
    (path,) = (folder / f"study={GARDEN}/kind=ping").rglob("*.avro")
    path.write_bytes(path.read_bytes()[:-1])
    yield
    yield


def pause(desk: Desk) -> Iterator[None]:
    desk.at("2026-05-24T06:00:00Z")
    yield
    desk.arrive([desk.visits(2, "2026-05-24T08:00:00Z")])
    desk.at(NEXT)
    yield
    yield


def _ended(desk: Desk) -> None:
    """One left while it collected, and one after the end, who waits."""
    desk.at("2027-01-11T06:00:00Z")
    desk.ingest([desk.leaves(1, "2027-01-10T10:00:00Z")])
    desk.quietly(DELETE)


def conclusion(desk: Desk) -> Iterator[None]:
    _ended(desk)
    desk.at("2027-02-01T06:00:00Z")
    yield
    yield
    yield


def concluded_waits(desk: Desk) -> Iterator[None]:
    _ended(desk)
    desk.at("2027-02-01T06:00:00Z")
    desk.quietly(f"rally studies conclude {GARDEN} {PLACES} --by jo")
    desk.at("2027-02-02T06:00:00Z")
    yield
    yield


def ceiling(desk: Desk) -> Iterator[None]:
    desk.at("2026-11-17T06:00:00Z")
    yield
    yield


def another_run(desk: Desk) -> Iterator[None]:
    desk.ingest([desk.leaves(1, LEFT)])
    desk.at(NEXT)
    with Leases(open_store("store/platform"), "1" * 32, "delete") as leases:
        leases.acquire("deletion")
        yield
    subprocess.run([sys.executable, "-c", KILLED], check=False, env=_here())
    yield


def _here() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
