"""Of equal rows one stays, as compaction's rule says, even where all bits agree."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.dataset.duplicates import DuplicateFilter
from rally.dataset.row_batches import RowBatch
from rally.dataset.row_bytes import RowBytes
from rally.registry.keep_rule import KeepRule
from rally.registry.study import Keep

DAYS = [f"2026-05-{day:02}" for day in range(10, 16)]

rows = st.tuples(
    st.sampled_from(["a", "b"]),
    st.sampled_from(["", "x", "y"]),
    st.integers(0, 2),
    st.sampled_from([b"1", b"22"]),
)
days = st.lists(st.lists(st.lists(rows, max_size=4), max_size=3), max_size=len(DAYS))


def batch_of(found):
    """A batch of rows: person, document, time and bytes."""
    people, documents, times, data = zip(*found, strict=True) if found else [()] * 4
    bounds, kept = np.cumsum([0, *map(len, data)]), RowBytes(data)

    def ids(letters):
        return np.array([each.encode() * 36 for each in letters], "S36")

    return RowBatch(
        ("name", 1),
        "schema",
        kept.size,
        lambda: kept,
        None,
        bounds[:-1],
        bounds[1:],
        ids(people),
        ids(documents),
        np.array(times, np.int64),
    )


def rows_of(batch):
    return [
        (person.decode()[:1], document.decode()[:1], time, batch.row(place))
        for place, (person, document, time) in enumerate(
            zip(
                batch.participants.tolist(),
                batch.document_ids.tolist(),
                batch.times.tolist(),
                strict=True,
            )
        )
    ]


def key_of(row, keep):
    return row[0] if keep is Keep.LATEST else row[:2]


def naive(day_rows, earlier, keep):
    """What stays of the rows of a date, sorted."""
    best, staying = {}, []
    for row in day_rows:
        if keep is Keep.ALL and not row[1]:
            staying.append(row)
            continue
        time = -row[2] if keep is Keep.LATEST else row[2]
        rank, key = (time, row[3]), key_of(row, keep)
        if key not in best or rank < best[key][0]:
            best[key] = rank, row
    beaten = {key_of(row, keep) for row in earlier}
    return sorted(
        staying + [row for key, (_, row) in best.items() if key not in beaten]
    )


@pytest.mark.parametrize("keep", [Keep.ALL, Keep.LATEST])
@pytest.mark.parametrize("collides", [False, True])
@given(stored=days)
def test_one_of_equal_rows_stays(keep, collides, stored):
    duplicates = DuplicateFilter(KeepRule(keep))
    if collides:
        duplicates._factors = [each * np.uint64(0) for each in duplicates._factors]
    order = [*zip(DAYS, stored, strict=False)]
    if keep is Keep.LATEST:
        order.reverse()
    seen = []
    for day, batches in order:
        every = [row for batch in batches for row in batch]
        window = seen if keep is Keep.LATEST else seen[-3:]

        staying = duplicates.filter(day, [batch_of(each) for each in batches])

        found = sorted(row for batch in staying for row in rows_of(batch))
        expected = naive(every, [row for rows in window for row in rows], keep)
        assert found == expected
        seen.append(every)
