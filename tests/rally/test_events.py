import io
import json
import re

import fastavro
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rally.errors import CorruptFile
from rally.event_log.event_log import EventLog
from rally.events import RALLY, Event, EventKind, event_name, write_events
from rally.storage.container import encode_container
from rally.storage.header import SCHEMA, read_header
from rally.storage.objectstore.local import LocalStore
from rally.times import EARLIEST, LATEST, from_micros, to_micros

LEFT = Event(
    EventKind.LEFT,
    RALLY,
    "00000000-0000-8000-8000-000000000001",
    1_646_916_000_123_456,  # 2022-03-10T12:40:00.123456Z
    None,
    "00000000-0000-4000-8000-000000000002",
    "rally-core/deletion-request.1",
)
JOINED = LEFT._replace(kind=EventKind.JOINED, scope="rally-one", deletion_id="d1")
UNINSTALLED = LEFT._replace(participant=None, deletion_id="d1")
NEXT_DAY = LEFT._replace(submission_timestamp=1_646_956_800_000_000)

optional = st.none() | st.text(max_size=5)
events = st.builds(
    Event,
    st.sampled_from(EventKind),
    st.sampled_from([RALLY, "rally-one"]),
    optional,
    st.integers(to_micros(EARLIEST), to_micros(LATEST)),
    optional,
    st.uuids().map(str),
    st.text(max_size=5),
    optional,
)


@pytest.fixture
def platform(tmp_path):
    return LocalStore(str(tmp_path))


def names(platform):
    return [info.name for info in platform.list()]


def test_events_come_back_equal_and_of_their_own_types(platform):
    written = {LEFT, JOINED, UNINSTALLED, NEXT_DAY}
    write_events(platform, written, "1.0")
    found = list(EventLog(platform))
    assert sorted(found, key=event_name) == sorted(written, key=event_name)
    assert {type(event.kind) for event in found} == {EventKind}
    assert {type(event.submission_timestamp) for event in found} == {int}


@pytest.mark.parametrize("time", [-1, to_micros(EARLIEST) - 1, 2**62])
def test_event_of_a_time_that_cannot_be_is_damage(platform, time):
    schema = read_header(_written(platform)).entries[SCHEMA].decode()
    row = io.BytesIO()
    fastavro.schemaless_writer(
        row,
        fastavro.parse_schema(_plain_times(json.loads(schema))),
        LEFT._replace(submission_timestamp=time)._asdict(),
    )
    data = encode_container(schema, [row.getvalue()], {}, bytes(16), indexed=False)
    platform.create(f"events/date=2022-03-10/{'0' * 32}.avro", data)
    with pytest.raises(CorruptFile, match=r"rows are (no events|not what the header)"):
        list(EventLog(platform))


def _written(platform):
    write_events(platform, [LEFT], "1.0")
    return platform.read(names(platform)[0])


def _plain_times(schema):
    for field in schema["fields"]:
        if field["name"] == "submission_timestamp":
            field["type"] = "long"
    return schema


def test_log_is_kept_by_submission_date(platform):
    write_events(platform, [NEXT_DAY, LEFT, JOINED], "1.0")
    first, second = names(platform)
    assert re.fullmatch(r"events/date=2022-03-10/[0-9a-f]{32}\.avro", first)
    assert re.fullmatch(r"events/date=2022-03-11/[0-9a-f]{32}\.avro", second)
    header = read_header(platform.read(first))
    assert header.rows == 2
    assert header.entries["rally.version"] == b"1.0"
    assert "rally.index" not in header.entries


@pytest.mark.parametrize(
    "again",
    [[LEFT, JOINED], [JOINED, LEFT], [LEFT, JOINED, LEFT, Event(*JOINED)]],
    ids=["same", "another order", "twice"],
)
def test_equal_events_are_one_object(platform, again):
    write_events(platform, [LEFT, JOINED], "1.0")
    before = list(platform.list())
    write_events(platform, iter(again), "2.0")
    assert list(platform.list()) == before
    assert len(list(EventLog(platform))) == 2


def test_events_of_another_flush_are_added(platform):
    write_events(platform, [LEFT], "1.0")
    write_events(platform, [LEFT, JOINED], "1.0")
    assert len(names(platform)) == 2
    assert set(EventLog(platform)) == {LEFT, JOINED}
    assert len(list(EventLog(platform))) == 3


def test_log_is_read_as_often_as_wanted(platform):
    log = EventLog(platform)
    assert list(log) == []
    write_events(platform, [LEFT, JOINED], "1.0")
    assert set(log) == set(log) == {LEFT, JOINED}


def test_no_event_makes_no_object(platform):
    write_events(platform, [], "1.0")
    assert names(platform) == []
    assert list(EventLog(platform)) == []


def test_name_of_an_event_follows_from_its_content():
    assert event_name(LEFT) == event_name(Event(*LEFT))
    assert re.fullmatch("[0-9a-f]{32}", event_name(LEFT))
    others = [
        LEFT._replace(kind=EventKind.JOINED),
        LEFT._replace(scope="rally-one"),
        LEFT._replace(participant=None),
        LEFT._replace(participant="None"),
        LEFT._replace(submission_timestamp=LEFT.submission_timestamp + 1),
        LEFT._replace(deletion_id=""),
        LEFT._replace(document_id=""),
        LEFT._replace(signal=""),
    ]
    assert len({event_name(event) for event in [LEFT, *others]}) == 9


def test_name_of_an_event_is_the_same_for_ever():
    """Receipts and decisions of later years refer to it."""
    assert event_name(LEFT) == "6f2b7201b34527e55b4cf71229440df1"
    keyed = LEFT._replace(recipient="age1")
    assert event_name(keyed) == "27c20f67014c23975a52931214a31421"


def test_other_readers_see_a_timestamp(platform):
    write_events(platform, [LEFT], "1.0")
    [row] = fastavro.reader(io.BytesIO(platform.read(names(platform)[0])))
    assert row == {
        "kind": "left",
        "scope": "rally",
        "participant": LEFT.participant,
        "submission_timestamp": from_micros(LEFT.submission_timestamp),
        "deletion_id": None,
        "document_id": LEFT.document_id,
        "signal": "rally-core/deletion-request.1",
        "recipient": None,
    }


def test_damaged_log_is_not_read_past(platform):
    write_events(platform, [LEFT], "1.0")
    [info] = platform.list()
    damaged = platform.read(info.name)[:-1]
    platform.replace(info.name, damaged, info.generation)
    with pytest.raises(CorruptFile, match=f"^{info.name}: "):
        list(EventLog(platform))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(events, max_size=5))
def test_any_events_come_back_once_each(platform, written):
    write_events(platform, written, "1.0")
    assert sorted(EventLog(platform), key=event_name) == sorted(
        set(written), key=event_name
    )
    for info in list(platform.list()):
        platform.delete(info.name, info.generation)
