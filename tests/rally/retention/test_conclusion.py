"""What a conclusion takes away is counted beforehand, and is what then goes."""

from rally.dead_letters import LetterKind, LetterPlace
from rally.events import RALLY
from rally.keys.folder import KeyFolder
from rally.registry.legal_holds import LegalHolds
from rally.retention.conclusion import DocumentTotals, KeyFolders, Preview, preview
from tests.support.memory_deployment import Row, day
from tests.support.world import GARDEN, POND


def foreseen(deployment, keys=None) -> Preview:
    folders = keys or KeyFolders(
        *(KeyFolder(str(deployment.folder / kind)) for kind in ("keys", "platform"))
    )
    return preview(
        deployment.stores,
        deployment.registry,
        deployment.registry.studies[GARDEN],
        deployment.withdrawals(),
        LegalHolds.read(deployment.platform, deployment.now),
        folders,
    )


def test_everything_is_counted_and_nothing_changed(deployment):
    for person, study in ((1, GARDEN), (2, GARDEN), (3, POND), (4, RALLY)):
        deployment.join(person, study, when=1)
    deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)]), "a")
    deployment.put(deployment.indexed_file([Row(2, 3)]), "b", date="2026-05-12")
    deployment.put(b"damaged", "c")
    deployment.data.create(
        f"data/study={GARDEN}/lost.avro", deployment.indexed_file([Row(1, 4)])
    )
    deployment.data.create(f"data/study={GARDEN}/notes.txt", b"somebody's")
    deployment.put(deployment.indexed_file([Row(3, 5)], POND), study=POND)
    for study, kind in (
        (GARDEN, LetterKind.PING),
        (GARDEN, LetterKind.WITHDRAWAL),
        (POND, LetterKind.PING),
    ):
        folder = LetterPlace(study, kind, "2026-05-20").folder
        deployment.platform.create(f"{folder}{'0' * 32}.avro", b"sealed")
    hold = deployment.legal_hold(GARDEN, "2026-05-12", "2026-05-12")
    before = deployment.all_objects()

    found = foreseen(deployment)

    assert deployment.all_objects() == before
    sizes = [
        info.size for info in deployment.data.list(f"data/study={GARDEN}/document")
    ]
    assert found.documents["visit.1"] == DocumentTotals(3, 3, sum(sizes))
    assert found.documents[""].rows == 1
    assert (found.rows, found.files, found.unread) == (4, 5, 2)
    assert (found.dead_letters, found.events) == (2, 2)
    assert found.holds == (hold,)
    assert [each.rpartition("/")[2] for each in found.keys] == [
        f"{GARDEN}.keyset.json",
        f"{GARDEN}.jwk.json",
        f"pseudonym.{GARDEN}.keyset.json",
    ]
    assert foreseen(deployment, KeyFolders(None, None)).keys == ()


def test_requests_that_fall_due_are_counted(deployment):
    deployment.join(1, when=1)
    deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)]))
    deployment.conclude(at=day(31))
    deployment.leave(1, when=27)
    deployment.leave(2, when=20)
    deployment.leave(3, RALLY, when=21)
    deployment.now = day(28)
    deployment.job().plan()
    found = foreseen(deployment)
    assert (found.deferred, found.open, found.undecided) == (1, 2, 0)
