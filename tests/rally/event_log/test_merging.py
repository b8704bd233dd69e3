import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rally.errors import CorruptFile
from rally.event_log.event_log import LogState
from rally.event_log.merging import find_signed_files, merge_log, remove_unnamed
from rally.events import EventKind
from rally.keys.signing import verifier_of
from tests.fakes.memory_store import MemoryStore
from tests.rally.event_log.log_events import KEY, Log, events, joined, pseudonym

ANN, BOB, CLICK = pseudonym(1), pseudonym(2, 0x80), pseudonym(3, 0xFF)
SOME = (joined(ANN, 1, CLICK), joined(BOB, 2), joined(None, 3, CLICK))


@pytest.fixture
def log():
    return Log(MemoryStore())


def accepts(_, signature, data):
    return verifier_of(KEY.public).is_signed(bytes.fromhex(signature), data)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.lists(events()), st.integers(50, 4_000)), max_size=5),
    st.lists(events(), max_size=3),
)
def test_a_log_that_is_merged_has_the_events_that_were_written(runs, later):
    log, written = Log(MemoryStore()), set()
    for some, file_bytes in runs:
        log.write(*some)
        written.update(some)
        log.merge(file_bytes=file_bytes)
        remove_unnamed(log.platform, log.state.files, log.counter)
    assert sorted(map(repr, log.reader)) == sorted(map(repr, written))
    log.write(*later)
    written.update(later)
    assert set(log.reader) == written
    keys = {k for e in written for k in (e.participant, e.deletion_id) if k}
    for key in keys:
        assert log.reader.about([key]) == {
            each for each in written if key in (each.participant, each.deletion_id)
        }
    assert log.reader.about(keys) == {
        each for each in written if each.participant or each.deletion_id
    }


def test_events_that_are_equal_are_one_and_counted_once(log):
    log.write(*SOME)
    log.merge()
    log.write(SOME[0])
    log.write(*SOME[:2])
    log.merge()
    assert len([*log.reader]) == sum(each.events for each in log.state.files) == 3


def test_number_of_buckets_doubles_as_files_grow_and_never_halves(log):
    everybody = [joined(pseudonym(n, n % 256), n) for n in range(1_000)]
    log.write(*everybody)
    assert log.merge(file_bytes=5_000).bits > 2
    bits = log.state.bits
    assert len(log.state.files) == 1 << bits
    log.merge(file_bytes=1 << 30)
    assert (log.state.bits, sorted(log.reader)) == (bits, sorted(everybody))
    few = log.reader.about([everybody[7].participant])
    assert few == {everybody[7]}


def test_a_file_without_news_stays_as_it_is(log):
    log.write(*(joined(pseudonym(n, n % 256), n) for n in range(1_000)))
    log.merge(file_bytes=5_000)
    before = log.state.files
    log.write(joined(pseudonym(5, 0x00), 5_000))
    log.merge(file_bytes=5_000)
    assert log.state.files[1:] == before[1:]
    assert log.state.files[0].name > before[0].name


def test_a_loose_object_with_an_event_that_has_to_stay_is_left_alone(log):
    log.write(*SOME)
    log.write(joined("nobody's id", 4))
    found = log.merge()
    assert len(found.merged) == 1
    assert len(log.loose) == 1
    log.write(joined(ANN, 5))
    assert not log.merge(stays_loose=lambda each: each.participant == ANN).merged
    assert len(set(log.reader)) == 5


def test_a_merge_takes_so_many_rows_and_the_next_one_the_others(log):
    for number in range(6):
        log.write(joined(ANN, number))
    assert len(log.merge(most_rows=4).merged) == 4
    assert len(log.merge(most_rows=4).merged) == 2
    assert (log.loose, len([*log.reader])) == ([], 6)


def test_what_is_dropped_is_in_no_file_and_its_object_counts_as_merged(log):
    log.write(*SOME)
    log.merge()
    log.write(joined(BOB, 4, kind=EventKind.LEFT))
    log.merge(drops=lambda each: each.participant == BOB)
    assert (set(log.reader), log.loose) == ({SOME[0], SOME[2]}, [])
    log.merge(drops=lambda _: True)
    assert log.state.files == ()


