"""What is wrong with who decided breaks its promise, and what only waits does not."""

from datetime import timedelta

import pytest

from rally.audit.findings import Check
from rally.decisions.contents import DecisionKind, Letters, StudyDecision
from rally.decisions.entry import Entry, encode, entry_name, sign
from rally.decisions.platform_contents import AcceptedLoss
from rally.decisions.verifying import read_chain
from rally.decisions.writing import approve, decide
from rally.errors import ConfigurationError
from rally.events import MAIL, Event, EventKind, write_events
from rally.registry.transitions import StudyAction
from rally.storage.layout import EVENTS
from rally.withdrawal.list_object import read_list
from rally.withdrawal.withdrawal_list import RequestState
from tests.model.words import moment
from tests.rally.audit.audited_platform import count_by_description, lines_by_check
from tests.rally.audit.studies import BOG
from tests.support import forged_decisions
from tests.support.access_cases import approve_case, open_case, verify_case
from tests.support.people import signer
from tests.support.request_decisions import confirm, reject, sign_letters
from tests.support.stores import FOUNDED, see_list
from tests.support.world import GARDEN, POND


def next_number(deployment):
    return read_chain(deployment.platform).head.number + 1


def forge(deployment, kind=DecisionKind.RESUME, number=0, by="decide"):
    """Somebody without a key of ours writes a decision."""
    about = StudyDecision(GARDEN, FOUNDED, "mine")
    return forged_decisions.forge(deployment.platform, kind, about, number, by, 99)


def letter(deployment):
    """Somebody writes a letter into the log."""
    who, time = deployment.platform_pseudonym(0), moment(6)
    event = Event(EventKind.LEFT, GARDEN, who, time, None, "letter-77", MAIL)
    write_events(deployment.platform, [event], "1")
    return event


def remove(deployment, name):
    deployment.platform.delete(name, deployment.platform.stat(name).generation)


def void(deployment):
    return forge(deployment), {"void": 1}


def void_among_others(deployment):
    name = forge(deployment)
    see_list(deployment.platform, 0)
    forge(deployment, by="mallory")
    return name, {"void": 2}


def foreign(deployment):
    return forge(deployment, number=900), {"no part of the chain": 1}


def foreign_zero(deployment):
    name = entry_name(0)
    deployment.platform.create(name, b"{}")
    return name, {"no part of the chain": 1}


def missing(deployment):
    """That the list names no head of, since nobody has published since."""
    number = next_number(deployment)
    decide_pause(deployment, "decide")
    decide_pause(deployment, "decide")
    remove(deployment, entry_name(number))
    return entry_name(number), {"missing": 1}


def lost(deployment):
    see_list(deployment.platform, 0)
    deployment.delete()
    number = read_list(deployment.platform).head.number
    remove(deployment, entry_name(number))
    what = "other decisions than the withdrawal list names"
    return entry_name(number), {"missing": 1, what: 1}


def replaced(deployment):
    """By one that its signer signed: only the published head says that it is other."""
    see_list(deployment.platform, 0)
    deployment.delete()
    published = read_list(deployment.platform)
    name = entry_name(published.head.number)
    entry = published.decisions.records[-1].entry
    remove(deployment, name)
    other = Entry(**{each: getattr(entry, each) for each in Entry.__slots__}
                  | {"when": entry.when + timedelta(1)})  # fmt: skip
    deployment.platform.create(name, encode(sign(other, signer(entry.by).key)))
    return "decisions/", {"other decisions than the withdrawal list names": 1}


def unsigned_letter(deployment):
    letter(deployment)
    what = "a letter that nobody signed for, and that counts for nothing"
    return None, {what: 1}


def lost_letter(deployment):
    number = next_number(deployment)
    before = {each.name for each in deployment.platform.list(EVENTS)}
    sign_letters(deployment.platform, letter(deployment))
    (name,) = {each.name for each in deployment.platform.list(EVENTS)} - before
    remove(deployment, name)
    return entry_name(number), {"letters that the event log has lost": 1}


def decide_pause(deployment, by):
    about = StudyDecision("rally-meadow", FOUNDED, "")  # of nobody
    return decide(deployment.platform, signer(by), DecisionKind.PAUSE, about, FOUNDED)


SEEDS = [void, void_among_others, foreign, foreign_zero, missing, lost, replaced,
         unsigned_letter, lost_letter]  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS, ids=lambda each: each.__name__)
