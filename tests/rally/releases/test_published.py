"""What was published of each study is told of the ledger, and outlives the study."""

import hashlib
from datetime import timedelta
from decimal import Decimal

import pytest

from rally.errors import ConfigurationError
from rally.releases.ledger_lines import line_name
from rally.releases.placing import result_of_file
from rally.releases.published import PublishedResult, StudyReleases, read_published
from tests.rally.releases.drafts import RELEASE, STUDY
from tests.rally.releases.release_desk import NOW, RECIPE
from tests.rally.releases.test_placing import FILE, FOLDER, NAMES, Outbox, remove
from tests.support.ledger_lines import AT, LIFE, placing, put_lines
from tests.support.ledger_lines import STUDY as GARDEN


def read(outbox, until=NOW):
    return read_published(outbox.platform, outbox.signed.chain, until)


def test_result_is_told_when_it_has_left(birds):
    outbox = Outbox(birds)
    (waiting,) = read(outbox).values()
    assert waiting.results == ()
    assert (waiting.budget.allotted, waiting.budget.left) == (
        Decimal("0.07"),
        Decimal("0.0525"),
    )
    outbox.sign()
    outbox.place()
    (left,) = read(outbox)[STUDY].results
    assert left == PublishedResult(
        RELEASE,
        NOW,
        RECIPE.question,
        left.description,
        "0.0175",
        tuple(FOLDER + name for name in NAMES),
    )
    assert "2026-06-01 to 2026-06-07, UTC" in left.description


def test_nothing_is_told_of_later(birds):
    outbox = Outbox(birds)
    outbox.sign()
    outbox.place()
    before = read(outbox, NOW - timedelta(seconds=1))[STUDY]
    assert before.results == ()
    assert before.budget.left == Decimal("0.07")


def test_submitted_file_has_its_reason_and_no_cost(birds, tmp_path):
    outbox = Outbox(birds)
    path, sha256 = tmp_path / "table.csv", hashlib.sha256(FILE).hexdigest()
    path.write_bytes(FILE)
    outbox.signed.submit(sha256=sha256)
    for each in ("steward", "privacy"):
        outbox.signed.sign_result(each, sha256=sha256)
    outbox.put(result_of_file(outbox.signed.chain, STUDY, path.name, str(path)))
    (told,) = read(outbox)[STUDY].results
    assert (told.release, told.rho, told.description) == ("table.csv", None, None)
    assert told.question == "a regression's table"
    assert told.files == (
        f"study={STUDY}/table.csv/rally_card.json",
        f"study={STUDY}/table.csv/table.csv",
    )


def test_study_of_which_only_the_ledger_is_left_is_told(birds):
    """No registry, no draft and no decision says any more what it was."""
    outbox = Outbox(birds)
    put_lines(outbox.platform, *LIFE)
    told = read(outbox)[GARDEN]
    (result,) = told.results
    assert told == StudyReleases(told.budget, (result,))
    assert told.budget.allotted is None
    assert result == PublishedResult(
        placing().release,
        AT,
        None,
        None,
        "0.01",
        (f"study={GARDEN}/{placing().release}/table.csv",),
    )


def test_ledger_with_a_fault_says_that_nobody_knows_what_left(birds):
    outbox = Outbox(birds)
    remove(outbox.platform, line_name(1))
    with pytest.raises(ConfigurationError, match="is missing; restore from a backup"):
        read(outbox)
