"""Rows are few and whole files, named by what is in them."""

import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rally.errors import CorruptFile
from rally.storage import writer
from rally.storage.container import encode_container, read_rows
from rally.storage.header import read_header
from rally.storage.layout import Partition, Stores
from rally.storage.objectstore.interface import ObjectNotFound
from rally.storage.objectstore.local import LocalStore
from rally.storage.writer import (
    RowWriter,
    Table,
    create_named_by_content,
    read_stored_header,
)

MONDAY = Partition("rally-one", "visit.1", "2022-03-14")
TUESDAY = Partition("rally-one", "visit.1", "2022-03-15")
OTHER_STUDY = Partition("rally-two", "visit.1", "2022-03-14")
OTHER_VERSION = Partition("rally-one", "visit.2", "2022-03-14")

WRITES = """
import sys
from rally.storage.layout import Partition, Stores
from rally.storage.writer import RowWriter, Table
rows = [b"H" + b"%036d" % n + b"H" + b"%036d" % n + bytes([20]) + b"x" * 10
        for n in range(3000)]
stores, table = Stores(sys.argv[1], None), Table(sys.argv[2], "ff")
writer = RowWriter(stores, lambda *_: table, "1", lambda: 0)
sys.stdin.readline()
for each in rows[:: int(sys.argv[3])]:
    writer.add(Partition("rally-one", "visit.1", "2022-03-14"), "ff", each)
writer.flush()
"""


@pytest.fixture
def store(tmp_path):
    """Where `make_writer` writes."""
    return LocalStore(str(tmp_path / "store"))


@pytest.fixture
def make_writer(store, schema):
    def make(version="1.0", withdrawal_list=lambda: 7, fingerprint="f1", **more):
        table = Table(schema, fingerprint)
        stores = Stores(store.uri, None)
        return RowWriter(stores, lambda *_: table, version, withdrawal_list, **more)

    return make


def names(store):
    return [info.name for info in store.list()]


def test_flush_writes_one_file_for_each_partition(
    store, make_writer, make_row, make_record
):
    rows = make_writer()
    for number, partition in enumerate(
        [MONDAY, TUESDAY, OTHER_STUDY, MONDAY, OTHER_VERSION, MONDAY]
    ):
        rows.add(partition, "f1", make_row(9 - number))
    assert names(store) == []
    rows.flush()
    found = {
        info.name.rpartition("/")[0]: [
            int(row["participant"][-1]) for row in read_rows(store.read(info.name))
        ]
        for info in store.list()
    }
    assert found == {
        "data/study=rally-one/document=visit.1/date=2022-03-14/bucket=new": [4, 6, 9],
        "data/study=rally-one/document=visit.1/date=2022-03-15/bucket=new": [8],
        "data/study=rally-one/document=visit.2/date=2022-03-14/bucket=new": [5],
        "data/study=rally-two/document=visit.1/date=2022-03-14/bucket=new": [7],
    }


def test_flush_writes_a_file_for_each_schema_of_a_partition(
    store, schema, make_row, make_record
):
    stores = Stores(store.uri, None)
    rows = RowWriter(stores, lambda *names: Table(schema, names[2]), "1.0", lambda: 7)
    for number, fingerprint in enumerate(["f1", "f2", "f1"]):
        rows.add(MONDAY, fingerprint, make_row(number))
    rows.flush()
    files = [store.read(name) for name in names(store)]
    assert {
        read_header(data).entries["rally.schema"]: [
            int(row["participant"][-1]) for row in read_rows(data)
        ]
        for data in files
    } == {b"f1": [0, 2], b"f2": [1]}


def test_header_says_under_what_the_rows_were_written(store, make_writer, make_row):
    name = make_writer("2.1", fingerprint="abc").write(
        MONDAY, "abc", [make_row(1), make_row(2)], 12
    )
    header = read_header(store.read(name))
    content = header.entries["rally.content"].decode()
    assert header.entries["rally.version"] == b"2.1"
    assert header.entries["rally.list"] == b"12"
    assert header.entries["rally.schema"] == b"abc"
    assert header.rows == 2
    assert len(content) == 64
    assert name == f"{MONDAY.folder}bucket=new/{content[:32]}.avro"
    assert header.sync.hex() == content[:32]


