"""Scenes of what is lost, damaged or given away; see `scenes`."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from rally.decisions.contents import DecisionKind, StudyDecision
from rally.storage.objectstore.open_store import open_store
from tests.docs.desk import (
    DELETE,
    GARDEN_KEY,
    JOBS,
    LEFT,
    NEXT,
    SEEN,
    SUNDAY,
    VISITS,
    Desk,
)
from tests.support.forged_decisions import forge
from tests.support.stores import FOUNDED
from tests.support.world import GARDEN, rally_id, stored_ids


def damaged(desk: Desk) -> Iterator[None]:
    """A byte of a compacted file is another one; there is a backup of it."""
    desk.quietly(*JOBS)
    shutil.copytree("store", "backup")
    desk.at(NEXT)
    desk.ingest([desk.leaves(1, LEFT)])
    (path,) = Path(f"{VISITS}/date=2026-05-23").rglob("*.avro")
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    yield
    yield


def ping_key_lost(desk: Desk) -> Iterator[None]:
    shutil.copytree("keys", "backup/keys")
    GARDEN_KEY.unlink()
    desk.arrive([desk.visits(2, SUNDAY), desk.leaves(1, LEFT)])
    desk.at(NEXT)
    yield
    yield


def key_leaked(desk: Desk) -> Iterator[None]:
    yield
    yield


def decision_forged(desk: Desk) -> Iterator[None]:
    """Somebody may write into `decisions/`, and has no key."""
    desk.at(NEXT)
    forge(
        open_store("store/platform"),
        DecisionKind.RESUME,
        StudyDecision(GARDEN, FOUNDED, ""),
    )
    yield
    yield


def not_mounted(desk: Desk) -> Iterator[None]:
    desk.at(NEXT)
    Path("store").rename("disk")
    yield
    yield
    Path("disk").rename("store")
    yield


def pseudonym_key_lost(desk: Desk) -> Iterator[None]:
    shutil.copytree("keys", "backup/keys")
    Path(f"keys/platform/pseudonym.{GARDEN}.keyset.json").unlink()
    desk.arrive([desk.visits(2, SUNDAY)])
    desk.at(NEXT)
    yield
    yield


def list_lost(desk: Desk) -> Iterator[None]:
    desk.at(NEXT)
    desk.ingest([desk.leaves(1, LEFT)])
    desk.quietly(*JOBS)
    Path("store/platform/withdrawals/root.json").unlink()
    yield
    yield


def restore(desk: Desk) -> Iterator[None]:
    """A backup; then somebody leaves, and is deleted; then rows are lost."""
    desk.at("2026-05-24T07:00:00Z")
    desk.quietly(*JOBS)
    shutil.copytree("store", "backup")
    desk.at(NEXT)
    desk.ingest([desk.leaves(1, LEFT), desk.visits(2, LEFT)])
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
    assert _is_there(desk)
    yield
    assert not _is_there(desk)
    now = desk.terminal.as_of
    shutil.copytree("store", "mended")
    desk.at("2026-08-01T06:00:00Z")
    desk.quietly(DELETE)
    shutil.rmtree(f"{VISITS}/date=2026-05-23")
    yield
    assert not _is_there(desk)
    desk.at(now)
    shutil.rmtree("store")
    shutil.copytree("mended", "store")
    shutil.rmtree("store/platform")
    yield
    assert not _is_there(desk)
    yield


def _is_there(desk: Desk) -> bool:
    """Whether any row is left of who has left."""
    return desk.world.pseudonym(1) in {who for who, _ in stored_ids("store")}


def letters_rising(desk: Desk) -> Iterator[None]:
    """A client that writes a number as text, and one that is ahead of the registry."""
    clear = {"rally.id": rally_id(2), "page": "p", "count": "1"}
    bad = [
        desk.world.message(f"{GARDEN}/{document}", clear, number, SUNDAY)
        for number, document in enumerate(("visit/1", "visit/1", "visit/2"))
    ]
    desk.arrive([*bad, desk.visits(2, SUNDAY)])
    desk.at(NEXT)
    yield
    yield


def input_refused(desk: Desk) -> Iterator[None]:
    """Two runs wrote what they had pulled into one file."""
    pulled = Path("pulled")
    pulled.mkdir()
    arrays = [[json.loads(desk.visits(n, SEEN).pubsub_line())] for n in (1, 2)]
    whole = pulled / "monday.json"
    whole.write_text("".join(json.dumps(array, indent=2) for array in arrays))
    yield
    lines = [json.dumps(message) for array in arrays for message in array]
    (pulled / "monday.ndjson").write_text("\n".join(lines))
    whole.unlink()
    yield


def replay(desk: Desk) -> Iterator[None]:
    """Two objects of dead letters, of which one is cut off."""
    away = GARDEN_KEY.rename("away")
    desk.at(NEXT)
    desk.ingest([desk.visits(2, SUNDAY), desk.leaves(1, LEFT)])
    away.rename(GARDEN_KEY)
    shutil.copytree("store", "backup")
    folder = Path("store/platform/dead-letters")
    (path,) = (folder / f"study={GARDEN}/kind=ping").rglob("*.avro")
    path.write_bytes(path.read_bytes()[:-1])
    yield
    yield
