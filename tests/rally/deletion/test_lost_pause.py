"""A pause whose entry is lost resumes no collection: the list remembers it."""

import pytest

from rally.decisions.contents import AcceptedLoss, Kind
from rally.decisions.entry import entry_name
from rally.decisions.writing import approve, decide
from rally.ingestion.setup import LiveStates
from rally.registry.transitions import Action, State
from rally.withdrawal.list_object import read_list
from rally.withdrawal.live_list import LiveList
from tests.pipelines.world import GARDEN
from tests.rally.deletion.place import day
from tests.support.decided import decide_study
from tests.support.people import signer

ALWAYS = 1e9


def state(place):
    """The garden's state as an ingest sees it that begins now."""
    withdrawals = LiveList(place.platform, ALWAYS)
    states = LiveStates(
        place.registry, place.platform, ALWAYS, lambda: withdrawals.steps
    )
    return states().at(place.registry.studies[GARDEN], day(31))


def lose(place, number):
    info = place.platform.stat(entry_name(number))
    place.platform.delete(info.name, info.generation)


@pytest.mark.parametrize(
    ("decided", "expected"),
    [
        ([Action.PAUSE], State.PAUSED),
        ([Action.END], State.ENDED),
        ([Action.END, Action.CONCLUDE], State.CONCLUDED),
        ([Action.PAUSE, Action.RESUME], State.COLLECTING),
    ],
)
def test_study_stays_as_it_was_when_its_decisions_are_lost(place, decided, expected):
    for number, action in enumerate(decided):
        decide_study(place.platform, GARDEN, action, day(10 + number))
    place.delete()
    for number in range(len(decided)):
        lose(place, 2 + number)
    assert state(place) is expected
    place.delete()
    assert state(place) is expected


def test_resumption_that_is_lost_leaves_the_pause(place):
    decide_study(place.platform, GARDEN, Action.PAUSE, day(10))
    place.delete()
    decide_study(place.platform, GARDEN, Action.RESUME, day(11))
    assert state(place) is State.COLLECTING
    lose(place, 3)
    assert state(place) is State.PAUSED


def test_what_two_owners_accept_as_lost_counts_for_nothing(place):
    decide_study(place.platform, GARDEN, Action.PAUSE, day(10))
    place.delete()
    lose(place, 2)
    published = read_list(place.platform)
    head = published.head
    lost = published.decisions.head
    loss = AcceptedLoss(lost.number, lost.digest, "")
    entry = decide(
        place.platform, signer("owner-1"), Kind.ACCEPT_LOSS, loss, day(20), head
    )
    approve(place.platform, signer("owner-2"), entry.number, day(20), head)
    assert state(place) is State.PAUSED
    place.delete()
    assert state(place) is State.COLLECTING
