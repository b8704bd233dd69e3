"""A pause whose entry is lost resumes no collection: the list remembers it."""

import pytest

from rally.decisions.contents import DecisionKind
from rally.decisions.entry import entry_name
from rally.decisions.platform_contents import AcceptedLoss
from rally.decisions.writing import approve, decide
from rally.ingestion.decisions import LiveDecisions
from rally.registry.transitions import StudyAction, StudyState
from rally.withdrawal.list_object import read_list
from rally.withdrawal.live_list import LiveList
from tests.support.memory_deployment import day
from tests.support.people import signer
from tests.support.study_decisions import decide_study
from tests.support.world import GARDEN

ALWAYS = 1e9


def state(deployment):
    """The garden's state as an ingest sees it that begins now."""
    withdrawals = LiveList(deployment.platform, ALWAYS)
    decisions = LiveDecisions(deployment.platform, lambda: withdrawals.steps)
    states = decisions.read(deployment.registry).states
    return states.at(deployment.registry.studies[GARDEN], day(31))


def lose(deployment, entry):
    info = deployment.platform.stat(entry_name(entry.number))
    deployment.platform.delete(info.name, info.generation)


@pytest.mark.parametrize(
    ("decided", "expected"),
    [
        ([StudyAction.PAUSE], StudyState.PAUSED),
        ([StudyAction.END], StudyState.ENDED),
        ([StudyAction.END, StudyAction.CONCLUDE], StudyState.CONCLUDED),
        ([StudyAction.PAUSE, StudyAction.RESUME], StudyState.COLLECTING),
    ],
)
def test_study_stays_as_it_was_when_its_decisions_are_lost(
    deployment, decided, expected
):
    entries = [
        decide_study(deployment.platform, GARDEN, action, day(10 + number))
        for number, action in enumerate(decided)
    ]
    deployment.delete()
    for entry in entries:
        lose(deployment, entry)
    assert state(deployment) is expected
    deployment.delete()
    assert state(deployment) is expected


def test_resumption_that_is_lost_leaves_the_pause(deployment):
    decide_study(deployment.platform, GARDEN, StudyAction.PAUSE, day(10))
    deployment.delete()
    resumed = decide_study(deployment.platform, GARDEN, StudyAction.RESUME, day(11))
    assert state(deployment) is StudyState.COLLECTING
    lose(deployment, resumed)
    assert state(deployment) is StudyState.PAUSED


def test_what_two_owners_accept_as_lost_counts_for_nothing(deployment):
    paused = decide_study(deployment.platform, GARDEN, StudyAction.PAUSE, day(10))
    deployment.delete()
    lose(deployment, paused)
    published = read_list(deployment.platform)
    head = published.head
    lost = published.decisions.head
    loss = AcceptedLoss(lost.number, lost.digest, "")
    entry = decide(
        deployment.platform,
        signer("owner-1"),
        DecisionKind.ACCEPT_LOSS,
        loss,
        day(20),
        head,
    )
    approve(deployment.platform, signer("owner-2"), entry.number, day(20), head)
    assert state(deployment) is StudyState.PAUSED
    deployment.delete()
    assert state(deployment) is StudyState.COLLECTING
