from io import BytesIO

import fastavro
import pytest

from rally.errors import CorruptFile
from rally.event_log.log_file import open_log_file, open_signed_file, write_log_file
from rally.event_log.rows import NOBODY, decode_event, encode_event, key_in
from rally.events import Event, EventKind
from rally.keys.names import Job
from rally.keys.signing import verifier_of
from rally.storage.container import encode_container
from rally.storage.objectstore.interface import ObjectNotFound
from rally.storage.partitions import Bucket
from tests.fakes.memory_store import MemoryStore
from tests.rally.event_log.log_events import KEY, joined, pseudonym
from tests.support.people import job_key

BUCKET = Bucket(0, 0)
ANN, BOB, CLICK = pseudonym(1), pseudonym(2, 0x80), pseudonym(3, 0xFF)
SOME = (joined(ANN, 1, CLICK), joined(BOB, 2), joined(None, 3, CLICK))
SETTLED = Event(EventKind.SETTLED, "rally-one", None, 10**15, None, "d", "purge")


def accepts(counter, signature, data):
    return counter < 9 and verifier_of(KEY.public).is_signed(
        bytes.fromhex(signature), data
    )


def rows_of(*events):
    return sorted({row for each in events for row in encode_event(each)})


@pytest.fixture
def platform():
    return MemoryStore()


def write(platform, *events, counter=7, key=KEY):
    return write_log_file(platform, BUCKET, counter, rows_of(*events), key)


def test_an_event_stands_under_each_of_its_keys():
    keys = [[*map(key_in, encode_event(each))] for each in (*SOME, SETTLED)]
    assert keys == [[ANN, CLICK], [BOB], [CLICK], [NOBODY]]
    assert {decode_event(row) for row in rows_of(*SOME)} == {*SOME}


def test_a_file_is_found_by_what_the_root_says_and_holds_sorted_rows(platform):
    file = write(platform, *SOME, SETTLED)
    [info] = platform.list("events/log/")
    assert (file.name, file.size, file.events) == (info.name, info.size, 4)
    assert file.name == f"events/log/bucket=0-0/000000000007-{file.sha256[:16]}.avro"
    with open_log_file(platform, file) as opened:
        assert [*opened.rows()] == rows_of(*SOME, SETTLED)
        assert (opened.bucket, opened.counter, opened.file) == (BUCKET, 7, file)


def test_the_same_events_under_the_same_counter_are_the_same_object(platform):
    assert write(platform, *SOME) == write(platform, *reversed(SOME))
    assert write(platform, *SOME, counter=8) != write(platform, *SOME)
    assert len([*platform.list()]) == 2


def test_no_events_are_no_file(platform):
    assert (write(platform), [*platform.list()]) == (None, [])


def test_any_reader_of_avro_reads_a_file(platform):
    file = write(platform, *SOME)
    found = [*fastavro.reader(BytesIO(platform.read(file.name)))]
    assert [each["key"] for each in found] == [ANN, BOB, CLICK, CLICK]
    assert found[1]["submission_timestamp"].isoformat() == (
        "2022-03-10T12:00:00.000002+00:00"
    )


def test_some_keys_are_found_by_reading_a_header_and_their_blocks(platform):
    everybody = [joined(pseudonym(n, n // 40), n) for n in range(10_000)]
    file = write(platform, *everybody)
    wanted = [everybody[n] for n in (0, 4_321, 9_999)]
    platform.reads.clear()
    with open_log_file(platform, file) as opened:
        found = [*opened.find([*(each.participant for each in wanted), CLICK])]
    assert [decode_event(row) for row in found] == wanted
    header, *blocks = platform.reads
    assert (header[1], len(blocks)) == (0, 3)
    assert sum(length for *_, length in blocks) < file.size / 5


@pytest.mark.parametrize("at", [0.1, 0.5, 0.999])
def test_a_changed_byte_is_damage_wherever_it_is_and_whoever_reads(platform, at):
    everybody = [joined(pseudonym(n, n // 10), n) for n in range(2_000)]
    file = write(platform, *everybody)
    data = bytearray(platform.read(file.name))
    data[int(len(data) * at)] ^= 1
    platform.replace(file.name, bytes(data), platform.stat(file.name).generation)
    for opener in (
        lambda: open_log_file(platform, file),
        lambda: open_signed_file(platform, file.name, accepts),
    ):
        with pytest.raises(CorruptFile, match=file.name), opener() as opened:
            list(opened.rows())


def test_a_file_of_the_same_name_is_not_the_one_that_the_root_names(platform):
    file, other = write(platform, *SOME), write(platform, SETTLED)
    data = platform.read(other.name)
    platform.replace(file.name, data, platform.stat(file.name).generation)
    with pytest.raises(CorruptFile, match="not the file that the root names"):
        open_log_file(platform, file).__enter__()


@pytest.mark.parametrize(
    ("counter", "key", "is_ours"),
    [(8, KEY, True), (9, KEY, False), (8, job_key(Job.PURGE), False)],
)
def test_without_a_root_the_signature_tells_whose_a_file_is(
    platform, counter, key, is_ours
):
    file = write(platform, *SOME, counter=counter, key=key)
    if is_ours:
        with open_signed_file(platform, file.name, accepts) as opened:
            assert ([*opened.rows()], opened.file) == (rows_of(*SOME), file)
        return
    with pytest.raises(CorruptFile, match="signed"):
        open_signed_file(platform, file.name, accepts).__enter__()


def test_a_file_that_is_none_of_the_log_was_signed_by_nobody(platform):
    rows = [b"\x48" + ANN.encode()]
    schema = (
        '{"type": "record", "name": "r", "fields": [{"name": "p", "type": "string"}]}'
    )
    platform.create("x", encode_container(schema, rows, {}, bytes(16), indexed=True))
    with pytest.raises(CorruptFile, match="signed"):
        open_signed_file(platform, "x", accepts).__enter__()


def test_a_file_that_is_gone_is_said_to_be(platform):
    file = write(platform, *[joined(pseudonym(n, n % 256), n) for n in range(9_000)])
    with open_log_file(platform, file) as opened:
        platform.delete(file.name, platform.stat(file.name).generation)
        with pytest.raises(ObjectNotFound):
            list(opened.rows())
    with pytest.raises(ObjectNotFound):
        open_log_file(platform, file).__enter__()
