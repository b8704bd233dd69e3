"""Everybody on the list in tens of bytes each, and nothing of them is lost."""

import uuid
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.events import RALLY
from rally.withdrawal.fold import Joined, Left, RequestStatus, judge_row
from rally.withdrawal.people_index import Enrolment, PeopleBuilder, PeopleIndex
from rally.withdrawal.withdrawal_list import Withdrawal, WithdrawalList

people = st.sampled_from(
    [str(uuid.UUID(int=number)) for number in (0, 1, 2**64, 2**128 - 1)]
    + ["ann", "", "00000000000000000000000000000000", str(uuid.UUID(int=255)).upper()]
)
SCOPES = (RALLY, "rally-a", "rally-b")
TIMES = (-1, 0, 5, 2**52)
scopes = st.sampled_from(SCOPES)
times = st.sampled_from(TIMES)
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


@st.composite
def histories(draw):
    """Lists one after the other, each of which changes something of the one before."""
    lists, left, joined = [], [], []
    for counter in range(1, draw(st.integers(2, 5))):
        left = [each for each in left if draw(st.integers(0, 4))]
        left += draw(st.lists(lefts, max_size=3))
        joined = [each for each in joined if draw(st.integers(0, 4))]
        joined += draw(st.lists(joins, max_size=2))
        left = draw(st.permutations(left))
        lists.append(replace(as_list(left, joined), counter=counter))
    return lists


def verdicts(person):
    """All that the fold can say of a person's rows."""
    moments = [*TIMES, *(each + 1 for each in TIMES)]
    return [judge_row(person, scope, time) for scope in SCOPES for time in moments]


@given(histories())
def test_verdicts_on_people_who_have_not_changed_since_are_the_same(lists):
    former, indices = None, []
    for each in lists:
        former = each.people(former)
        indices.append(former)
    newest = indices[-1]
    assert newest == lists[-1].people()  # whatever the numbers of its words
    for index in indices:
        changed = set(newest.changed_since(index.counter))
        assert changed <= set(newest)
        for who in set(newest) - changed:
            assert newest[who] == index[who]
            assert verdicts(newest[who]) == verdicts(index[who])
    assert set(newest.changed_since(0)) == set(newest)
    assert set(newest.changed_since(newest.counter)) == set()


def test_change_of_anything_is_a_change_of_the_person():
    who, other = str(uuid.UUID(int=5)), str(uuid.UUID(int=6))
    one = (who, RALLY, 5, f"{7:032x}", RequestStatus.ACTIVE, ())
    also = (other, RALLY, 5, f"{8:032x}", RequestStatus.ACTIVE, ())
    join = (who, RALLY, 9, "one")
    first = as_list([one, also], [join]).people()
    for left, joined in [
        ([(who, RALLY, 6, *one[3:])], [join]),
        ([(who, "rally-a", *one[2:])], [join]),
        ([(*one[:4], RequestStatus.HELD, ())], [join]),
        ([(*one[:5], ("rally-a",))], [join]),
        ([one, (who, RALLY, 8, f"{9:032x}", *one[4:])], [join]),
        ([one], []),
        ([one], [(who, RALLY, 9, "another")]),
        ([one], [(who, "rally-a", 9, "one")]),
        ([one], [join, (who, RALLY, 12, "two")]),
    ]:
        next_list = replace(as_list([also, *left], joined), counter=4)
        assert set(next_list.people(first).changed_since(3)) == {who}


def test_terms_that_nobody_has_any_more_are_forgotten():
    def one(number, deferred):
        return (
            str(uuid.UUID(int=number)),
            RALLY,
            5,
            "a",
            RequestStatus.ACTIVE,
            deferred,
        )

    stays, index = one(0, ()), None
    for counter in range(1, 50):
        left = [stays, one(counter, (f"rally-{counter}",))]
        index = replace(as_list(left, []), counter=counter).people(index)

    assert len(index.terms) <= 4
    assert len(index.data) < 1_000
    assert set(index.changed_since(48)) == {str(uuid.UUID(int=49))}
    assert index[stays[0]].left[RALLY][0].deferred == frozenset()


def test_list_that_is_begun_anew_says_that_all_have_changed():
    anew = replace(
        as_list([("ann", RALLY, 5, "a", RequestStatus.ACTIVE, ())], []), counter=9
    )
    assert set(anew.people().changed_since(8)) == {"ann"}


def test_index_of_another_version_is_refused():
    data = as_list([], []).people().data
    with pytest.raises(ValueError, match="another version"):
        PeopleIndex(data[:7] + b"\x02" + data[8:])


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
    assert len(builder.build(1).data) < 54 * number + 200
