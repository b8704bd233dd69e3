"""What is wrong with releases is named, each thing by itself."""

import pytest

from rally.decisions.contents import ReviewResult
from rally.releases.ledger_lines import line_name
from tests.rally.releases.drafts import RELEASE, STUDY
from tests.rally.releases.outbox import FOLDER, Outbox, overwrite, remove


@pytest.fixture
def outbox(birds):
    return Outbox(birds)


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda box: box.releases.create("notes.txt", b"?"), "no file that the ledger"),
        (
            lambda box: overwrite(box.releases, FOLDER + "table.csv", b"x"),
            "not the file that was placed",
        ),
        (
            lambda box: overwrite(
                box.releases,
                FOLDER + "table.csv",
                bytes(len(box.placed[FOLDER + "table.csv"])),
            ),
            "not the file that was placed",
        ),
        (lambda box: remove(box.platform, line_name(2)), "is missing"),
        (
            lambda box: remove(box.platform, f"releases/study={STUDY}/{RELEASE}.json"),
            "the ledger has it",
        ),
        (
            lambda box: box.platform.create(f"releases/study={STUDY}/x.json", b"{}"),
            "is missing",
        ),
        (
            lambda box: box.sign(result=ReviewResult.REFUSE),
            "signatures that do not count",
        ),
    ],
    ids=["beside", "changed", "same size", "line", "draft", "planted", "refused"],
)
def test_what_is_not_as_promised_is_named(outbox, spoil, what):
    outbox.sign()
    outbox.place()
    spoil(outbox)
    found = outbox.verify()
    assert any(what in each for each in found.faults), found.faults


def test_file_that_is_not_there_yet_is_placed_by_the_next_run(outbox):
    outbox.sign()
    outbox.place()
    remove(outbox.releases, FOLDER + "table.csv")
    found = outbox.verify()
    assert found.faults == ()
    assert ["run `rally releases place`" in each for each in found.unfinished] == [True]
    outbox.place()
    assert outbox.verify()[1:] == ((), ())
