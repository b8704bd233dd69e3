"""States over time: the dates of the file, and what operators decide."""

from datetime import UTC, date, datetime, timedelta, timezone
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.decisions.contents import DecisionKind as DecisionKind
from rally.decisions.contents import StudyDecision
from rally.decisions.entry import Entry, encode, entry_name, sign
from rally.decisions.verifying import read_chain
from rally.decisions.writing import approve
from rally.decisions.writing import decide as sign_decision
from rally.errors import ConfigurationError
from rally.registry.study import StudyKind
from rally.registry.transitions import (
    States,
    StudyAction,
    StudyState,
    Transition,
    check_transition,
    decided_in,
    transitions_in,
)
from tests.fakes.memory_store import MemoryStore
from tests.support.people import signer
from tests.support.platform_conclusion import conclude_platform
from tests.support.stores import found_platform
from tests.support.study_decisions import decide_study

PAUSE, RESUME, END, CONCLUDE = (
    StudyAction.PAUSE,
    StudyAction.RESUME,
    StudyAction.END,
    StudyAction.CONCLUDE,
)
X = "rally-x"
STUDY = SimpleNamespace(
    namespace=X,
    kind=StudyKind.STUDY,
    starts=date(2022, 3, 10),
    collect_through=date(2022, 6, 30),
)
OPEN_END = SimpleNamespace(namespace=X, starts=date(2022, 3, 10), collect_through=None)
REGISTRY = SimpleNamespace(study={X: STUDY}.get, is_registered={X}.__contains__)
TICK = timedelta(microseconds=1)


def day(month, day, hour=0):
    return datetime(2022, month, day, hour, tzinfo=UTC)


def decide(action, at, namespace=X):
    return Transition(namespace, action, at, "op", "")


def at(time, *decisions, study=STUDY):
    return States(REGISTRY, decisions).at(study, time)


@pytest.mark.parametrize(
    ("time", "state"),
    [
        (day(3, 10) - TICK, StudyState.DRAFT),
        (day(3, 10), StudyState.COLLECTING),
        (day(7, 1) - TICK, StudyState.COLLECTING),
        (day(7, 1), StudyState.ENDED),
        (
            datetime(2022, 3, 10, 1, tzinfo=timezone(timedelta(hours=2))),
            StudyState.DRAFT,
        ),
    ],
)
def test_dates_make_states(time, state):
    assert at(time) is state


def test_study_without_an_end_collects_on():
    assert at(day(12, 31), study=OPEN_END) is StudyState.COLLECTING


@pytest.mark.parametrize(
    ("time", "state"),
    [
        (day(4, 1) - TICK, StudyState.COLLECTING),
        (day(4, 1), StudyState.PAUSED),
        (day(4, 8) - TICK, StudyState.PAUSED),
        (day(4, 8), StudyState.COLLECTING),
        (day(5, 1), StudyState.ENDED),
        (day(8, 1) - TICK, StudyState.ENDED),
        (day(8, 1), StudyState.CONCLUDED),
    ],
)
def test_decisions_override_dates(time, state):
    decisions = [
        decide(CONCLUDE, day(8, 1)),
        decide(PAUSE, day(4, 1)),
        decide(END, day(5, 1)),
        decide(RESUME, day(4, 8)),
    ]
    assert at(time, *decisions) is state


@pytest.mark.parametrize(
    ("decisions", "time", "state"),
    [
        ([(PAUSE, day(3, 1))], day(3, 5), StudyState.PAUSED),
        ([(PAUSE, day(3, 1))], day(7, 1), StudyState.ENDED),
        ([(PAUSE, day(4, 1)), (RESUME, day(8, 1))], day(8, 2), StudyState.ENDED),
        ([(END, day(4, 1)), (RESUME, day(5, 1))], day(5, 2), StudyState.ENDED),
        ([(END, day(4, 1)), (PAUSE, day(5, 1))], day(5, 2), StudyState.ENDED),
        ([(CONCLUDE, day(8, 1)), (PAUSE, day(9, 1))], day(9, 2), StudyState.CONCLUDED),
        ([(PAUSE, day(4, 1)), (RESUME, day(4, 1))], day(4, 1), StudyState.PAUSED),
        ([(RESUME, day(4, 1))], day(4, 1), StudyState.COLLECTING),
    ],
    ids=[
        "paused before the start",
        "end of a paused study",
        "no resumption past the end",
        "ended stays ended when resumed",
        "ended stays ended when paused",
        "concluded stays concluded",
        "pause wins at one time",
        "resumption of nothing",
    ],
)
def test_states_follow_each_other(decisions, time, state):
    decided = [decide(action, when) for action, when in decisions]
    assert at(time, *decided) is state
    assert at(time, *reversed(decided)) is state


