import uuid
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.releases.bounding import (
    Contributions,
    _order,
    _sort_pairs,
    bound,
    hash_ids,
)
from rally.releases.recipe import Bounds

KEY = bytes(range(32))
OTHER = bytes(32)


def make_id(number):
    return str(uuid.UUID(int=number)).encode()


def columns(rows):
    people, documents, groups = zip(*rows, strict=True) if rows else ((), (), ())
    return Contributions(
        np.array(people, "S36"), np.array(documents, "S36"), np.array(groups, np.int32)
    )


def what_counts(rows, bounds, key=KEY):
    found = bound(columns(rows), bounds, key)
    return sorted(found.people.tolist()), sorted(rows[each] for each in found.rows)


def mac_of(text, key=KEY):
    (found,) = hash_ids(np.array([text], "S36"), key)
    return tuple(found.tolist())


def by_hand(rows, bounds, key=KEY):
    """The same by what the module says, a row at a time, but for choosing groups."""
    of_pair = defaultdict(list)
    for person, document, group in rows:
        of_pair[person, group].append((mac_of(document, key), document))
    return {
        (person, document, group)
        for (person, group), each in of_pair.items()
        for _, document in sorted(each)[: bounds.rows]
    }


ROWS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 7)), max_size=60).map(
    lambda drawn: [
        (make_id(person), make_id(1000 + number), group)
        for number, (person, group) in enumerate(drawn)
    ]
)
BOUNDS = st.builds(Bounds, st.integers(1, 4), st.integers(1, 3))


@given(ROWS, BOUNDS, st.randoms())
def test_what_counts_is_what_one_would_count_by_hand(rows, bounds, random):
    people, kept = what_counts(rows, bounds)

    groups_of = defaultdict(set)
    for person, _, group in kept:
        groups_of[person].add(group)
    had = defaultdict(set)
    for person, _, group in rows:
        had[person].add(group)
    # As many groups as there may be; in each the rows whose hashes are least.
    assert {each: len(of) for each, of in groups_of.items()} == {
        each: min(len(of), bounds.groups) for each, of in had.items()
    }
    assert set(kept) == {
        each for each in by_hand(rows, bounds) if each[2] in groups_of[each[0]]
    }
    assert Counter(people) == Counter(g for of in groups_of.values() for g in of)

    # The order in which rows come says nothing.
    shuffled = random.sample(rows, len(rows))
    assert what_counts(shuffled, bounds) == (people, kept)


@given(ROWS, BOUNDS)
def test_one_person_changes_nothing_of_the_others(rows, bounds):
    _, kept = what_counts(rows, bounds)
    without = [each for each in rows if each[0] != make_id(0)]

    _, others = what_counts(without, bounds)

    assert others == [each for each in kept if each[0] != make_id(0)]


def test_the_key_chooses():
    rows = [(make_id(1), make_id(100 + n), n) for n in range(50)]

    chosen = what_counts(rows, Bounds(5, 1))
    others = what_counts(rows, Bounds(5, 1), OTHER)

    assert chosen != others
    assert len(chosen[0]) == len(others[0]) == 5


def test_choice_is_the_same_on_every_machine():
    # Made once by this code; another result would count other rows in a retry.
    assert mac_of(make_id(7)) == (4615472089441519529, 13395956212947883270)


def test_each_row_is_as_likely_as_any_other():
    rows = [
        (make_id(person), make_id(10_000 + person * 4 + number), 0)
        for person in range(2000)
        for number in range(4)
    ]

    _, kept = what_counts(rows, Bounds(1, 1))

    order = {document: number for number, (_, document, _) in enumerate(rows)}
    counts = Counter(order[document] % 4 for _, document, _ in kept)
    # Of 2,000 draws with a chance of a quarter, six standard deviations are 116.
    assert all(abs(counts[each] - 500) < 116 for each in range(4)), counts


def test_nothing_counts_of_nothing():
    assert what_counts([], Bounds(1, 1)) == ([], [])


@pytest.mark.parametrize("width", [16, 36, 40])
def test_ids_of_any_one_width_have_hashes(width):
    ids = np.array([b"a", b"b", b"a" * width], f"S{width}")

    found = hash_ids(ids, KEY)

    assert found.shape == (3, 2)
    assert len({tuple(each) for each in found.tolist()}) == 3


def test_people_whose_hashes_begin_alike_are_told_apart():
    hashes = np.array([[8, 2], [8, 1], [9, 0], [8, 2]], np.uint64)
    group = np.array([7, 7, 7, 6], np.uint64)

    order, is_person, is_pair = _sort_pairs(hashes, group)

    sorted_ = [(*hashes[at].tolist(), int(group[at])) for at in order]
    assert len({each[:2] for each in sorted_}) == is_person.sum() == 3
    assert is_pair.sum() == 4
    assert [each for each, first in zip(sorted_, is_person, strict=True) if not first]


def test_equal_hashes_go_by_the_third_column():
    major, hashes = np.array([1, 1, 2, 2]), np.array([5, 5, 4, 3], np.uint64)

    order = _order(major, hashes, np.array([9, 8, 0, 0]))

    assert order.tolist() == [1, 0, 3, 2]
