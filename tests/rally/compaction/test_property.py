"""Whatever is stored in whatever order: compaction comes to what a plain model says.

And at every moment, wherever it is killed, readers see each row, and none twice.
"""

import itertools
from contextlib import suppress
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.compaction.outcomes import CompactionOutcome
from tests.fakes.memory_store import nothing
from tests.rally.compaction.memory_study import (
    SURVEY,
    VISIT,
    Killed,
    MemoryStudy,
    Row,
    expected_rows,
    more_than,
)

rows = st.lists(
    st.builds(
        Row,
        person=st.sampled_from([0, 1, 5, 9, 15]),
        number=st.integers(1, 3),
        day=st.integers(0, 3),
        second=st.integers(0, 2),
        page=st.sampled_from(["", "a"]),
        revision=st.sampled_from([0, 1]),
    ),
    max_size=6,
    unique=True,
)


class Kill(NamedTuple):
    """Compaction is killed at its so many-th change, before or after it is made."""

    change: int
    after: bool


class Between(NamedTuple):
    """At its so many-th step rows arrive, and another worker compacts some days."""

    step: int
    rows: list[Row]
    days: list[int]


class Buckets(NamedTuple):
    """The registry says another number of buckets from now on."""

    number: int


class Touch(NamedTuple):
    """A file is written again as it is, as deletion does that takes nothing out."""

    number: int


steps = st.lists(
    st.one_of(
        rows,
        st.builds(Touch, st.integers(0, 5)),
        st.builds(Kill, st.integers(1, 20), st.booleans()),
        st.builds(
            Between,
            st.integers(1, 60),
            rows,
            st.lists(st.integers(0, 3), max_size=4, unique=True),
        ),
        st.builds(Buckets, st.sampled_from([1, 2, 4, 16])),
    ),
    min_size=1,
    max_size=6,
)


def kill(study, step):
    left = itertools.count(1)

    def count(operation, name):
        if operation in ("create", "replace", "delete") and next(left) == step.change:
            raise Killed

    setattr(study.store, "after" if step.after else "fault", count)
    with suppress(Killed):
        study.compact()
    study.store.fault = study.store.after = nothing


def come_between(study, step, document):
    left = itertools.count(1)

    def count(operation, name):
        if next(left) == step.step:
            study.add(*step.rows, document=document)
            for day in step.days:
                study.compact(day)

    study.store.fault = count
    study.compact()
    study.store.fault = nothing


def check(study, document, stored, before=None):
    """The view has every row that is to stay, and none more often than it had."""
    view = study.view(document)
    assert not more_than(expected_rows(stored, document, study.order), view)
    if before is not None:
        assert not more_than(view, before)


@pytest.mark.slow("models")
@given(steps=steps, document=st.sampled_from([VISIT, SURVEY]))
def test_compaction_equals_the_model(registries, steps, document):
    study, stored = MemoryStudy(registries[4]), set()
    for step in steps:
        before = study.view(document)
        match step:
            case Kill():
                kill(study, step)
            case Buckets(number):
                study.registry = registries[number]
            case Touch(number):
                infos = list(study.store.list())
                for info in infos[number : number + 1]:
                    data = study.store.read(info.name)
                    study.store.replace(info.name, data, info.generation)
                before = None  # an input that is written again counts again
            case Between():
                come_between(study, step, document)
                study.add(*step.rows, document=document)
                before, stored = None, stored | set(step.rows)
            case _:
                study.add(*step, document=document)
                before, stored = None, stored | set(step)
        check(study, document, stored, before)
    assert {each.outcome for each in study.compact()} <= {CompactionOutcome.COMPACTED}
    staying = expected_rows(stored, document, study.order)
    assert study.view(document) == staying
    files = study.files(document).values()
    assert sorted(row for each in files for row in each) == staying
    generations = study.generations()
    assert study.compact() == []
    assert study.generations() == generations