def test_decisions_of_other_studies_do_not_matter():
    assert at(day(5, 1), decide(END, day(4, 1), "rally-y")) is StudyState.COLLECTING


TIMES = st.integers(0, 9).map(lambda days: day(4, 1) + timedelta(days=days))
DECISIONS = st.lists(st.builds(decide, st.sampled_from(StudyAction), TIMES), max_size=8)


@given(decisions=DECISIONS, order=st.randoms(), time=TIMES)
def test_order_of_the_log_does_not_matter(decisions, order, time):
    shuffled = list(decisions)
    order.shuffle(shuffled)
    assert at(time, *shuffled) is at(time, *decisions)


@given(decisions=DECISIONS, time=TIMES)
def test_later_decisions_change_no_earlier_state(decisions, time):
    past = [each for each in decisions if each.at <= time]
    assert at(time, *past) is at(time, *decisions)


PASTS = {
    StudyState.DRAFT: (day(3, 1),),
    StudyState.COLLECTING: (day(4, 1),),
    StudyState.PAUSED: (day(4, 2), decide(PAUSE, day(4, 1))),
    StudyState.ENDED: (day(7, 1),),
}
POSSIBLE = {
    PAUSE: "draft or collecting",
    RESUME: "paused",
    END: "draft or collecting or paused",
    CONCLUDE: "ended",
}


@pytest.mark.parametrize("state", PASTS)
@pytest.mark.parametrize("action", StudyAction)
def test_only_possible_transitions_are_allowed(state, action):
    time, *past = PASTS[state]
    states, possible = States(REGISTRY, past), POSSIBLE[action]
    if state in possible.split(" or "):
        check_transition(states, STUDY, action, time)
        return
    with pytest.raises(ConfigurationError) as caught:
        check_transition(states, STUDY, action, time)
    assert str(caught.value) == (
        f"{action}: the study is {state}, and must be {possible} for it"
    )


@pytest.mark.parametrize("action", StudyAction)
@pytest.mark.parametrize("time", [day(4, 1), day(7, 1), day(8, 1)])
def test_nothing_brings_a_concluded_study_back(action, time):
    """Not even a decision that is dated before the conclusion."""
    states = States(REGISTRY, [decide(CONCLUDE, day(8, 1))])
    with pytest.raises(ConfigurationError) as caught:
        check_transition(states, STUDY, action, time)
    assert str(caught.value) == (
        f"{action}: {X} is concluded, and nothing brings it back"
    )


def test_platform_is_never_concluded():
    hub = SimpleNamespace(**{**vars(STUDY), "kind": StudyKind.PLATFORM})
    with pytest.raises(ConfigurationError) as caught:
        check_transition(States(REGISTRY, []), hub, CONCLUDE, day(7, 1))
    assert str(caught.value) == (
        f"conclude: {X} is the platform's own, and goes with it: see `rally"
        " platform conclude`"
    )


def test_namespaces_of_the_platform_are_concluded_with_it():
    hub = SimpleNamespace(**{**vars(STUDY), "kind": StudyKind.PLATFORM})
    registry = SimpleNamespace(studies={X: hub}, is_registered=lambda name: name == X)
    store = MemoryStore()
    found_platform(store)
    asked = conclude_platform(store, day(8, 1), approved_by=None)
    assert States.read(registry, store).concluded == set()
    approve(store, signer("owner-1"), asked.number, day(8, 1))
    states = States.read(registry, store)
    assert states.concluded_at(X) == day(8, 1)
    assert states.at(hub, day(8, 1)) is StudyState.CONCLUDED
    assert decided_in(registry, read_chain(store))[-1].by == "decide"