def test_file_claims_the_list_under_which_its_first_row_was_judged(
    store, make_writer, make_row, monkeypatch
):
    monkeypatch.setattr(writer, "FLUSH_BYTES", 4 * (len(make_row(1)) + 64))
    known = iter([3, 4, 5])
    rows = make_writer(withdrawal_list=lambda: next(known))
    for number in range(9):  # flushed after the fourth and after the eighth
        rows.add((MONDAY, TUESDAY)[number % 2], "f1", make_row(number))
    rows.flush()
    counters = {
        row["participant"][-1]: read_header(store.read(name)).entries["rally.list"]
        for name in names(store)
        for row in read_rows(store.read(name))
    }
    assert counters == {
        **dict.fromkeys("0123", b"3"),
        **dict.fromkeys("4567", b"4"),
        "8": b"5",
    }


def test_second_flush_has_nothing_to_write(store, make_writer, make_row):
    rows = make_writer()
    rows.add(MONDAY, "f1", make_row(1))
    rows.flush()
    rows.flush()
    assert len(names(store)) == 1
    rows.add(MONDAY, "f1", make_row(2))
    rows.flush()
    assert len(names(store)) == 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 5), min_size=1), st.randoms(use_true_random=False))
def test_same_rows_in_any_order_are_the_same_object(
    store, make_writer, make_row, people, shuffler
):
    rows = [make_row(person, document=n) for n, person in enumerate(people)]
    name = make_writer().write(MONDAY, "f1", rows, 7)
    data, before = store.read(name), store.stat(name)
    shuffler.shuffle(rows)
    assert make_writer().write(MONDAY, "f1", rows, 7) == name
    assert store.stat(name) == before
    store.delete(name, before.generation)
    assert make_writer().write(MONDAY, "f1", rows, 7) == name
    assert store.read(name) == data
    store.delete(name, store.stat(name).generation)


def test_another_row_partition_or_schema_is_another_object(make_writer, make_row):
    one, two = make_row(1), make_row(2)
    made = [
        make_writer().write(MONDAY, "f1", [one], 7),
        make_writer().write(MONDAY, "f1", [two], 7),
        make_writer().write(MONDAY, "f1", [one, two], 7),
        make_writer().write(MONDAY, "f1", [one, one], 7),
        make_writer(fingerprint="f2").write(MONDAY, "f1", [one], 7),
        make_writer().write(TUESDAY, "f1", [one], 7),
        make_writer().write(OTHER_STUDY, "f1", [one], 7),
    ]
    assert len({name.rpartition("/")[2] for name in made}) == len(made)


def test_another_version_of_the_pipeline_finds_its_rows_written(
    store, make_writer, make_row
):
    name = make_writer("1.0").write(MONDAY, "f1", [make_row(1)], 7)
    before = store.read(name)
    assert make_writer("2.0").write(MONDAY, "f1", [make_row(1)], 8) == name
    assert store.read(name) == before


