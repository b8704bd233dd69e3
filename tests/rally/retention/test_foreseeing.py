"""What a conclusion takes away is counted beforehand, and is what then goes."""

from rally.dead_letters import LetterKind, LetterPlace
from rally.events import RALLY
from rally.keys.folder import KeyFolder
from rally.registry.legal_holds import LegalHolds
from rally.retention.conclusion import Held, KeyFolders, Preview, preview
from tests.pipelines.world import GARDEN, POND
from tests.rally.deletion.place import Row, day


def foreseen(place, keys=None) -> Preview:
    folders = keys or KeyFolders(
        *(KeyFolder(str(place.folder / kind)) for kind in ("keys", "platform"))
    )
    return preview(
        place.stores, place.registry, place.registry.studies[GARDEN],
        place.withdrawals(), LegalHolds.read(place.platform, place.now), folders,
    )  # fmt: skip


def test_everything_is_counted_and_nothing_changed(place):
    for person, study in ((1, GARDEN), (2, GARDEN), (3, POND), (4, RALLY)):
        place.join(person, study, when=1)
    place.put(place.ours([Row(1, 1), Row(2, 2)]), "a")
    place.put(place.ours([Row(2, 3)]), "b", date="2026-05-12")
    place.put(b"damaged", "c")
    place.data.create(f"data/study={GARDEN}/lost.avro", place.ours([Row(1, 4)]))
    place.data.create(f"data/study={GARDEN}/notes.txt", b"somebody's")
    place.put(place.ours([Row(3, 5)], POND), study=POND)
    for study, kind in ((GARDEN, LetterKind.PING), (GARDEN, LetterKind.WITHDRAWAL),
                        (POND, LetterKind.PING)):  # fmt: skip
        folder = LetterPlace(study, kind, "2026-05-20").folder
        place.platform.create(f"{folder}{'0' * 32}.avro", b"sealed")
    hold = place.legal_hold(GARDEN, "2026-05-12", "2026-05-12")
    before = place.everything()

    found = foreseen(place)

    assert place.everything() == before
    sizes = [info.size for info in place.data.list(f"data/study={GARDEN}/document")]
    assert found.documents["visit.1"] == Held(3, 3, sum(sizes))
    assert found.documents[""].rows == 1
    assert (found.rows, found.files, found.unread) == (4, 5, 2)
    assert (found.dead_letters, found.events) == (2, 2)
    assert found.holds == (hold,)
    assert [each.rpartition("/")[2] for each in found.keys] == [
        f"{GARDEN}.keyset.json", f"{GARDEN}.jwk.json",
        f"pseudonym.{GARDEN}.keyset.json",
    ]  # fmt: skip
    assert foreseen(place, KeyFolders(None, None)).keys == ()


def test_requests_that_fall_due_are_counted(place):
    place.join(1, when=1)
    place.put(place.ours([Row(1, 1), Row(2, 2)]))
    place.conclude(at=day(31))
    place.leave(1, when=27)
    place.leave(2, when=20)
    place.leave(3, RALLY, when=21)
    place.now = day(28)
    place.job().plan()
    found = foreseen(place)
    assert (found.deferred, found.open, found.undecided) == (1, 2, 0)
