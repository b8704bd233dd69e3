"""A result leaves once others have signed it, as files that the ledger knows."""

import hashlib
import json
from threading import Thread

import pytest

from rally.decisions.contents import ReviewResult, Role
from rally.errors import ConfigurationError
from rally.releases.ledger import read_ledger
from rally.releases.ledger_lines import LineKind, line_name
from rally.releases.placing import (
    FILE_CARD,
    folder_of,
    open_releases,
    result_of_draft,
    result_of_file,
)
from rally.storage.marker import NAME, Marker, PlaceKind
from tests.fakes.memory_store import MemoryStore
from tests.rally.releases.drafts import RELEASE, STUDY
from tests.rally.releases.outbox import FOLDER, Outbox, remove
from tests.rally.releases.release_desk import Desk, Killed

NAMES = ["card.json", "index.html", "table.csv", "table.parquet"]
FILE = b"coefficient,value\nage,0.5\n"


def nothing(operation, name):
    """Nobody interferes."""


@pytest.fixture
def outbox(birds):
    return Outbox(birds)


def test_result_that_a_second_person_signed_is_placed_once(outbox):
    outbox.sign()
    first = outbox.place()
    assert [each.name for each in first.files] == NAMES
    assert first.signers == ("steward",)
    assert [*outbox.placed] == [FOLDER + name for name in NAMES]
    for each in first.files:
        data = outbox.placed[FOLDER + each.name]
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (each.sha256, each.size)
    before = outbox.placed
    assert outbox.place() == first
    assert outbox.placed == before
    assert [kind for kind, _ in outbox.kinds] == [*LineKind]
    assert outbox.verify()[1:4] == ((), (), ())


@pytest.mark.parametrize(
    ("by", "result", "why"),
    [
        (None, None, "waits for a signature of another person"),
        ("author", ReviewResult.APPROVE, "waits for a signature of another person"),
        ("steward", ReviewResult.REFUSE, "steward refused it"),
    ],
)
def test_result_that_nobody_else_signed_stays_inside(outbox, by, result, why):
    if by == "author":  # who also reviews, but not this
        outbox.signed.admit("author", Role.AUTHOR, Role.STEWARD)
    if by:
        outbox.sign(by, result)
    with pytest.raises(ConfigurationError, match=why):
        outbox.place()
    assert outbox.placed == {}
    assert len(outbox.kinds) == 2


def test_signature_of_another_draft_is_none_of_this_one(outbox):
    outbox.signed.sign_result("steward", RELEASE, "0" * 64)
    with pytest.raises(ConfigurationError, match="waits for a signature"):
        outbox.place()


def test_release_without_a_result_is_not_placed(birds):
    desk = Desk(birds)
    with pytest.raises(ConfigurationError, match="has no result weekly"):
        result_of_draft(desk.platform, desk.signed.chain, STUDY, RELEASE)


@pytest.mark.parametrize("hook", ["fault", "after"])
@pytest.mark.parametrize("where", ["platform", "releases"])
def test_placing_that_is_killed_anywhere_is_finished(birds, hook, where):
    outbox = Outbox(birds)
    outbox.sign()
    expected, step = None, 0
    while True:
        outbox.releases, left, killed = MemoryStore(), step, False
        ledger = read_ledger(outbox.platform, outbox.signed.chain)
        if ledger.placings:
            remove(outbox.platform, line_name(ledger.last))
        store = getattr(outbox, where)

        def kill(operation, name):
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed

        setattr(store, hook, kill)
        try:
            outbox.place()
        except Killed:
            killed = True
        setattr(store, hook, nothing)
        outbox.place()
        expected = expected or outbox.placed
        assert outbox.placed == expected
        assert [kind for kind, _ in outbox.kinds] == [*LineKind]
        if not killed:
            break
        step += 1
    assert step >= 1


def test_ledger_names_files_before_they_leave(outbox):
    """What lies there is explained from its first byte on."""
    outbox.sign()
    seen = []

    def look(operation, name):
        if operation == "create":
            seen.append([line.kind for line in outbox.ledger.lines][-1])

    outbox.releases.fault = look
    outbox.place()
    assert seen == [LineKind.PLACED] * len(NAMES)


def test_another_file_in_the_place_of_one_is_not_replaced(outbox):
    outbox.sign()
    outbox.releases.create(FOLDER + "table.csv", b"other")
    with pytest.raises(ConfigurationError, match=r"table\.csv: is there already"):
        outbox.place()
    assert outbox.releases.read(FOLDER + "table.csv") == b"other"
    assert any("is not the file" in each for each in outbox.verify().faults)