def test_a_killed_merge_loses_nothing_and_the_next_one_counts_nothing_twice(log):
    log.write(*SOME)
    log.merge()
    log.write(joined(ANN, 9))
    former, loose = log.former, log.loose
    merge_log(log.platform, former, loose, 2, KEY)  # killed: never published
    assert len([*log.reader]) == 4
    found = merge_log(log.platform, former, loose, 2, KEY)
    log.state = LogState(found.bits, found.files)  # killed before anything is removed
    assert set(log.reader) == {*SOME, joined(ANN, 9)}
    assert log.reader.about([ANN]) == {SOME[0], joined(ANN, 9)}
    log.counter = 2
    log.merge()
    remove_unnamed(log.platform, log.state.files, log.counter)
    assert len([*log.reader]) == 4
    assert len([*log.platform.list()]) == 1


def test_without_a_root_all_signed_and_whole_files_are_the_log(log):
    log.write(*SOME)
    log.merge(file_bytes=100)
    log.write(joined(ANN, 9))
    log.merge(file_bytes=10)
    data = bytearray(log.platform.read(log.state.files[-1].name))
    data[100] ^= 1
    signed = {info.name for info in log.platform.list("events/log/")}
    log.platform.create(f"events/log/bucket=1-1/{8:012}-{'0' * 16}.avro", bytes(data))
    log.platform.create(f"events/log/bucket=1-1/{9:012}-{'0' * 16}.avro", b"planted")
    found = find_signed_files(log.platform, accepts)
    assert {each.file.name for each in found} == signed
    assert len({each.bucket.bits for each in found}) == 2
    again = merge_log(log.platform, found, [], 3, KEY)
    log.state = LogState(again.bits, again.files)
    remove_unnamed(log.platform, log.state.files, log.counter)
    assert sorted(map(repr, log.reader)) == sorted(map(repr, [*SOME, joined(ANN, 9)]))


def test_a_file_that_is_missing_or_a_loose_object_that_is_damaged_stops_a_merge(log):
    log.write(*SOME)
    log.merge()
    [file] = log.state.files
    log.write(joined(ANN, 9))
    [loose] = log.loose
    log.platform.delete(file.name, log.platform.stat(file.name).generation)
    with pytest.raises(CorruptFile, match=rf"{file.name}: is missing"):
        merge_log(log.platform, log.former, [loose], 2, KEY)
    with pytest.raises(CorruptFile, match=rf"{file.name}: is missing"):
        list(log.reader)
    log.platform.replace(loose, b"x", log.platform.stat(loose).generation)
    with pytest.raises(CorruptFile, match=loose):
        merge_log(log.platform, [], [loose], 2, KEY)


def test_what_every_file_has_already_is_merged_without_writing_one(log):
    """A hold keeps loose objects that are merged."""
    everybody = [joined(pseudonym(n, n % 256), n) for n in range(300)]
    log.write(*everybody)
    [name] = log.loose
    log.merge([name], file_bytes=5_000)
    before = log.state.files
    log.write(*everybody)
    assert log.merge(file_bytes=5_000).merged == (name,)
    assert (log.state.files, log.loose) == (before, [])
    log.write(*everybody, joined(BOB, 999))
    gone = everybody[7].participant
    log.merge(drops=lambda each: each.participant == gone, file_bytes=5_000)
    changed = [
        old.bucket for old, new in zip(before, log.state.files, strict=True)
        if old != new
    ]  # fmt: skip
    shift = 8 - log.state.bits
    assert changed == [7 >> shift, 0x80 >> shift]
    assert len([*log.reader]) == 300


def test_what_has_a_later_counter_is_left_to_whoever_publishes_next(log):
    log.write(*SOME)
    log.merge()
    former, loose = log.state.files, log.loose
    log.write(joined(ANN, 9))
    found = merge_log(log.platform, log.former, log.loose, 2, KEY)
    assert remove_unnamed(log.platform, former, 1) == {}
    assert len([*log.platform.list("events/log/")]) == 2
    log.platform.hold(former[0].name)
    assert [*remove_unnamed(log.platform, found.files, 2)] == [former[0].name]
    log.platform.hold(former[0].name, on=False)
    assert remove_unnamed(log.platform, found.files, 2) == {}
    assert len([*log.platform.list("events/log/")]) == 1
    assert loose == []