def test_rows_are_written_when_memory_says_so(
    store, make_writer, make_row, monkeypatch
):
    monkeypatch.setattr(writer, "FLUSH_BYTES", 10_000)
    rows = make_writer()
    written = []
    for number in range(250):
        rows.add((MONDAY, TUESDAY)[number % 2], "f1", make_row(number))
        written.append(len(names(store)))
    size = len(make_row(1)) + 64
    flushes = 250 // -(-10_000 // size)
    assert written[-(-10_000 // size) - 2 :][:2] == [0, 2]
    assert written[-1] == 2 * flushes
    rows.flush()
    stored = [row for name in names(store) for row in read_rows(store.read(name))]
    assert len(stored) == 250
    assert len({row["participant"] for row in stored}) == 250


def test_flush_that_failed_is_made_good_by_the_next(tmp_path, schema, make_row):
    (tmp_path / "rally-two").write_bytes(b"in the way")
    stores = Stores(f"{tmp_path}/{{study}}", str(tmp_path / "platform"))
    rows = RowWriter(stores, lambda *_: Table(schema, "f1"), "1.0", lambda: 7)
    for partition in (OTHER_STUDY, MONDAY):
        rows.add(partition, "f1", make_row(1))
    with pytest.raises(NotADirectoryError):
        rows.flush()
    (tmp_path / "rally-two").unlink()
    rows.flush()
    assert len(names(stores.of("rally-one"))) == 1
    assert len(names(stores.of("rally-two"))) == 1


def test_other_content_under_the_name_stops_the_writer(store, make_writer, make_row):
    name = make_writer().write(MONDAY, "f1", [make_row(1)], 7)
    other = store.read(make_writer().write(MONDAY, "f1", [make_row(2)], 7))
    store.replace(name, other, store.stat(name).generation)
    with pytest.raises(CorruptFile) as caught:
        make_writer().write(MONDAY, "f1", [make_row(1)], 7)
    assert str(caught.value) == (
        f"{name}: another content stands under this name; move it"
    )
    assert store.read(name) == other


@pytest.mark.parametrize(
    ("found", "message"),
    [(b"", "no Avro container file"), (b"Obj\x01\x02", "the header is cut off")],
)
def test_what_is_no_file_under_the_name_stops_the_writer(
    store, make_writer, make_row, found, message
):
    name = make_writer().write(MONDAY, "f1", [make_row(1)], 7)
    store.replace(name, found, store.stat(name).generation)
    with pytest.raises(CorruptFile) as caught:
        make_writer().write(MONDAY, "f1", [make_row(1)], 7)
    assert str(caught.value) == f"{name}: {message}"


def test_header_is_read_whatever_its_length(
    store, make_writer, make_row, schema, monkeypatch
):
    monkeypatch.setattr(writer, "_HEADER_READ", 16)
    name = make_writer().write(MONDAY, "f1", [make_row(n) for n in range(5)], 7)
    assert read_stored_header(store, name) == read_header(store.read(name))
    with pytest.raises(ObjectNotFound):
        read_stored_header(store, "absent")


def test_index_longer_than_the_first_read_is_still_ours(store, schema):
    """Its rows' lengths alone can be more than the megabyte that is asked for."""
    rows = [b"H" + b"%036d" % n for n in range(3)]
    entries = {"rally.content": "c", "rally.padding": "x" * 3_000_000}
    data = encode_container(schema, rows, entries, bytes(16), indexed=True)
    create_named_by_content(store, "a", data, "c")
    create_named_by_content(store, "a", data, "c")
    with pytest.raises(CorruptFile, match=r"^a: another content"):
        create_named_by_content(store, "a", data, "d")


class Vanishing(LocalStore):
    """Compaction takes the object away between the attempt and the look."""

    def read_range(self, name, start, length):
        self.delete(name, self.stat(name).generation)
        return super().read_range(name, start, length)


def test_object_that_went_while_it_was_looked_at_is_made_again(tmp_path, schema):
    store = Vanishing(str(tmp_path))
    data = encode_container(schema, [], {"rally.content": "c"}, bytes(16), indexed=True)
    store.create("a", data)
    create_named_by_content(store, "a", data, "c")
    assert store.read("a") == data


def test_processes_that_write_the_same_rows_make_one_object(store, schema):
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITES, store.uri, schema, step],
            stdin=subprocess.PIPE,
            text=True,
        )
        for step in ("1", "-1", "1")
    ]
    for each in writers:
        each.communicate("\n")
        assert each.returncode == 0
    [name] = names(store)
    assert len(list(read_rows(store.read(name)))) == 3000


def test_what_has_to_be_whole_before_rows_are_seen_is_written_before(
    store, make_writer, make_row
):
    seen = []
    rows = make_writer(before=lambda: seen.append(names(store)))
    rows.add(MONDAY, "f1", make_row(1))
    rows.flush()
    assert seen == [[]]
    assert len(names(store)) == 1
