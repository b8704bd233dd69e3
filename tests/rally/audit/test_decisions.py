"""What is wrong with who decided breaks its promise, and what only waits does not."""

from datetime import timedelta

import pytest

from rally.audit.findings import Check
from rally.decisions.contents import AcceptedLoss, DecisionKind, Letters, StudyDecision
from rally.decisions.entry import Entry, encode, entry_name, sign
from rally.decisions.verifying import read_chain
from rally.decisions.writing import approve, decide
from rally.errors import ConfigurationError
from rally.events import MAIL, Event, EventKind, write_events
from rally.registry.transitions import StudyAction
from rally.storage.layout import EVENTS
from rally.withdrawal.list_object import read_list
from rally.withdrawal.withdrawal_list import RequestState
from tests.model.words import moment
from tests.rally.audit.place import counts, found
from tests.rally.audit.studies import BOG
from tests.support import forged_decisions
from tests.support.people import signer
from tests.support.request_decisions import confirm, reject, sign_letters
from tests.support.stores import FOUNDED, see_list
from tests.support.world import GARDEN, POND


def next_number(place):
    return read_chain(place.platform).head.number + 1


def forge(place, kind=DecisionKind.RESUME, number=0, by="decide"):
    """Somebody without a key of ours writes a decision."""
    about = StudyDecision(GARDEN, FOUNDED, "mine")
    return forged_decisions.forge(place.platform, kind, about, number, by, 99)


def letter(place):
    """Somebody writes a letter into the log."""
    who, time = place.platform_pseudonym(0), moment(6)
    event = Event(EventKind.LEFT, GARDEN, who, time, None, "letter-77", MAIL)
    write_events(place.platform, [event], "1")
    return event


def remove(place, name):
    place.platform.delete(name, place.platform.stat(name).generation)


def void(place):
    return forge(place), {"void": 1}


def void_among_others(place):
    name = forge(place)
    see_list(place.platform, 0)
    forge(place, by="mallory")
    return name, {"void": 2}


def foreign(place):
    return forge(place, number=900), {"no part of the chain": 1}


def foreign_zero(place):
    name = entry_name(0)
    place.platform.create(name, b"{}")
    return name, {"no part of the chain": 1}


def missing(place):
    """That the list names no head of, since nobody has published since."""
    number = next_number(place)
    decide_pause(place, "decide")
    decide_pause(place, "decide")
    remove(place, entry_name(number))
    return entry_name(number), {"missing": 1}


def lost(place):
    see_list(place.platform, 0)
    place.delete()
    number = read_list(place.platform).head.number
    remove(place, entry_name(number))
    what = "other decisions than the withdrawal list names"
    return entry_name(number), {"missing": 1, what: 1}


def replaced(place):
    """By one that its signer signed: only the published head says that it is other."""
    see_list(place.platform, 0)
    place.delete()
    published = read_list(place.platform)
    name = entry_name(published.head.number)
    entry = published.decisions.records[-1].entry
    remove(place, name)
    other = Entry(**{each: getattr(entry, each) for each in Entry.__slots__}
                  | {"when": entry.when + timedelta(1)})  # fmt: skip
    place.platform.create(name, encode(sign(other, signer(entry.by).key)))
    return "decisions/", {"other decisions than the withdrawal list names": 1}


def unsigned_letter(place):
    letter(place)
    what = "a letter that nobody signed for, and that counts for nothing"
    return None, {what: 1}


def lost_letter(place):
    number = next_number(place)
    before = {each.name for each in place.platform.list(EVENTS)}
    sign_letters(place.platform, letter(place))
    (name,) = {each.name for each in place.platform.list(EVENTS)} - before
    remove(place, name)
    return entry_name(number), {"letters that the event log has lost": 1}


def decide_pause(place, by):
    about = StudyDecision("rally-meadow", FOUNDED, "")  # of nobody
    return decide(place.platform, signer(by), DecisionKind.PAUSE, about, FOUNDED)


SEEDS = [void, void_among_others, foreign, foreign_zero, missing, lost, replaced,
         unsigned_letter, lost_letter]  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS, ids=lambda each: each.__name__)
def test_forged_or_lost_decision_breaks_its_own_promise_and_no_other(place, seed):
    where, what = seed(place)

    report = place.audit()

    assert set(found(report)) == {Check.DECISIONS}
    assert found(report, "unseen") == {}
    assert report.exit_status == 1
    seen = found(report)[Check.DECISIONS]
    assert where is None or where in {each.where for each in seen}
    assert counts(seen) == what


def test_nobody_acts_on_a_forged_decision(place):
    place.decide(GARDEN, StudyAction.PAUSE, 6)
    before = place.audit()
    forge(place)
    forge(place, DecisionKind.CONCLUDE)
    letter(place)
    after = place.audit()
    assert (after.studies, after.withdrawals) == (before.studies, before.withdrawals)


def apart(place):
    report = place.audit()
    assert report.exit_status == 0, found(report) | found(report, "unseen")
    seen = found(report, "apart").get(Check.DECISIONS, [])
    return [(each.where, each.what, each.number) for each in seen]


def test_decision_that_waits_for_a_second_owner_is_apart(place):
    assert apart(place) == []
    number = next_number(place)
    see_list(place.platform, 0)
    assert apart(place) == [(entry_name(number), "waits for a second owner", 1)]


def test_signed_letter_is_proved(place):
    sign_letters(place.platform, letter(place))
    assert apart(place) == []


def test_decision_on_what_was_not_held_is_apart(place):
    published = read_list(place.platform).list
    active = [e for e in published.withdrawals if e.state is not RequestState.HELD]
    entry = reject(place.platform, published.counter, *active)
    what = "withdrawal.reject, which counts for nothing: not held, or decided before"
    assert apart(place) == [(entry_name(entry.number), what, len(active))]


def test_of_two_decisions_the_second_is_apart(place):
    published = read_list(place.platform).list
    (held,) = [e for e in published.withdrawals if e.state is RequestState.HELD]
    assert held.scope == POND
    confirm(place.platform, published.counter, held)
    assert apart(place) == []
    entry = reject(place.platform, published.counter, held)
    what = "withdrawal.reject, which counts for nothing: not held, or decided before"
    assert apart(place) == [(entry_name(entry.number), what, 1)]


def test_letters_of_a_concluded_study_may_be_gone(place):
    late = Letters(BOG, FOUNDED, ("0" * 32,))
    decide(place.platform, signer("decide"), DecisionKind.RECORD_LETTERS, late, FOUNDED)
    assert apart(place) == []


def test_what_two_owners_accepted_is_apart(place):
    name, _ = void(place)
    see_list(place.platform, 0)
    chain = read_chain(place.platform)
    loss = AcceptedLoss(chain.head.number, chain.head.digest, "a prank")
    asked = decide(
        place.platform, signer("owner-1"), DecisionKind.ACCEPT_LOSS, loss, FOUNDED
    )
    assert set(found(place.audit())) == {Check.DECISIONS}
    approve(place.platform, signer("owner-2"), asked.number, FOUNDED)
    waits = entry_name(chain.head.number)
    assert apart(place) == [
        (name, "void, as two owners accepted", 1),
        (waits, "waits for a second owner", 1),
    ]
    forge(place)
    assert counts(found(place.audit())[Check.DECISIONS]) == {"void": 1}


def test_without_the_first_decision_nothing_is_proved(place):
    remove(place, entry_name(1))
    with pytest.raises(ConfigurationError) as raised:
        place.audit()
    assert f"{entry_name(1)}: is missing; restore it" in str(raised.value)


def test_report_says_that_a_platform_is_for_development(place):
    assert place.audit().development
