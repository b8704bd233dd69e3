"""Whatever the log: order and repetition mean nothing, and nobody is forgotten."""

from hypothesis import given
from hypothesis import strategies as st

from rally.events import MAIL, RALLY, EventKind
from rally.receipts.receipt import Stage
from rally.registry.study import StudyKind, Unmatched
from rally.withdrawal.rules import Rules
from tests.rally.withdrawal.conftest import CONFIRM, EXPEDITE, HELD, REJECT
from tests.rally.withdrawal.event_logs import (
    HUB,
    Desk,
    X,
    Y,
    decided,
    ended,
    joined,
    left,
    study,
    uninstalled,
)

people = st.sampled_from(["p", "q", "r"])


scopes = st.sampled_from([X, Y, RALLY])


days = st.integers(10, 30)


documents = st.sampled_from(["a", "b", "c", "d", "e"])


ids = st.sampled_from([None, "i", "j"])


lefts = st.builds(left, people, days, scopes, documents)


events = st.one_of(
    lefts,
    lefts.map(lambda event: event._replace(signal=MAIL)),
    st.builds(uninstalled, st.sampled_from(["i", "j"]), days, document_id=documents),
    st.builds(joined, people, days, scopes, ids),
    st.builds(joined, people, days, scopes, ids, documents),
    st.builds(
        decided, st.sampled_from([CONFIRM, REJECT, EXPEDITE]), lefts, days, st.just(8)
    ),
)


logs = st.lists(events, max_size=12)


ENDS = (ended(15), ended(20, Y))


HOLDING = (
    study(X, unmatched_withdrawals=Unmatched.HOLD),
    study(HUB, StudyKind.PLATFORM, unmatched_withdrawals=Unmatched.HOLD),
)


def desk():
    return Desk(*HOLDING, rules=Rules(1, 0.5, 48.0, 70.0))


@given(logs, logs, st.randoms())
def test_order_and_repetition_do_not_matter(earlier, later, random):
    told = desk()
    told.admit(earlier, 40, ENDS)
    told.publish()
    told.admit(earlier + later, 100, ENDS)
    other = desk()
    shuffled = [*earlier, *earlier[:3]]
    random.shuffle(shuffled)
    other.admit(shuffled, 40, ENDS)
    other.publish()
    shuffled = [*earlier, *later, *later[:3]]
    random.shuffle(shuffled)
    other.admit(shuffled, 100, ENDS)
    assert other.list == told.list


@given(logs, logs)
def test_admitted_again_nothing_changes(earlier, later):
    told = desk()
    told.admit(earlier, 40, ENDS)
    told.publish()
    before = told.admit(earlier + later, 100, ENDS)
    assert told.admit(earlier + later, 100, ENDS) == before
    assert told.admit([], 100, ENDS).people().keys() == before.people().keys()


@given(logs, logs)
def test_nobody_on_the_list_is_forgotten(earlier, later):
    told = desk()
    before = {each.request: each for each in told.admit(earlier, 40, ENDS).withdrawals}
    after = {each.request: each for each in told.admit(later, 100, ENDS).withdrawals}
    for request, each in before.items():
        if each.participant is not None:
            assert after[request].participant == each.participant
            assert after[request].time <= each.time
            assert {Stage.REQUESTED} == after[request].stages.keys()


@given(logs)
def test_every_withdrawal_is_on_the_list(log):
    told = desk().admit(log, 100, ENDS)
    asked = {
        (event.scope, event.document_id)
        for event in log
        if event.kind is EventKind.LEFT
    }
    listed = {(each.scope, each.document_id) for each in told.withdrawals}
    assert listed == asked
    assert len({each.request for each in told.withdrawals}) == len(told.withdrawals)
    times = [(each.time, each.request) for each in told.withdrawals]
    assert times == sorted(times)
    for each in told.withdrawals:
        assert each.received <= each.time
        assert (each.status is HELD) == bool(each.held_for)
        if each.signal == MAIL:
            assert each.status is not HELD