def test_forged_or_lost_decision_breaks_its_own_promise_and_no_other(deployment, seed):
    where, what = seed(deployment)

    report = deployment.audit()

    assert set(lines_by_check(report)) == {Check.DECISIONS}
    assert lines_by_check(report, "unseen") == {}
    assert report.exit_status == 1
    seen = lines_by_check(report)[Check.DECISIONS]
    assert where is None or where in {each.where for each in seen}
    assert count_by_description(seen) == what


def test_nobody_acts_on_a_forged_decision(deployment):
    deployment.decide(GARDEN, StudyAction.PAUSE, 6)
    before = deployment.audit()
    forge(deployment)
    forge(deployment, DecisionKind.CONCLUDE)
    letter(deployment)
    after = deployment.audit()
    assert (after.studies, after.withdrawals) == (before.studies, before.withdrawals)


def apart(deployment):
    report = deployment.audit()
    assert report.exit_status == 0, lines_by_check(report) | lines_by_check(
        report, "unseen"
    )
    seen = lines_by_check(report, "apart").get(Check.DECISIONS, [])
    return [(each.where, each.what, each.number) for each in seen]


def test_decision_that_waits_for_a_second_owner_is_apart(deployment):
    assert apart(deployment) == []
    number = next_number(deployment)
    see_list(deployment.platform, 0)
    assert apart(deployment) == [
        (entry_name(number), "waits for a second signature", 1)
    ]


def test_signed_letter_is_proved(deployment):
    sign_letters(deployment.platform, letter(deployment))
    assert apart(deployment) == []


def test_decision_on_what_was_not_held_is_apart(deployment):
    published = read_list(deployment.platform).list
    active = [e for e in published.withdrawals if e.state is not RequestState.HELD]
    entry = reject(deployment.platform, published.counter, *active)
    what = "withdrawal.reject, which counts for nothing: not held, or decided before"
    assert apart(deployment) == [(entry_name(entry.number), what, len(active))]


def test_of_two_decisions_the_second_is_apart(deployment):
    published = read_list(deployment.platform).list
    (held,) = [e for e in published.withdrawals if e.state is RequestState.HELD]
    assert held.scope == POND
    confirm(deployment.platform, published.counter, held)
    assert apart(deployment) == []
    entry = reject(deployment.platform, published.counter, held)
    what = "withdrawal.reject, which counts for nothing: not held, or decided before"
    assert apart(deployment) == [(entry_name(entry.number), what, 1)]


def test_decision_that_breaks_a_rule_of_cases_is_apart(deployment):
    """Whoever opened a case approves it, and signs what counts for nothing."""
    person = deployment.platform_pseudonym(0)
    open_case(deployment.platform, person, "decide")
    verify_case(deployment.platform)
    assert apart(deployment) == []
    entry = approve_case(deployment.platform, "decide")
    what = "access.approve, which counts for nothing: it breaks a rule of cases"
    assert apart(deployment) == [(entry_name(entry.number), what, 1)]


def test_letters_of_a_concluded_study_may_be_gone(deployment):
    late = Letters(BOG, FOUNDED, ("0" * 32,))
    decide(
        deployment.platform,
        signer("decide"),
        DecisionKind.RECORD_LETTERS,
        late,
        FOUNDED,
    )
    assert apart(deployment) == []


def test_what_two_owners_accepted_is_apart(deployment):
    name, _ = void(deployment)
    see_list(deployment.platform, 0)
    chain = read_chain(deployment.platform)
    loss = AcceptedLoss(chain.head.number, chain.head.digest, "a prank")
    asked = decide(
        deployment.platform, signer("owner-1"), DecisionKind.ACCEPT_LOSS, loss, FOUNDED
    )
    assert set(lines_by_check(deployment.audit())) == {Check.DECISIONS}
    approve(deployment.platform, signer("owner-2"), asked.number, FOUNDED)
    waits = entry_name(chain.head.number)
    assert apart(deployment) == [
        (name, "void, as two owners accepted", 1),
        (waits, "waits for a second signature", 1),
    ]
    forge(deployment)
    assert count_by_description(
        lines_by_check(deployment.audit())[Check.DECISIONS]
    ) == {"void": 1}


def test_without_the_first_decision_nothing_is_proved(deployment):
    remove(deployment, entry_name(1))
    with pytest.raises(ConfigurationError) as raised:
        deployment.audit()
    assert f"{entry_name(1)}: is missing; restore it" in str(raised.value)


def test_report_says_that_a_platform_is_for_development(deployment):
    assert deployment.audit().development