def submit(outbox, path, *signers, reason="a regression's table"):
    path.write_bytes(FILE)
    sha256 = hashlib.sha256(FILE).hexdigest()
    outbox.signed.submit("author", sha256, path.name, reason)
    for by in signers:
        outbox.signed.sign_result(by, path.name, sha256)
    return result_of_file(outbox.signed.chain, STUDY, path.name, str(path))


def test_submitted_file_leaves_with_two_signatures_and_a_warning(outbox, tmp_path):
    result = submit(outbox, tmp_path / "table.csv", "steward", "privacy")
    placing = outbox.put(result)
    assert placing.signers == ("steward", "privacy")
    folder = folder_of(STUDY, "table.csv")
    assert outbox.placed[folder + "table.csv"] == FILE
    card = json.loads(outbox.placed[folder + FILE_CARD])
    assert card["differentially_private"] is False
    assert "NOT differentially private" in card["card"]["privacy"]
    assert f"{outbox.ledger.reserved_by(STUDY)}" == "0.0175"
    assert outbox.verify().faults == ()


@pytest.mark.parametrize("signers", [(), ("steward",)])
def test_submitted_file_takes_two_people(outbox, tmp_path, signers):
    result = submit(outbox, tmp_path / "table.csv", *signers)
    with pytest.raises(ConfigurationError, match="waits for a signature"):
        outbox.put(result)
    assert outbox.placed == {}


def test_submitted_again_a_file_leaves_with_the_words_that_were_signed(
    outbox, tmp_path
):
    """Also where placing was killed after the ledger's line."""
    path = tmp_path / "table.csv"
    before = submit(outbox, path, "steward", "privacy")
    after = submit(outbox, path, reason="anonymous, and checked by the university")
    assert after == before
    outbox.put(before, MemoryStore())
    placing = outbox.put(submit(outbox, path, reason="another"))
    assert placing.signers == ("steward", "privacy")
    card = json.loads(outbox.placed[folder_of(STUDY, "table.csv") + FILE_CARD])
    assert card["card"]["description"] == "a regression's table"
    assert outbox.verify()[1:4] == ((), (), ())


def test_other_bytes_than_were_submitted_are_refused(outbox, tmp_path):
    submit(outbox, tmp_path / "table.csv", "steward", "privacy")
    (tmp_path / "table.csv").write_bytes(FILE + b"1")
    chain, path = outbox.signed.chain, str(tmp_path / "table.csv")
    with pytest.raises(ConfigurationError, match="nobody submitted these bytes"):
        result_of_file(chain, STUDY, "table.csv", path)


def test_another_file_does_not_leave_under_a_name_that_is_taken(outbox, tmp_path):
    outbox.put(submit(outbox, tmp_path / "table.csv", "steward", "privacy"))
    other = hashlib.sha256(FILE + b"1").hexdigest()
    outbox.signed.submit("author", other)
    for by in ("steward", "privacy"):
        outbox.signed.sign_result(by, "table.csv", other)
    (tmp_path / "table.csv").write_bytes(FILE + b"1")
    chain, path = outbox.signed.chain, str(tmp_path / "table.csv")
    result = result_of_file(chain, STUDY, "table.csv", path)
    with pytest.raises(ConfigurationError, match="submit it under another"):
        outbox.put(result)
    assert outbox.verify()[1:4] == ((), (), ())


def test_place_that_is_not_marked_is_refused(outbox, tmp_path):
    chain = outbox.signed.chain
    with pytest.raises(ConfigurationError, match="make it one by `rally init --rel"):
        open_releases(str(tmp_path), chain)
    marker = Marker.new(PlaceKind.RELEASES, "0" * 32, founded="1" * 64)
    (tmp_path / NAME).write_bytes(marker.serialise())
    with pytest.raises(ConfigurationError, match="belongs to platform 0000"):
        open_releases(str(tmp_path), chain)
    marker = Marker.new(PlaceKind.RELEASES, chain.platform, founded="1" * 64)
    (tmp_path / NAME).write_bytes(marker.serialise())
    assert open_releases(str(tmp_path), chain).uri


def test_two_who_place_at_once_place_the_same_files_once(outbox):
    outbox.sign()
    placings, threads = [], []
    for _ in range(2):
        threads.append(Thread(target=lambda: placings.append(outbox.place())))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert placings[0] == placings[1]
    assert [kind for kind, _ in outbox.kinds] == [*LineKind]
    assert outbox.verify()[1:4] == ((), (), ())


def test_other_files_than_were_placed_are_not_put_beside_them(outbox):
    """As another version would make them of the same draft."""
    outbox.sign()
    outbox.place()
    chain, before = outbox.signed.chain, outbox.placed
    result = result_of_draft(outbox.platform, chain, STUDY, RELEASE)
    other = result._replace(files={**result.files, "table.csv": b"other"})
    with pytest.raises(ConfigurationError, match="other files were placed of it"):
        outbox.put(other)
    assert outbox.placed == before
