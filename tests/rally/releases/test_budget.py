"""A study's budget is allotted once, and never exceeded."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from rally.decisions.contents import DecisionKind
from rally.decisions.release_contents import Allotment
from rally.decisions.verifying import read_chain
from rally.decisions.writing import approve, decide
from rally.errors import ConfigurationError
from rally.releases.approval import allotments
from rally.releases.budget import (
    budget_of,
    budgets,
    epsilon_of,
    most_of_a_person,
    overspent,
)
from tests.fakes.memory_store import MemoryStore
from tests.support.ledger_lines import STUDY, put_lines, reservation
from tests.support.people import signer
from tests.support.stores import found_platform

AT = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def platform():
    store = MemoryStore()
    found_platform(store)
    return store


def allot(platform, rho, study=STUDY, *, is_approved=True):
    content = Allotment(study, rho, "four releases")
    kind = DecisionKind.ALLOT_BUDGET
    entry = decide(platform, signer("decide"), kind, content, AT)
    if is_approved:
        approve(platform, signer("privacy"), entry.number, AT)


def test_first_allotment_that_two_people_signed_stands_for_ever(platform):
    allot(platform, "9", is_approved=False)
    assert allotments(read_chain(platform)) == {}
    allot(platform, "0.07")
    allot(platform, "0.9")
    assert allotments(read_chain(platform)) == {STUDY: Decimal("0.07")}


def test_what_is_left_is_exact(platform):
    allot(platform, "0.3")
    ledger = put_lines(platform, *(reservation(f"r{n}", "0.1") for n in range(3)))
    budget = budget_of(read_chain(platform), ledger, STUDY)
    assert (budget.reserved, budget.left) == (Decimal("0.3"), 0)
    with pytest.raises(
        ConfigurationError, match=r"exhausted: .* rho 0\.000000001, and 0"
    ):
        budget.check_room(Decimal("0.000000001"))


def test_cost_of_all_that_is_left_has_room(platform):
    allot(platform, "0.3")
    ledger = put_lines(platform, reservation(rho="0.1"))
    budget = budget_of(read_chain(platform), ledger, STUDY)
    budget.check_room(Decimal("0.2"))
    with pytest.raises(ConfigurationError, match=r"0\.2 of 0\.3 is left"):
        budget.check_room(Decimal("0.20001"))


def test_study_without_a_budget_releases_nothing(platform):
    budget = budget_of(read_chain(platform), put_lines(platform), STUDY)
    with pytest.raises(ConfigurationError, match="has no budget"):
        budget.check_room(Decimal("0.001"))


def test_study_that_took_too_much_is_named(platform):
    allot(platform, "0.1")
    ledger = put_lines(
        platform, reservation(rho="0.2"), reservation("b", "0.3", "rally-pond")
    )
    chain = read_chain(platform)
    assert [*overspent(chain, ledger)] == [
        f"{STUDY}: its releases took rho 0.2 of 0.1",
        "rally-pond: its releases took rho 0.3 of 0",
    ]
    assert [each.study for each in budgets(chain, ledger)] == [STUDY, "rally-pond"]


def test_person_is_bounded_by_all_allotments(platform):
    allot(platform, "0.07")
    allot(platform, "0.05", "rally-pond")
    assert most_of_a_person(read_chain(platform)) == Decimal("0.12")


def test_epsilon_is_as_published():
    """Facts: a cost of 0.0175 is about epsilon 1 at a delta of one in a million."""
    assert epsilon_of(Decimal("0.0175")) == pytest.approx(1.0009, abs=0.001)
