"""A document's table is the same before, in the middle of and after compaction."""

import itertools
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.memory_store import nothing
from tests.rally.compaction.memory_study import (
    SURVEY,
    VISIT,
    Killed,
    MemoryStudy,
    Row,
    expected_rows,
)
from tests.rally.dataset.tables import rows_of, scan

stored_rows = st.lists(
    st.builds(
        Row,
        person=st.sampled_from([0, 1, 5, 9, 15]),
        number=st.integers(1, 3),
        day=st.integers(0, 3),
        second=st.integers(0, 2),
        page=st.sampled_from(["", "a"]),
        revision=st.sampled_from([0, 1]),
    ),
    max_size=8,
    unique=True,
)
kills = st.tuples(st.integers(1, 20), st.booleans())


def compact_until_killed(study, change, after):
    left = itertools.count(1)

    def count(operation, name):
        if operation in ("create", "replace", "delete") and next(left) == change:
            raise Killed

    setattr(study.store, "after" if after else "fault", count)
    with suppress(Killed):
        study.compact()
    study.store.fault = study.store.after = nothing


@pytest.mark.slow("models")
@given(
    st.lists(st.one_of(stored_rows, kills), min_size=1, max_size=5),
    st.sampled_from([VISIT, SURVEY]),
    st.sampled_from([1, 4, 16]),
)
def test_each_row_is_read_once_whatever_compaction_is_at(
    registries, steps, document, buckets
):
    study, stored = MemoryStudy(registries[buckets]), list[Row]()
    for step in steps:
        if isinstance(step, tuple):
            compact_until_killed(study, *step)
        else:
            study.add(*step, document=document)
            stored += step
        expected = [
            row._replace(revision=0)
            for row in expected_rows(stored, document, study.order)
        ]
        assert rows_of(scan(study, document)) == sorted(expected)
    assert rows_of(scan(study, document), most_bytes=300) == sorted(expected)


@pytest.mark.parametrize("document", [VISIT, SURVEY])
def test_table_is_the_same_in_the_middle_of_compaction(registries, document):
    rows = [Row(each, each % 3, each % 4, each, "", each % 2) for each in range(16)]
    rows += [row._replace(second=60) for row in rows[::2]]
    expected = sorted(
        row._replace(revision=0)
        for row in expected_rows(rows, document, MemoryStudy(registries[4]).order)
    )
    for change in (1, 4, 9, 16):
        study = MemoryStudy(registries[4])
        study.add(*rows, document=document)
        compact_until_killed(study, change, after=True)

        assert rows_of(scan(study, document)) == expected
    study.compact()
    assert rows_of(scan(study, document)) == expected
