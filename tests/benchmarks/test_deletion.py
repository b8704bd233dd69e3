import itertools
import json
import shutil
from collections import Counter
from io import BytesIO

import fastavro
import pytest

from benchmarks import deletion, deletion_audit, deletion_data, deletion_rows
from benchmarks.deletion_data import FILES, LAYOUTS, Plan
from benchmarks.deletion_stores import Stores, leaving, strangers
from rally.registry.rows import RowEncoder
from rally.storage.container import check_whole
from rally.storage.header import read_header

pytestmark = pytest.mark.slow("benchmarks")

ROWS, PEOPLE, BITS = 1_000, 50, 2


def made(folder, layout):
    plan = Plan(folder, ROWS, PEOPLE, BITS)
    deletion_data.make(layout, plan)
    return sorted(plan.partition.rglob("*.avro"))


def read(files):
    for file in files:
        with open(file, "rb") as stream:
            yield from fastavro.reader(stream)


def test_rows_are_as_our_encoder_makes_them_and_of_the_size_that_is_said(tmp_path):
    document = deletion_rows.write_study(tmp_path / "studies", 64)
    rows = list(deletion_rows.rows(ROWS, deletion_rows.people(PEOPLE)))
    encoded = list(deletion_rows.encoded(document, rows))
    encode = RowEncoder(document).encode
    assert encoded == [encode(*row.values()) for row in rows]
    assert 260 < sum(map(len, encoded)) / ROWS < 280


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout_holds_every_row_once_and_is_the_same_again(tmp_path, layout):
    files = made(tmp_path / "one", layout)
    schema = fastavro.parse_schema(fastavro.reader(files[0].open("rb")).writer_schema)

    def encoded(row):
        stream = BytesIO()
        fastavro.schemaless_writer(stream, schema, row)
        return stream.getvalue()

    given = list(deletion_rows.rows(ROWS, deletion_rows.people(PEOPLE)))
    assert Counter(map(encoded, read(files))) == Counter(map(encoded, given))
    about = json.loads((tmp_path / "one/people.json").read_text())
    assert about["people"] == Counter(row["participant"] for row in given)
    again = made(tmp_path / "two", layout)
    if layout != "arrival":  # fastavro draws its sync markers
        assert [path.read_bytes() for path in files] == [
            path.read_bytes() for path in again
        ]
    assert list(read(files)) == list(read(again))


def test_compacted_files_are_sorted_and_indexed_and_each_of_its_bucket(tmp_path):
    files = made(tmp_path, "compacted")
    assert [file.parent.name for file in files] == [f"bucket=2-{n}" for n in range(4)]
    for number, file in enumerate(files):
        data = file.read_bytes()
        header = read_header(data)
        check_whole(data, header)
        keys = [(row["participant"], row["document_id"]) for row in read([file])]
        assert keys == sorted(keys)
        assert {int(person[0], 16) >> 2 for person, _ in keys} == {number}
        assert header.rows == len(keys)
        assert header.blocks


def test_arrival_has_its_files_and_no_index(tmp_path):
    files = made(tmp_path, "arrival")
    assert len(files) == FILES
    assert {len(list(read([file]))) for file in files} == {ROWS // FILES}
    assert not any(read_header(file.read_bytes()).blocks for file in files)


def test_pseudonyms_are_of_version_8_and_spread_evenly():
    people = deletion_rows.people(2_000)
    assert len(set(people)) == len(people)
    assert {(len(person), person[14], person[19]) for person in people} == {
        (36, "8", "a")
    }
    assert min(Counter(person[0] for person in people).values()) > 80


def test_who_leaves_has_rows_and_strangers_have_none(tmp_path):
    store = Stores(tmp_path).make("avro", "compacted", ROWS, PEOPLE, BITS)
    some = leaving(store, 10)
    assert len(set(some)) == 10
    assert store.theirs(some) == sum(
        row["participant"] in some for row in read(store.folder.rglob("*.avro"))
    )
    apart = leaving(store, 10, BITS)
    assert len({int(person[0], 16) >> 2 for person in apart}) == len(apart) == 4
    assert store.theirs(strangers(store, 7)) == 0


def test_audit_finds_people_in_rows_headers_and_files_nobody_refers_to(tmp_path):
    files = made(tmp_path, "compacted")
    rows = list(read(files))
    person = rows[0]["participant"]
    theirs = sum(row["participant"] == person for row in rows)
    first = read_header(files[0].read_bytes()).blocks[0].first
    assert first == person

    found = deletion_audit.avro(tmp_path, [person])
    assert found.pop("ids") >= 1  # the index names who begins a block
    assert found == {"rows": ROWS, "live": theirs, "on_disk": theirs}

    shutil.copy(files[0], files[0].with_suffix(".old"))
    (tmp_path / "store/log.json").write_text(f'{{"deleted": "{person}"}}')
    found = deletion_audit.avro(tmp_path, [person])
    assert found.pop("ids") >= 3
    assert found == {"rows": ROWS, "live": theirs, "on_disk": 2 * theirs}

    nobody = deletion_rows.people(PEOPLE + 1)[PEOPLE:]
    assert set(
        itertools.islice(deletion_audit.avro(tmp_path, nobody).values(), 1, 4)
    ) == {0}


def test_benchmark_deletes_and_says_what_is_left(tmp_path, capsys):
    """No time is judged."""
    file = tmp_path / "report.json"
    options = ["--rows=300", "--people=30", "--leaving=2", "--repetitions=1"]
    folder = f"--folder={tmp_path / 'stores'}"
    assert (
        deletion.main([*options, folder, f"--json={file}", "--only", "fastavro"]) == 0
    )
    rows = json.loads(file.read_text())["delete"]
    assert [row["layout"] for row in rows] == ["compacted", "arrival"]
    for row in rows:
        assert row["rest is right"] == "yes"
        assert row["their rows on disk"] == row["their ids elsewhere"] == 0
    assert "| compacted | 2 | fastavro |" in capsys.readouterr().out
