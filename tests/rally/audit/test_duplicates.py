"""Equal rows are counted in compaction's own window."""

from array import array

from hypothesis import given
from hypothesis import strategies as st

from rally.audit.duplicates import DuplicateWindow
from rally.registry.study import Keep

keys = st.lists(st.integers(0, 5), max_size=6)


@given(
    days=st.dictionaries(st.integers(1, 9), st.lists(keys, max_size=3), max_size=6),
    keep=st.sampled_from(Keep),
)
def test_duplicates_are_counted_in_the_window(days, keep):
    window, earlier = DuplicateWindow(keep), {}
    for day in sorted(days):
        rows = [each for found in days[day] for each in found]
        near = [
            key
            for before, found in earlier.items()
            for key in found
            if keep is Keep.LATEST or day - before <= 3
        ]
        expected = len(rows) - len(set(rows)) + len(set(rows) & set(near))
        hashes = [array("q", found) for found in days[day]]
        assert window.count(f"2026-01-0{day}", hashes) == expected
        earlier[day] = rows
