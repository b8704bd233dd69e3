"""Times of rows are compared as they are stored, eight bytes at once."""

from hypothesis import given
from hypothesis import strategies as st

from rally.audit.collection_windows import CollectionWindow
from rally.audit.row_checks import all_within, stored_time, times_of
from rally.validation.leaves import zig_zag

times = st.integers(2**48, 2**55 - 1)


@given(times, times)
def test_stored_times_keep_their_order(one, other):
    first, second = (int.from_bytes(zig_zag(each), "little") for each in (one, other))
    assert first == stored_time(one)
    assert (first < second) == (one < other)


any_time = st.one_of(times, st.integers(-(2**63), 2**63 - 1))


@given(st.lists(any_time, max_size=5), times, st.integers(1, 2**40))
def test_times_are_within_a_span_or_are_looked_at(found, start, length):
    window = CollectionWindow(start, start + length)
    rows = [bytes(74) + zig_zag(each) + bytes(8) for each in found]
    stamps = [int.from_bytes(row[74:82], "little") for row in rows]
    starts = [sum(map(len, rows[:at])) for at in range(len(rows))]
    assert times_of(b"".join(rows), starts) == found
    if all_within(stamps, window):
        assert all(map(window.holds, found))
    elif all(2**48 <= each < 2**55 for each in found):
        assert not all(map(window.holds, found)) or window.end > 2**55
