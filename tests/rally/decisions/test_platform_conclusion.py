"""The platform's conclusion: two people decide it, and little can be decided after."""

from datetime import timedelta

import pytest

from rally.decisions.chain import EntryStatus, PlatformConcluded, refuse_concluded
from rally.decisions.contents import (
    DecisionKind,
    Expunge,
    HoldPlacement,
    HoldRelease,
    RequestDecision,
    StudyDecision,
)
from rally.decisions.entry import decode, encode
from rally.decisions.platform_contents import PlatformConclusion
from rally.decisions.signers import DEVELOPMENT
from rally.decisions.verifying import read_chain
from rally.decisions.writing import approve, decide
from rally.errors import ConfigurationError
from tests.rally.decisions.signed_entries import NOW, append_entry
from tests.support.people import signer
from tests.support.platform_conclusion import conclude_platform

KIND = DecisionKind.CONCLUDE_PLATFORM
PAUSE = StudyDecision("rally-garden", NOW, "")
OVER = "the platform is concluded, and nothing brings it back"
TODAY = NOW.date()


def test_it_counts_once_an_owner_or_privacy_has_approved_it(platform):
    entry = conclude_platform(platform, NOW, approved_by=None)
    assert decode(encode(entry), "entry") == entry
    chain = read_chain(platform)
    assert (chain.conclusion, chain.records[-1].status) == (None, EntryStatus.WAITING)
    refuse_concluded(chain, "p")
    for by in ("decide-2", "stop", "decide"):
        with pytest.raises(ConfigurationError, match=r"may not decide|second person"):
            approve(platform, signer(by), entry.number, NOW)
    approve(platform, signer("privacy"), entry.number, NOW)
    chain = read_chain(platform)
    assert chain.conclusion == entry
    with pytest.raises(PlatformConcluded) as raised:
        refuse_concluded(chain, "gs://p")
    assert str(raised.value) == (
        "gs://p: the platform is concluded, by decision 2, and nothing begins there any"
        " more; `rally status` says what is left of it"
    )


def test_only_who_decides_may_ask_for_it(platform):
    for by in DEVELOPMENT:
        append_entry(platform, by, KIND, PlatformConclusion(NOW, ""))
    asked = [each for each in read_chain(platform).records if each.number > 1]
    assert {each.entry.by for each in asked if not each.why} == {"decide", "decide-2"}


def test_afterwards_nothing_is_decided_but_what_guards_the_end(platform):
    conclude_platform(platform, NOW)
    hold = HoldPlacement("rally-core", TODAY, TODAY, NOW, "")
    placed = decide(platform, signer("stop"), DecisionKind.PLACE_HOLD, hold, NOW)
    release = HoldRelease(placed.number, NOW, "")
    decide(platform, signer("decide"), DecisionKind.RELEASE_HOLD, release, NOW)
    for kind, content in (
        (DecisionKind.PAUSE, PAUSE),
        (DecisionKind.END, PAUSE),
        (DecisionKind.CONFIRM, RequestDecision(("0" * 32,), "")),
        (KIND, PlatformConclusion(NOW + timedelta(days=1), "")),
    ):
        with pytest.raises(ConfigurationError, match=OVER):
            decide(platform, signer("decide"), kind, content, NOW)
        append_entry(platform, "decide", kind, content)
        assert read_chain(platform).records[-1].why == OVER


def test_what_waited_for_a_second_person_waits_for_ever(platform):
    order = Expunge("rally-garden", "visit.1", None, TODAY, TODAY, "")
    waits = decide(platform, signer("decide"), DecisionKind.EXPUNGE, order, NOW)
    conclude_platform(platform, NOW)
    with pytest.raises(ConfigurationError, match=OVER):
        approve(platform, signer("privacy"), waits.number, NOW)
    assert list(read_chain(platform).of(DecisionKind.EXPUNGE)) == []


def test_one_from_a_later_time_is_void(platform):
    soon, later = NOW + timedelta(seconds=1), "at once, and not from a later time on"
    for at in (soon, NOW + timedelta(days=4000)):
        with pytest.raises(ConfigurationError, match=later):
            decide(
                platform, signer("decide"), KIND, PlatformConclusion(at, "the end"), NOW
            )
        append_entry(platform, "decide", KIND, PlatformConclusion(at, "the end"))
        record = read_chain(platform).records[-1]
        assert (record.status, later in record.why) == (EntryStatus.VOID, True)
    entry = conclude_platform(platform, soon, approved_by=None)
    with pytest.raises(ConfigurationError, match=later):  # nor is an earlier approval
        approve(platform, signer("owner-1"), entry.number, NOW)
    assert read_chain(platform).conclusion is None
    approve(platform, signer("owner-1"), entry.number, soon)
    assert read_chain(platform).conclusion == entry


def test_one_that_nobody_could_read_is_not_written(platform):
    naive = PlatformConclusion(NOW.replace(tzinfo=None), "")
    for content, message in (
        (replace_note("two\nlines"), "note: must be one line of printable text"),
        (naive, "at: must be a time with its zone"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            decide(platform, signer("decide"), KIND, content, NOW)


def replace_note(note):
    return PlatformConclusion(NOW, "")._replace(note=note)
