"""The small parts: windows, tallies, duplicates, what is written and what is read."""

import io
import json
import os
import stat
from array import array
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.audit.collection_windows import (
    TOLD_LATE,
    CollectionWindow,
    collection_windows,
    window_of_day,
    within,
)
from rally.audit.duplicates import Window
from rally.audit.findings import Check, Seen, Unit
from rally.audit.forbidden_values import read_forbidden_values
from rally.audit.report.output import check_writable, write_private
from rally.audit.row_checks import are_within, as_stored, times_of
from rally.audit.sealed import count_unsealed, sealing_prefixes
from rally.audit.settings import hash_address
from rally.audit.tally import ELSEWHERE, MOST_PLACES, OTHERS, Tally, merged
from rally.errors import ConfigurationError
from rally.keys.folder import KeyFolder
from rally.keys.platform_administration import ensure_platform_keys, rotate_purpose
from rally.keys.platform_keys import PlatformKeys
from rally.registry.study import Keep
from rally.registry.transitions import States, StudyAction, StudyState, Transition
from rally.times import from_micros, to_micros
from rally.validation.leaves import zig_zag
from rally.validation.pseudonyms import PLATFORM, Pseudonyms
from tests.support.memory_deployment import KeylessPrf
from tests.support.world import GARDEN, POND, rally_id

hours = st.integers(0, 24 * 40)


def hour(number):
    return datetime(2026, 5, 1, tzinfo=UTC) + timedelta(hours=number)


@given(
    decided=st.lists(
        st.tuples(
            st.sampled_from([StudyAction.PAUSE, StudyAction.RESUME, StudyAction.END]),
            hours,
        )
    ),
    asked=hours,
    study=st.sampled_from([GARDEN, POND]),
)
def test_rows_may_be_sent_while_a_study_collects_and_a_little_later(
    audited_registry, decided, asked, study
):
    log = [Transition(study, action, hour(at), "ann", "") for action, at in decided]
    states, found = States(audited_registry, log), audited_registry.studies[study]
    windows = collection_windows(states, found)
    minute = TOLD_LATE / 10
    for time in (hour(asked) + minute * each for each in range(-1, 13)):
        moments = [time - minute * each for each in range(10)]
        moments.append(time - TOLD_LATE + minute / 60)
        expected = any(
            states.at(found, each) is StudyState.COLLECTING for each in moments
        )
        assert expected == any(window.holds(to_micros(time)) for window in windows)


def test_day_of_a_leap_year_is_a_whole_day():
    day = window_of_day("2028-02-29")
    assert from_micros(day.start) == datetime(2028, 2, 29, tzinfo=UTC)
    assert from_micros(day.end) == datetime(2028, 3, 1, tzinfo=UTC)
    assert within(
        [CollectionWindow(0, day.start + 5), CollectionWindow(day.end - 5, 2**60)], day
    ) == [
        CollectionWindow(day.start, day.start + 5),
        CollectionWindow(day.end - 5, day.end),
    ]


times = st.integers(2**48, 2**55 - 1)


@given(times, times)
def test_stored_times_keep_their_order(one, other):
    first, second = (int.from_bytes(zig_zag(each), "little") for each in (one, other))
    assert first == as_stored(one)
    assert (first < second) == (one < other)


any_time = st.one_of(times, st.integers(-(2**63), 2**63 - 1))


@given(st.lists(any_time, max_size=5), times, st.integers(1, 2**40))
def test_times_are_within_a_span_or_are_looked_at(found, start, length):
    window = CollectionWindow(start, start + length)
    rows = [bytes(74) + zig_zag(each) + bytes(8) for each in found]
    stamps = [int.from_bytes(row[74:82], "little") for row in rows]
    starts = [sum(map(len, rows[:at])) for at in range(len(rows))]
    assert times_of(b"".join(rows), starts) == found
    if are_within(stamps, window):
        assert all(map(window.holds, found))
    elif all(2**48 <= each < 2**55 for each in found):
        assert not all(map(window.holds, found)) or window.end > 2**55


lines = st.tuples(
    st.sampled_from(list(Check)), st.sampled_from("abc"), st.integers(0, 5)
)


@given(st.lists(lines), st.lists(lines))
def test_tallies_add_up_and_travel_as_json(one, other):
    parts = []
    for found in (one, other):
        tally = Tally()
        for check, where, number in found:
            tally.broken(check, where, "w", number, Unit.ROWS)
        tally.documents["s", "d", "2026-01-01"] += len(found)
        parts.append(Tally.from_json(tally.to_json()))
    whole = merged(parts)
    assert sum(whole.lines.values()) == sum(each[2] for each in one + other)
    assert whole.days == {("s", "2026-01-01"): len(one + other)}
    assert [each.check for each in whole.results(str)] == list(Check)


