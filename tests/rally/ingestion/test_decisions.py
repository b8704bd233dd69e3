"""What people decided is read again, and what was decided once is not forgotten."""

from datetime import UTC, datetime, timedelta

import pytest

from rally.decisions.chain import PlatformConcluded
from rally.decisions.contents import DecisionKind, ReviewDecision, Suspension
from rally.decisions.entry import entry_name
from rally.decisions.verifying import read_chain
from rally.decisions.writing import approve, decide
from rally.ingestion.decisions import LiveDecisions
from rally.registry.approvals import Approvals, Coverage
from rally.registry.expunges import Expunges
from rally.registry.transitions import States, StudyAction, StudyState
from rally.storage.objectstore.local import LocalStore
from tests.support.expunges import order_expunge
from tests.support.people import signer
from tests.support.platform_conclusion import conclude_platform
from tests.support.reviews import sign_reviews
from tests.support.stores import found_platform
from tests.support.study_decisions import decide_study

NOON = datetime(2022, 6, 1, 12, tzinfo=UTC)
STOPPED = NOON - timedelta(days=1)


@pytest.fixture
def platform(tmp_path):
    store = LocalStore(str(tmp_path))
    found_platform(store)
    return store


def spoil(store, name, generation):
    store.replace(name, b"{}", generation)


@pytest.mark.parametrize("lose", [LocalStore.delete, spoil])
def test_stream_that_knows_of_a_pause_goes_on_with_it(small_rally, platform, lose):
    """Whatever becomes of the decision: else the study would collect again."""
    registry = small_rally.registry
    decide_study(platform, "rally-x", StudyAction.PAUSE, NOON)
    decisions, study = LiveDecisions(platform), registry.studies["rally-x"]
    assert decisions.read(registry).states.at(study, NOON) is StudyState.PAUSED
    lose(platform, entry_name(2), platform.stat(entry_name(2)).generation)

    assert States.read(registry, platform).at(study, NOON) is StudyState.COLLECTING
    assert decisions.read(registry).states.at(study, NOON) is StudyState.PAUSED
    decide_study(platform, "rally-x", StudyAction.END, NOON)
    assert decisions.read(registry).states.at(study, NOON) is StudyState.ENDED


def test_reviews_are_judged_again_where_chain_or_registry_changed(
    small_rally, platform
):
    registry, decisions = small_rally.registry, LiveDecisions(platform)
    document = registry.studies["rally-x"].documents["visit.1"]
    before = decisions.read(registry).approvals
    assert before.coverage(document, NOON) is Coverage.NONE
    assert decisions.read(registry).approvals is before
    other = registry.closing({"pioneer-y": "it is broken"})
    assert decisions.read(other).approvals is not before

    sign_reviews(platform, registry)
    after = decisions.read(registry).approvals
    assert after.coverage(document, NOON) is Coverage.COVERED
    assert before.coverage(document, NOON) is Coverage.NONE


@pytest.mark.parametrize("lose", [LocalStore.delete, spoil])
def test_stream_that_knows_an_order_to_expunge_goes_on_with_it(
    small_rally, platform, lose
):
    """Also where the next order gets the number of the one that is lost."""
    registry, decisions = small_rally.registry, LiveDecisions(platform)
    assert decisions.read(registry).expunges.orders == ()
    days = NOON.date(), NOON.date()
    order = order_expunge(platform, "rally-x", "visit.1", days, STOPPED)
    assert decisions.read(registry).expunges.orders == (order,)
    lost = entry_name(order.number)
    lose(platform, lost, platform.stat(lost).generation)
    assert Expunges.of_chain(read_chain(platform)).orders == ()
    assert decisions.read(registry).expunges.orders == (order,)
    other = order_expunge(platform, "rally-x", "visit.1", days, STOPPED, "/url")
    assert {*decisions.read(registry).expunges.orders} == {order, other}


def suspend(platform, review):
    content = Suspension("rally-x", "visit.1", "a leak")
    return decide(platform, signer("stop"), DecisionKind.SUSPEND, content, STOPPED)


def withdraw(platform, review):
    content = ReviewDecision("rally-x", review.id, "it was wrong")
    who = signer("privacy")
    return decide(platform, who, DecisionKind.WITHDRAW_REVIEW, content, STOPPED)


@pytest.mark.parametrize("lose", [LocalStore.delete, spoil])
@pytest.mark.parametrize("stop", [suspend, withdraw])
def test_stream_that_knows_what_was_stopped_goes_on_with_it(
    small_rally, platform, lose, stop
):
    """Also where the next decision gets the number of the one that is lost."""
    registry = small_rally.registry
    sign_reviews(platform, registry, confirms=False)
    study = registry.studies["rally-x"]
    document, [review] = study.documents["visit.1"], study.reviews
    lost = entry_name(stop(platform, review).number)
    decisions = LiveDecisions(platform)
    decisions.read(registry)
    lose(platform, lost, platform.stat(lost).generation)

    of_chain = Approvals.read(registry, platform)
    assert of_chain.coverage(document, NOON) is Coverage.COVERED
    known = decisions.read(registry).approvals
    assert known.coverage(document, NOON) is Coverage.NONE
    confirmed = ReviewDecision("rally-x", review.id, "still needed")
    decide(platform, signer("author"), DecisionKind.CONFIRM_REVIEW, confirmed, STOPPED)
    known = decisions.read(registry).approvals
    assert known.coverage(document, NOON) is Coverage.NONE


def test_stream_ends_once_its_platform_is_concluded(small_rally, platform):
    decisions = LiveDecisions(platform)
    asked = conclude_platform(platform, NOON, approved_by=None)
    decisions.read(small_rally.registry)  # which nobody approved yet
    approve(platform, signer("owner-1"), asked.number, NOON)
    with pytest.raises(PlatformConcluded, match="nothing begins there any more"):
        decisions.read(small_rally.registry)
