"""What has happened before each session of the page, by entry.

A scene runs up to its next `yield`, and then the page's next session is typed in.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from rally.storage.leases import Leases
from rally.storage.objectstore.open_store import open_store
from tests.docs.desk import (
    COMPACT,
    DELETE,
    GARDEN_KEY,
    LEFT,
    NEXT,
    PLACES,
    SUNDAY,
    VISITS,
    Desk,
)
from tests.support.named_tests import ROOT
from tests.support.world import GARDEN, HOUSE, POND, rally_id

CROWD = range(100, 220)
"""More people than may leave at once, and more than a share of who joined."""

KILLED = """
import os
from rally.storage.leases import Leases
from rally.storage.objectstore.open_store import open_store
with Leases(open_store("store/platform"), "0" * 32, "delete") as leases:
    leases.acquire("deletion")
    os._exit(1)
"""


def day(desk: Desk) -> Iterator[None]:
    """One has left since yesterday."""
    desk.at(NEXT)
    desk.ingest([desk.leaves(1, LEFT)])
    yield
    yield
    yield


def past_deadline(desk: Desk) -> Iterator[None]:
    desk.at(NEXT)
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
    shutil.copytree("store", "unreadable")
    yield
    yield
    yield
    shutil.rmtree("store")
    shutil.copytree("unreadable", "store")
    yield


def held(desk: Desk) -> Iterator[None]:
    """A pause; and the add-on asks for deletion in everybody's name."""
    desk.ingest(
        [
            *(desk.joins(each, "2026-05-20T10:00:00Z") for each in CROWD),
            *(desk.visits(each, "2026-05-23T10:00:00Z") for each in CROWD),
        ]
    )
    desk.at(NEXT)
    desk.ingest([desk.leaves(each, LEFT) for each in CROWD])
    yield
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
    desk.at(NEXT)
    desk.ingest([desk.leaves(1, LEFT)])
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


def link(desk: Desk) -> Iterator[None]:
    desk.at(NEXT)
    desk.quietly(DELETE)
    desk.quietly(COMPACT)
    Path("large-disk").mkdir()
    day = Path("store/data/study=rally-garden/document=visit.1/date=2026-05-01")
    day.symlink_to(Path("large-disk").resolve())
    yield
    yield


def broken_study(desk: Desk) -> Iterator[None]:
    """A promise is mistyped; somebody leaves Rally, and another is seen there."""
    study = Path(desk.world.studies) / POND / "study.yaml"
    good = study.read_text()
    study.write_text(good.replace("after_end: delete", "after_end: erase"))
    desk.at(NEXT)
    seen = {"rally.id": rally_id(2), "page": "p", "count": 1, "private": False}
    leaves = desk.says(1, f"{HOUSE}/unenrollment/1", LEFT)
    visit = desk.world.message(f"{POND}/visit/1", seen, 900, SUNDAY)
    desk.ingest([leaves, visit], status="1")
    yield
    yield
    study.write_text(good)
    yield


def unapproved(desk: Desk) -> Iterator[None]:
    """Somebody added a field to a schema that was reviewed without it."""
    Path("backup").mkdir()
    schema = Path(desk.world.studies) / GARDEN / "visit.1.avsc"
    shutil.copy(schema, "backup")
    content = json.loads(schema.read_text())
    email = {"name": "email", "type": ["null", "string"], "default": None}
    said = {"doc": "Address", "category": 2, "purpose": "To write to people"}
    content["fields"].append(email | said)
    schema.write_text(json.dumps(content))
    desk.arrive([desk.visits(2, SUNDAY)])
    desk.at(NEXT)
    yield
    yield


def pause(desk: Desk) -> Iterator[None]:
    desk.at("2026-05-24T06:00:00Z")
    yield
    desk.arrive([desk.visits(2, SUNDAY)])
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
    desk.quietly(f"rally studies conclude {GARDEN} {PLACES} --by decide --yes")
    desk.at("2027-02-02T06:00:00Z")
    yield
    yield


def ceiling(desk: Desk) -> Iterator[None]:
    desk.at("2026-11-20T06:00:00Z")
    yield
    yield


def another_run(desk: Desk) -> Iterator[None]:
    desk.at(NEXT)
    desk.ingest([desk.leaves(1, LEFT)])
    with Leases(open_store("store/platform"), "1" * 32, "delete") as leases:
        leases.acquire("deletion")
        yield
    subprocess.run([sys.executable, "-c", KILLED], check=False, env=_here())
    yield


def _here() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}
