"""Everybody on the list in tens of bytes each, and nothing of them is lost."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.events import RALLY
from rally.withdrawal.fold import Joined, Left, RequestStatus
from rally.withdrawal.people_index import PeopleBuilder
from rally.withdrawal.withdrawal_list import Enrolment, Withdrawal, WithdrawalList

people = st.sampled_from(
    [str(uuid.UUID(int=number)) for number in (0, 1, 2**64, 2**128 - 1)]
    + ["ann", "", "00000000000000000000000000000000", str(uuid.UUID(int=255)).upper()]
)
scopes = st.sampled_from([RALLY, "rally-a", "rally-b"])
times = st.sampled_from([-1, 0, 5, 2**52])
requests = st.sampled_from(["a", f"{7:032x}", f"{8:032x}", str(uuid.UUID(int=9))])
lefts = st.builds(
    lambda *each: each,
    people, scopes, times, requests, st.sampled_from(RequestStatus),
    st.sampled_from([(), ("rally-a",), ("rally-a", "rally-b")]),
)  # fmt: skip
joins = st.tuples(people, scopes, times, st.sampled_from(["", "one", "é", "x" * 300]))


def as_list(left, joined):
    withdrawals = [
        Withdrawal(request, who, None, scope, time, time, "", "", status,
                   deferred=deferred)
        for who, scope, time, request, status, deferred in left
    ]  # fmt: skip
    return WithdrawalList(3, tuple(withdrawals), tuple(Enrolment(*e) for e in joined))


@given(st.lists(lefts, max_size=12), st.lists(joins, max_size=8), people)
def test_index_says_what_plain_dicts_would(left, joined, other):
    index = as_list(left, joined).people()
    plain = {who for who, *_ in left}
    assert (set(index), len(index), index.counter) == (plain, len(plain), 3)
    assert (other in index) == (other in plain)
    for who, person in index.items():
        own = [each[1:] for each in left if each[0] == who]
        assert {scope: sorted(found) for scope, found in person.left.items()} == {
            scope: sorted(
                Left(time, status, frozenset(deferred), request)
                for s, time, request, status, deferred in own
                if s == scope
            )
            for scope in {each[0] for each in own}
        }
        for found in person.left.values():
            keys = [(each.time, each.request) for each in found]
            assert keys == sorted(keys)
        mine = [each[1:] for each in joined if each[0] == who]
        assert dict(person.joined) == {
            scope: tuple(sorted(time for s, time, _ in mine if s == scope))
            for scope in {each[0] for each in mine}
        }
        assert dict(person.enrolments) == {
            document: min(Joined(t, s) for s, t, d in mine if d == document)
            for document in {each[2] for each in mine}
        }


@given(st.lists(lefts, max_size=8), scopes)
def test_people_of_a_scope_are_those_who_left_it(left, scope):
    index = as_list(left, []).people()
    found = {who: index.at(at) for who, at in index.positions(scope)}
    assert set(found) == {each[0] for each in left if each[1] == scope}
    assert all(found[who] == index[who] for who in found)


def test_nobody_is_found_by_another_spelling():
    builder, who = PeopleBuilder(), "00000000-0000-8000-8000-00000000000a"
    builder.leave(who, RALLY, 0, f"{1:032x}", (RequestStatus.ACTIVE, frozenset()))
    index = builder.build(1)
    assert who in index
    for other in (who.upper(), who.replace("-", ""), who[:-1], ""):
        assert other not in index
        with pytest.raises(KeyError):
            index[other]


def test_an_entry_takes_tens_of_bytes():
    builder, number = PeopleBuilder(), 10_000
    for each in range(number):
        who = str(uuid.UUID(int=each << 64))
        builder.leave(
            who, RALLY, each, f"{each:032x}", (RequestStatus.ACTIVE, frozenset())
        )
    assert builder.build(1).bytes == 44 * number
