"""States over time: the dates of the file, and what operators decide."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.errors import ConfigurationError
from rally.storing.local import LocalStore
from rally.studies.decisions import key_of
from rally.studies.study import Kind
from rally.studies.transitions import (
    Action,
    State,
    States,
    Transition,
    check_transition,
    read_transitions,
    record_transition,
)

PAUSE, RESUME, END, CONCLUDE = Action.PAUSE, Action.RESUME, Action.END, Action.CONCLUDE
X = "rally-x"
STUDY = SimpleNamespace(
    namespace=X,
    kind=Kind.STUDY,
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
        (day(3, 10) - TICK, State.DRAFT),
        (day(3, 10), State.COLLECTING),
        (day(7, 1) - TICK, State.COLLECTING),
        (day(7, 1), State.ENDED),
        (datetime(2022, 3, 10, 1, tzinfo=timezone(timedelta(hours=2))), State.DRAFT),
    ],
)
def test_dates_make_states(time, state):
    assert at(time) is state


def test_study_without_an_end_collects_on():
    assert at(day(12, 31), study=OPEN_END) is State.COLLECTING


@pytest.mark.parametrize(
    ("time", "state"),
    [
        (day(4, 1) - TICK, State.COLLECTING),
        (day(4, 1), State.PAUSED),
        (day(4, 8) - TICK, State.PAUSED),
        (day(4, 8), State.COLLECTING),
        (day(5, 1), State.ENDED),
        (day(8, 1) - TICK, State.ENDED),
        (day(8, 1), State.CONCLUDED),
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
        ([(PAUSE, day(3, 1))], day(3, 5), State.PAUSED),
        ([(PAUSE, day(3, 1))], day(7, 1), State.ENDED),
        ([(PAUSE, day(4, 1)), (RESUME, day(8, 1))], day(8, 2), State.ENDED),
        ([(END, day(4, 1)), (RESUME, day(5, 1))], day(5, 2), State.ENDED),
        ([(END, day(4, 1)), (PAUSE, day(5, 1))], day(5, 2), State.ENDED),
        ([(CONCLUDE, day(8, 1)), (PAUSE, day(9, 1))], day(9, 2), State.CONCLUDED),
        ([(PAUSE, day(4, 1)), (RESUME, day(4, 1))], day(4, 1), State.PAUSED),
        ([(RESUME, day(4, 1))], day(4, 1), State.COLLECTING),
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
    assert at(day(5, 1), decide(END, day(4, 1), "rally-y")) is State.COLLECTING


TIMES = st.integers(0, 9).map(lambda days: day(4, 1) + timedelta(days=days))
DECISIONS = st.lists(st.builds(decide, st.sampled_from(Action), TIMES), max_size=8)


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
    State.DRAFT: (day(3, 1),),
    State.COLLECTING: (day(4, 1),),
    State.PAUSED: (day(4, 2), decide(PAUSE, day(4, 1))),
    State.ENDED: (day(7, 1),),
}
POSSIBLE = {
    PAUSE: "draft or collecting",
    RESUME: "paused",
    END: "draft or collecting or paused",
    CONCLUDE: "ended",
}


@pytest.mark.parametrize("state", PASTS)
@pytest.mark.parametrize("action", Action)
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


@pytest.mark.parametrize("action", Action)
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
    hub = SimpleNamespace(**{**vars(STUDY), "kind": Kind.PLATFORM})
    with pytest.raises(ConfigurationError) as caught:
        check_transition(States(REGISTRY, []), hub, CONCLUDE, day(7, 1))
    assert str(caught.value) == (
        f"conclude: {X} is the platform's own, and only studies are concluded"
    )


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


def test_log_is_read_as_it_was_written(tmp_path):
    store = LocalStore(str(tmp_path))
    first = Transition(X, PAUSE, day(4, 1, 12), "op@example.org", "a leak — look")
    second = Transition(X, RESUME, day(4, 2) + TICK, "op@example.org", "")
    for transition in (first, second, first):
        record_transition(store, transition)
    assert sorted(read_transitions(store), key=lambda each: each.at) == [first, second]
    names = [info.name for info in store.list()]
    assert names == [info.name for info in store.list("states/")]
    assert [len(name) for name in names] == [len("states/.json") + 32] * 2


def test_empty_platform_has_no_log(tmp_path):
    assert read_transitions(LocalStore(str(tmp_path / "none"))) == []


@pytest.mark.parametrize(
    ("transition", "message"),
    [
        (Transition(X, PAUSE, day(4, 1), "", ""),
         "decision: by: must be text; write some, in quotes where YAML needs them"),
        (Transition(X, PAUSE, day(4, 1), "op", "two\nlines"),
         "decision: note: must be one line of printable text"),
        (Transition(X, PAUSE, datetime(2022, 4, 1), "op", ""),
         "decision: at: must be a time with its zone, such as 2022-03-10T12:00Z,"
         " from 2000-01-01 to 2199-12-31"),
    ],
    ids=["by", "note", "at"],
)  # fmt: skip
def test_decision_that_could_not_be_read_is_not_written(tmp_path, transition, message):
    store = LocalStore(str(tmp_path))
    with pytest.raises(ConfigurationError) as caught:
        record_transition(store, transition)
    assert str(caught.value) == message
    assert list(store.list()) == []


GOOD = {"action": "pause", "at": "2022-04-01T00:00:00+00:00", "by": "op",
        "namespace": X, "note": ""}  # fmt: skip


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({**GOOD, "at": "2022-04-01T00:00:00"},
         "at: must be a time with its zone, such as 2022-03-10T12:00Z,"
         " from 2000-01-01 to 2199-12-31"),
        ({**GOOD, "at": "soon"},
         "at: must be a time with its zone, such as 2022-03-10T12:00Z,"
         " from 2000-01-01 to 2199-12-31"),
        ({**GOOD, "action": "stop"},
         "action: must be one of: resume, pause, end, conclude"),
        ({**GOOD, "why": ""}, "why: is not known; remove it or correct its name"),
        ({"at": "2022-04-01T00:00:00Z"}, "namespace: is missing; add it"),
        ([], "must be a mapping of names to values"),
    ],
    ids=["no zone", "no time", "no action", "unknown", "missing", "list"],
)  # fmt: skip
def test_malformed_object_is_named(tmp_path, content, reason):
    store = LocalStore(str(tmp_path))
    name = write(store, json.dumps(content).encode())
    with pytest.raises(ConfigurationError) as caught:
        read_transitions(store)
    assert str(caught.value) == f"{tmp_path}/{name}: {reason}"


def test_object_that_is_no_json_is_named(tmp_path):
    store = LocalStore(str(tmp_path))
    name = write(store, b"{")
    with pytest.raises(ConfigurationError) as caught:
        read_transitions(store)
    assert str(caught.value) == (
        f"{tmp_path}/{name}: is not JSON; restore or remove it"
    )


def test_object_that_was_changed_is_named(tmp_path):
    store = LocalStore(str(tmp_path))
    record_transition(store, decide(PAUSE, day(4, 1)))
    (info,) = store.list()
    changed = store.read(info.name).replace(b"pause", b"resume")
    store.replace(info.name, changed, info.generation)
    with pytest.raises(ConfigurationError) as caught:
        read_transitions(store)
    assert str(caught.value) == (
        f"{tmp_path}/{info.name}: is not as it was written; restore or remove it"
    )


def write(store, data):
    name = f"states/{key_of(data)}.json"
    assert store.create(name, data)
    return name
