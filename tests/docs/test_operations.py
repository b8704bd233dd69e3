"""The page for whoever is on call: what it shows is run, and what it names is there."""

import re
import shutil
from contextlib import chdir
from datetime import UTC, datetime
from itertools import chain

import pytest

from rally.audit.findings import Check
from rally.outcomes import FailureReason
from rally.retention.report import Remains
from rally.storage.objectstore.interface import FOREVER
from tests.docs import losses, scenes
from tests.docs.desk import Desk, make_platform
from tests.docs.page import (
    codes_of_rows,
    elide,
    read_sections,
    read_sessions,
    squeeze,
)
from tests.support.named_tests import ROOT, find_missing

pytestmark = pytest.mark.slow("pages")

PAGE = ROOT / "docs/operations.md"
TEXT = PAGE.read_text()
SECTIONS, SESSIONS = read_sections(TEXT), read_sessions(TEXT)
NO_ENTRIES = ("The day's jobs", "Exit statuses", "Symptoms")
ENTRIES = [title for title in SECTIONS if title not in NO_ENTRIES]
PARTS = ("You notice", "It means", "Do", "It is over", "Never")
SCENES = {
    "The day's jobs": scenes.day,
    "A withdrawal is past its deadline": scenes.past_deadline,
    "A withdrawal cannot be read": scenes.unreadable,
    "Withdrawals are held": scenes.held,
    "A legal hold": scenes.legal_hold,
    "The audit says that a promise is broken": scenes.audit_broken,
    "An unregistered copy": scenes.unregistered_copy,
    "A link in a store": scenes.link,
    "A file is damaged": losses.damaged,
    "A key that opens pings is lost": losses.ping_key_lost,
    "A key has leaked": losses.key_leaked,
    "A decision is void, or lost": losses.decision_forged,
    "A place is not there": losses.not_mounted,
    "A pseudonym key is lost": losses.pseudonym_key_lost,
    "The withdrawal list is lost": losses.list_lost,
    "Restoring from a backup": losses.restore,
    "Dead letters are rising": losses.letters_rising,
    "An input file is refused": losses.input_refused,
    "Replay": losses.replay,
    "A study does not load": scenes.broken_study,
    "A document is not collected": scenes.unapproved,
    "Pausing a study": scenes.pause,
    "Concluding a study": scenes.conclusion,
    "A concluded study waits": scenes.concluded_waits,
    "Purge leaves some of its plan": scenes.ceiling,
    "Another run is in the way": scenes.another_run,
}

_PART = re.compile(r"^\*\*([^*]+)\*\*", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)#]*)(#?[^)]*)\)")
_TITLE = re.compile(r"^#+ (.+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def populated(tmp_path_factory):
    """A folder to copy, and what seals pings for it."""
    folder = tmp_path_factory.mktemp("platform")
    with chdir(folder):
        return folder, make_platform()


@pytest.mark.parametrize("title", SCENES)
def test_page_shows_what_a_terminal_shows(title, populated, tmp_path, monkeypatch):
    folder, world = populated
    shutil.copytree(folder, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    desk = Desk(world, 1000)

    for _, session in zip(SCENES[title](desk), SESSIONS[title], strict=True):
        for command, output in session:
            expected = [squeeze(line) for line in output]
            shown = [squeeze(line) for line in desk.terminal.run(command)]
            assert [command, *elide(shown, expected)] == [command, *expected]


def test_every_session_has_its_scene():
    assert list(SESSIONS) == list(SCENES)


@pytest.mark.parametrize("title", ENTRIES)
def test_entry_says_all_that_one_needs_in_its_order(title):
    parts = [each for each in _PART.findall(SECTIONS[title]) if each in PARTS]
    assert parts == list(PARTS)


def test_every_entry_is_found_by_a_symptom():
    links = {to for _, to in _LINK.findall(SECTIONS["Symptoms"])}
    assert links == {anchor(title) for title in ENTRIES}


def test_symptoms_are_what_the_software_says():
    shown = "\n".join(
        squeeze(line)
        for sessions in SESSIONS.values()
        for session in sessions
        for step in session
        for line in step.output
    )
    said = shown + sources()
    symptoms = {code for row in codes_of_rows(SECTIONS["Symptoms"]) for code in row}
    parts = {part for each in symptoms for part in each.split("…")}
    assert len(parts) > 30
    assert {part for part in parts if part.strip(" ") not in said} == set()


def test_tables_have_every_check_and_every_reason_once():
    audit = SECTIONS["The audit says that a promise is broken"]
    letters = SECTIONS["Dead letters are rising"]
    assert sorted(chain(*codes_of_rows(audit))) == sorted(Check)
    assert sorted(chain(*codes_of_rows(letters))) == sorted(FailureReason)


def test_what_remains_is_told_in_the_words_of_purge():
    where = "gs://rally-rally-garden/data/study=rally-garden/"
    day = datetime(2026, 6, 2, tzinfo=UTC)
    for until, why in ((day, "soft-deleted"), (FOREVER, "hold")):
        assert f"{Remains(where, 3, until, why)}\n" in TEXT


def test_links_lead_somewhere():
    dead = [
        f"{path}{to}"
        for path, to in _LINK.findall(TEXT)
        if (to and to not in anchors(path or PAGE.name))
        or not (PAGE.parent / path).exists()
    ]
    assert dead == []
    assert find_missing(TEXT) == []
    assert f"({PAGE.name})" in (PAGE.parent / "README.md").read_text()


def anchors(path):
    return {anchor(each) for each in _TITLE.findall((PAGE.parent / path).read_text())}


def anchor(title):
    """What a link to a heading says, as GitHub makes it."""
    return "#" + re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def sources():
    """The code, with literals that go on in the next line as one."""
    files = [*ROOT.glob("rally/**/*.py"), *ROOT.glob("pipelines/**/*.py")]
    code = "\n".join(file.read_text() for file in files)
    return re.sub(r'"\s*\n\s*f?"', "", code)