def test_places_beyond_many_are_counted_together():
    parts = []
    for part in range(3):
        tally = Tally()
        for number in range(MOST_PLACES):
            tally.broken(Check.FILES, f"{part}-{number:04}", "w", 1, Unit.OBJECTS)
        parts.append(tally)
    findings = {each.check: each.findings for each in merged(parts).results(str)}
    assert len(findings[Check.FILES]) == MOST_PLACES + 1
    assert findings[Check.FILES][-1] == Seen(
        ELSEWHERE, "w", 2 * MOST_PLACES, Unit.OBJECTS
    )


def test_kinds_beyond_many_are_counted_together():
    tally = Tally()
    for number in range(3 * MOST_PLACES):
        tally.broken(Check.FILES, f"{number:04}", f"{number:04}", 1, Unit.OBJECTS)
    assert len(tally.lines) == 2 * MOST_PLACES + 1
    (findings,) = (
        each.findings for each in tally.results(str) if each.check is Check.FILES
    )
    assert Seen(ELSEWHERE, OTHERS, MOST_PLACES, Unit.OBJECTS) in findings


def test_names_are_shown_in_one_way_and_counted_together():
    tally = Tally()
    for name in ("a", "b", "\udcff"):
        tally.broken(Check.FILES, name, "w", 1, Unit.OBJECTS)
    travelled = Tally.from_json(json.loads(json.dumps(tally.to_json())))
    assert {line.where for line in travelled.lines} == {"a", "b", "\\udcff"}
    results = travelled.results(lambda text: text.replace("b", "a"))
    (findings,) = (each.findings for each in results if each.check is Check.FILES)
    assert [each[:3] for each in findings] == [("\\udcff", "w", 1), ("a", "w", 2)]


keys = st.lists(st.integers(0, 5), max_size=6)


@given(
    days=st.dictionaries(st.integers(1, 9), st.lists(keys, max_size=3), max_size=6),
    keep=st.sampled_from(Keep),
)
def test_duplicates_are_counted_in_the_window(days, keep):
    window, earlier = Window(keep), {}
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


PSEUDONYMS = Pseudonyms({PLATFORM: KeylessPrf(PLATFORM)})


@pytest.mark.parametrize(
    ("text", "people", "addresses"),
    [
        (f"{rally_id(1)}\n", [1], []),
        (f" {rally_id(1).upper()} \r\n\n192.0.2.7", [1], ["192.0.2.7"]),
        ("2001:db8::1\n", [], ["2001:db8::1"]),
    ],
)
def test_forbidden_values_are_read_from_lines(text, people, addresses):
    forbidden = read_forbidden_values(io.BytesIO(text.encode()), PSEUDONYMS)
    assert forbidden.pseudonyms == {PSEUDONYMS.of_platform(rally_id(p)) for p in people}
    assert forbidden.addresses == set(map(hash_address, addresses))
    assert not [each for each in text.split() if each in repr(forbidden)]


@pytest.mark.parametrize("text", ["", "\n\n", "192.0.2.7\nnobody\n"])
def test_lines_that_are_neither_are_refused(text):
    with pytest.raises(ConfigurationError, match="standard input") as error:
        read_forbidden_values(io.BytesIO(text.encode()), PSEUDONYMS)
    assert "nobody" not in str(error.value)


def test_report_is_replaced_as_a_whole_and_private(tmp_path):
    path = tmp_path / "report.json"
    path.write_text("old")
    path.chmod(0o644)
    write_private("--json", str(path), "new ü")
    assert path.read_text(encoding="utf-8") == "new ü"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["report.json"]


def test_report_that_cannot_be_put_there_leaves_nothing(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigurationError, match=r"--html .*folder: cannot be written"):
        write_private("--html", str(tmp_path / "folder"), "text")
    assert os.listdir(tmp_path) == ["folder"]


@pytest.mark.parametrize("name", ["folder", "nowhere/a.html", "a" * 250])
def test_report_is_known_to_be_refused_before_it_is_made(tmp_path, name):
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigurationError, match=r"--html .*: cannot be written"):
        check_writable("--html", str(tmp_path / name))
    check_writable("--html", str(tmp_path / "fine.html"))
    assert os.listdir(tmp_path) == ["folder"]


def test_what_any_key_sealed_is_sealed(tmp_path):
    uri = str(tmp_path / "keys")
    ensure_platform_keys(uri, [])
    first = PlatformKeys.open(uri, seal=True).dead_letter_sealer()
    rotate_purpose(KeyFolder(uri), "dead-letter.private")
    second = PlatformKeys.open(uri, seal=True).dead_letter_sealer()
    prefixes = sealing_prefixes(KeyFolder(uri))
    letters = [first.encrypt(b"", b"c"), second.encrypt(b"text", b"c")]
    assert len(prefixes) == 2
    assert count_unsealed(letters, prefixes) == 0
    clear = [b"", b"text" * 50, letters[0][:40], b"\x01" + bytes(4) + letters[0][5:]]
    assert count_unsealed([*letters, *clear], prefixes) == len(clear)