def test_conclusion_counts_from_its_time_and_for_its_study():
    states = States(
        REGISTRY, [decide(CONCLUDE, day(8, 1)), decide(CONCLUDE, day(8, 1), "y")]
    )
    assert states.concluded == {X}
    assert states.concluded_by(day(8, 1) - TICK) == set()
    assert states.concluded_by(day(8, 1)) == {X}
    assert not states.is_concluded(X, day(8, 1) - TICK)
    assert states.is_concluded(X, day(8, 1))
    assert not states.is_concluded("rally-z", day(9, 1))


@pytest.fixture
def platform():
    store = MemoryStore()
    found_platform(store)
    return store


def state(platform, time):
    return States.read(REGISTRY, platform).at(STUDY, time)


def test_transitions_are_those_that_the_chain_says(platform):
    decide_study(platform, X, PAUSE, day(4, 1, 12), by="stop")
    decide_study(platform, X, RESUME, day(4, 2) + TICK)

    assert transitions_in(read_chain(platform)) == [
        Transition(X, PAUSE, day(4, 1, 12), "stop", "", 2),
        Transition(X, RESUME, day(4, 2) + TICK, "decide", "", 3),
    ]
    assert state(platform, day(4, 2)) is StudyState.PAUSED


def test_new_platform_decided_nothing(platform):
    assert transitions_in(read_chain(platform)) == []


def test_platform_without_a_chain_has_no_states():
    with pytest.raises(ConfigurationError, match="has no first decision"):
        States.read(REGISTRY, MemoryStore())


@pytest.mark.parametrize("action", [PAUSE, END, CONCLUDE])
@pytest.mark.parametrize(
    ("by", "key"), [("decide", "stop"), ("steward", "steward"), ("jo", "decide")]
)
def test_forged_decision_decides_nothing(platform, action, by, key):
    """By another key, outside of a role, and of nobody whom the chain knows."""
    chain = read_chain(platform)
    forged = Entry(
        platform=chain.platform,
        number=2,
        previous=chain.head.digest,
        list=0,
        kind=action.kind,
        content=StudyDecision(X, day(4, 1), ""),
        when=day(4, 1),
        by=by,
    )
    platform.create(entry_name(2), encode(sign(forged, signer(key).key)))

    assert state(platform, day(5, 1)) is StudyState.COLLECTING
    assert States.read(REGISTRY, platform).concluded == frozenset()
    assert len(read_chain(platform).faulty()) == 1


@pytest.mark.parametrize("action", [PAUSE, CONCLUDE])
def test_decision_that_somebody_changed_decides_nothing(platform, action):
    decide_study(platform, X, action, day(6, 1))
    info = platform.stat(entry_name(2))
    changed = platform.read(info.name).replace(b"2022-06-01", b"2022-04-01")
    platform.replace(info.name, changed, info.generation)

    assert state(platform, day(6, 2)) is StudyState.COLLECTING


@pytest.mark.parametrize(
    ("action", "by"),
    [(PAUSE, "steward"), (PAUSE, "owner-1"), (RESUME, "stop"), (END, "stop"),
     (CONCLUDE, "stop")],
)  # fmt: skip
def test_decision_takes_its_role(platform, action, by):
    with pytest.raises(ConfigurationError, match=f"--by: {by} may not decide that"):
        decide_study(platform, X, action, day(4, 1), by)

    assert transitions_in(read_chain(platform)) == []


def test_second_of_two_operators_at_once_looks_again(platform):
    def check(chain):
        check_transition(States.of_chain(REGISTRY, chain), STUDY, PAUSE, day(4, 1))
        if chain.head.number == 1:
            decide_study(platform, X, PAUSE, day(4, 1), by="stop")

    decision = StudyDecision(X, day(4, 1), "")
    with pytest.raises(ConfigurationError, match="pause: the study is paused"):
        sign_decision(
            platform, signer("decide"), DecisionKind.PAUSE, decision, day(4, 1),
            check=check,
        )  # fmt: skip

    assert [each.by for each in transitions_in(read_chain(platform))] == ["stop"]


def test_objects_of_the_folder_from_before_the_chain_decide_nothing(platform):
    name = f"states/{'0' * 32}.json"
    platform.create(name, b'{"action": "pause", "namespace": "rally-x"}')

    assert state(platform, day(4, 1)) is StudyState.COLLECTING
