"""Cases: two people for each, and no state that nobody decided."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.access.cases import (
    CaseState,
    find_ignored,
    fold_entries,
    read_cases,
    subject_of,
)
from rally.decisions.access_contents import (
    AccessDecision,
    AccessOpening,
    AccessVerification,
    VerificationMeans,
)
from rally.decisions.contents import DecisionKind
from rally.decisions.entry import Entry
from rally.decisions.verifying import read_chain
from tests.fakes.memory_store import MemoryStore
from tests.support.access_cases import (
    CASE,
    EVIDENCE,
    OPENED,
    RECIPIENT,
    approve_case,
    approved_case,
    built,
    destroyed,
    fetched,
    open_case,
    put_record,
    refuse_case,
    verify_case,
)
from tests.support.stores import found_platform

ANN, BOB = (
    "6f1d2c3b-0000-8000-8000-00000000000a",
    "6f1d2c3b-0000-8000-8000-00000000000b",
)
DAY = timedelta(days=1)
PING, ACCOUNT, ATTESTATION = VerificationMeans


@pytest.fixture
def platform():
    store = MemoryStore()
    found_platform(store)
    return store


def cases(platform, now=OPENED):
    return read_cases(read_chain(platform), platform, now)


def state(platform, now=OPENED):
    return cases(platform, now)[CASE].state


def test_case_goes_from_state_to_state(platform):
    states = []
    for step in (
        lambda: open_case(platform, ANN, leaves=True, to=RECIPIENT),
        lambda: verify_case(platform),
        lambda: approve_case(platform),
        lambda: put_record(platform, built()),
        lambda: put_record(platform, fetched()),
        lambda: put_record(platform, destroyed()),
    ):
        step()
        states.append(state(platform))
    assert states == ["opened", "verified", "approved", "built", "fetched", "destroyed"]
    [case] = cases(platform).values()
    assert (case.wants_leaving, case.recipient) == (True, RECIPIENT)
    assert (case.opened.by, case.approved.by) == ("decide", "decide-2")
    assert [(each.by, each.means) for each in case.verified] == [("service", ACCOUNT)]
    assert (case.built, case.fetched, case.destroyed) == (
        built(),
        fetched(),
        destroyed(),
    )


def test_case_names_nobody_and_knows_whose_it_is(platform):
    open_case(platform, ANN)
    open_case(platform, ANN, case="0" * 8)
    first, second = cases(platform).values()
    assert first.subject != second.subject
    assert [each.is_of(ANN) for each in (first, second)] == [True, True]
    assert [each.is_of(BOB) for each in (first, second)] == [False, False]
    written = b"".join(platform.read(each.name) for each in platform.list(""))
    assert ANN.encode() not in written


@pytest.mark.parametrize(
    ("days", "expected"), [(6.99, CaseState.BUILT), (7, CaseState.EXPIRED)]
)
def test_copy_that_nobody_fetches_expires_after_seven_days(platform, days, expected):
    approved_case(platform, ANN)
    put_record(platform, built())
    assert state(platform, OPENED + days * DAY) == expected


@pytest.mark.parametrize(("days", "overdue"), [(20, False), (20.01, True), (40, True)])
def test_case_that_is_open_for_more_than_twenty_days_is_overdue(
    platform, days, overdue
):
    open_case(platform, ANN)
    now = OPENED + days * DAY
    assert cases(platform, now)[CASE].is_overdue(now) == overdue
    refuse_case(platform)
    assert not cases(platform, now)[CASE].is_overdue(now)


def attest(by, note="we know her voice"):
    return lambda platform: verify_case(platform, by, ATTESTATION, note)


def ping(by):
    return lambda platform: verify_case(platform, by, PING)


# Each case is opened by decide. What is done then, who approves, and what comes of it.
TWO_PEOPLE = [
    ([], "decide-2", "opened"),
    ([verify_case], "decide-2", "approved"),
    ([verify_case], "decide", "verified"),
    ([ping("decide")], "decide-2", "approved"),
    ([ping("decide-2")], "decide-2", "verified"),
    ([ping("decide-2")], "decide", "verified"),
    ([ping("decide"), ping("decide-2")], "decide-2", "approved"),
    ([attest("decide")], "decide-2", "opened"),
    ([attest("decide"), attest("decide")], "decide-2", "opened"),
    ([attest("decide-2")], "decide-2", "opened"),
    ([attest("decide"), attest("decide-2", "")], "decide-2", "opened"),
    ([attest("decide"), attest("decide-2")], "decide-2", "approved"),
    ([attest("decide"), attest("decide-2")], "decide", "verified"),
    ([ping("decide-2"), attest("decide")], "decide-2", "verified"),
    ([verify_case, refuse_case], "decide-2", "refused"),
]


@pytest.mark.parametrize(("verifications", "by", "expected"), TWO_PEOPLE)
def test_two_people_at_least_stand_for_each_case(platform, verifications, by, expected):
    open_case(platform, ANN)
    for each in verifications:
        each(platform)
    approve_case(platform, by)
    assert state(platform) == expected


RESTS = [
    ([], False),
    ([verify_case], False),
    ([ping("decide")], True),
    ([ping("decide"), attest("decide-2")], True),
    ([ping("decide"), attest("decide"), attest("decide-2")], False),
    ([ping("decide"), verify_case], False),
]


@pytest.mark.parametrize(("verifications", "rests"), RESTS)
def test_case_rests_on_a_ping_where_nothing_else_verifies_it(
    platform, verifications, rests
):
    open_case(platform, ANN)
    for each in verifications:
        each(platform)
    assert cases(platform)[CASE].rests_on_ping == rests


def test_approval_before_the_verification_counts_for_nothing(platform):
    open_case(platform, ANN)
    approve_case(platform)
    verify_case(platform)
    assert state(platform) == CaseState.VERIFIED


def test_refusal_ends_a_case_however_far_it_is(platform):
    approved_case(platform, ANN)
    put_record(platform, built())
    refuse_case(platform)
    approve_case(platform)
    [case] = cases(platform).values()
    assert (case.state, case.is_open, case.has_archive) == ("refused", False, True)
    put_record(platform, destroyed())
    assert not cases(platform)[CASE].has_archive


def test_copy_that_nobody_approved_counts_for_nothing(platform):
    open_case(platform, ANN)
    verify_case(platform)
    put_record(platform, built())
    [case] = cases(platform).values()
    assert (case.state, case.built) == (CaseState.VERIFIED, None)


@pytest.mark.parametrize("record", [fetched(), destroyed()])
def test_nothing_becomes_of_a_copy_that_was_not_made(platform, record):
    approved_case(platform, ANN)
    put_record(platform, record)
    assert state(platform) == CaseState.APPROVED


def test_id_of_a_case_is_given_once(platform):
    open_case(platform, ANN)
    open_case(platform, BOB, "decide-2")
    assert cases(platform)[CASE].is_of(ANN)
    assert cases(platform)[CASE].opened.by == "decide"


def test_entries_that_break_a_rule_are_found(platform):
    counts = [open_case(platform, ANN), verify_case(platform), approve_case(platform)]
    broken = [
        open_case(platform, BOB),
        verify_case(platform),
        approve_case(platform, "decide"),
        refuse_case(platform, case="0" * 8),
    ]
    counts.append(refuse_case(platform))
    broken.append(approve_case(platform))
    chain = read_chain(platform)
    assert find_ignored(chain) == broken
    assert len([*chain.of(*DecisionKind)]) == 1 + len(counts) + len(broken)


def test_decision_on_no_case_counts_for_nothing(platform):
    verify_case(platform)
    approve_case(platform)
    refuse_case(platform)
    assert cases(platform) == {}


PEOPLE = ("decide", "decide-2", "service")
KINDS = st.sampled_from(
    [
        (
            DecisionKind.OPEN_CASE,
            AccessOpening(CASE, subject_of(CASE, ANN), False, None),
        ),
        *(
            (DecisionKind.VERIFY_CASE, AccessVerification(CASE, means, EVIDENCE, note))
            for means in VerificationMeans
            for note in ("", "a reason")
        ),
        (DecisionKind.APPROVE_CASE, AccessDecision(CASE, "")),
        (DecisionKind.REFUSE_CASE, AccessDecision(CASE, "")),
    ]
)


@given(st.lists(st.tuples(KINDS, st.sampled_from(PEOPLE)), max_size=12))
def test_no_order_of_decisions_approves_what_one_person_saw(decisions):
    entries = [
        Entry("0" * 32, number, "0" * 64, 0, kind, content, OPENED, by)
        for number, ((kind, content), by) in enumerate(decisions, 2)
    ]
    case = fold_entries(entries).get(CASE)
    if case is None or case.approved is None:
        return
    assert case.approved.by != case.opened.by
    assert case.verifiers - {case.approved.by}
    attested = {each.by for each in case.verified if each.means is ATTESTATION}
    by_others = [each for each in case.verified if each.means is not ATTESTATION]
    assert by_others or len(attested) > 1
    assert all(each.note for each in case.verified if each.means is ATTESTATION)
    # What is said after an end changes nothing.
    later = replace(entries[-1], kind=DecisionKind.APPROVE_CASE, by="service",
                    content=AccessDecision(CASE, "again"))  # fmt: skip
    assert fold_entries([*entries, later])[CASE].approved == case.approved
