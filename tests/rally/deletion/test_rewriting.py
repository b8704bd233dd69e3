"""A rewrite takes one person's rows out, and changes nothing else of the file."""

import io
import json
import random
from collections import Counter
from itertools import pairwise

import avro.datafile
import avro.io
import avro.schema
import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.deletion.plan import FileOutcome
from rally.deletion.rewriting import REWROTE
from rally.storage.container import read_rows
from rally.storage.header import (
    CHECKSUM,
    HEADER_CHECKSUM,
    INDEX,
    ROW_LENGTHS,
    ROWS,
    read_header,
)
from rally.validation.leaves import zig_zag
from tests.rally.deletion.model import Move, stays
from tests.support.memory_deployment import SYNC, Row, frames, header_in
from tests.support.world import GARDEN

OWN = {ROWS, CHECKSUM, INDEX, ROW_LENGTHS, HEADER_CHECKSUM, REWROTE}
LONG = "x" * 9000  # seven rows in a block


def read(data):
    return list(fastavro.reader(io.BytesIO(data)))


def ids(rows):
    return [row["document_id"] for row in rows]


def order(deployment, rows):
    """The people in the order of their pseudonyms."""
    return sorted({row.person for row in rows}, key=deployment.pseudonym)


def people_of(deployment, count):
    """Numbers of people, in the order in which a file of ours has them."""
    return sorted(range(count), key=deployment.pseudonym)


CASES = {
    "one block": ([1] * 6, "", [2]),
    "first of many blocks": ([3] * 40, LONG, [0]),
    "last of many blocks": ([3] * 40, LONG, [39]),
    "middle of many blocks": ([3] * 40, LONG, [17]),
    "over a block's border": ([3, 3, 3, 5] * 10, LONG, [2, 3]),
    "all rows of blocks": ([3, 30, 3], LONG, [1]),
    "everybody's neighbour": ([2] * 30, LONG, list(range(0, 30, 2))),
    "all rows but one": ([1] * 30, LONG, list(range(29))),
}


@pytest.mark.parametrize(("sizes", "page", "gone"), CASES.values(), ids=CASES)
def test_indexed_file_loses_exactly_the_rows(deployment, sizes, page, gone):
    people = people_of(deployment, len(sizes))
    rows = [
        Row(person, 100 * number + each, page=page)
        for number, person in enumerate(people)
        for each in range(sizes[number])
    ]
    before = deployment.indexed_file(rows, note="a note of somebody else")
    name = deployment.put(before)
    other = deployment.put(
        deployment.indexed_file(
            [Row(person, 9000 + person) for person in range(99)][len(sizes) :]
        ),
        "b",
    )
    other_before = deployment.data.read(other)
    for each in gone:
        deployment.leave(people[each])

    report = deployment.delete()

    after = deployment.data.read(name)
    leavers = {deployment.pseudonym(people[each]) for each in gone}
    expected = [row for row in read(before) if row["participant"] not in leavers]
    assert read(after) == expected == list(read_rows(after))
    assert [each.outcome for each in report.rewritten] == [FileOutcome.REWRITTEN]
    assert report.rewritten[0].rows_removed == len(rows) - len(expected)
    assert report.faults == []
    assert deployment.data.read(other) == other_before
    check_fidelity(before, after, leavers)
    check_index(deployment, name)


def check_fidelity(before, after, leavers):
    """Untouched blocks are the same bytes; so is the header but for our entries."""
    old, new = read_header(before), read_header(after)
    assert new.sync == old.sync
    ours = OWN if INDEX in old.entries else OWN - {INDEX, ROW_LENGTHS}
    assert [each for each in new.entries.items() if each[0] not in OWN] == [
        each for each in old.entries.items() if each[0] not in OWN
    ]
    assert ours <= set(new.entries)
    kept = [frame for frame in frames(before) if not leavers & people_in(frame, old)]
    whole = Counter(frames(after))
    assert not Counter(kept) - whole
    assert len(whole - Counter(kept)) <= len(frames(before)) - len(kept)


def people_in(frame, header):
    data = before_rows(header) + frame
    return {row["participant"] for row in fastavro.reader(io.BytesIO(data))}


def before_rows(header):
    """A header of the same schema and codec, for one block."""
    entries = {name: header.entries[name] for name in ("avro.schema", "avro.codec")}
    parts = [b"Obj\x01", zig_zag(len(entries))]
    for name, value in entries.items():
        parts += [zig_zag(len(name)), name.encode(), zig_zag(len(value)), value]
    return b"".join([*parts, b"\0", header.sync])


def check_index(deployment, name):
    """The index names every block and every row as they stand."""
    data = deployment.data.read(name)
    header = header_in(deployment.data, name)
    blocks = header.checked_blocks(len(data))
    found = frames(data)
    assert [block.length for block in blocks] == list(map(len, found))
    rows = [list(fastavro.reader(io.BytesIO(before_rows(header) + f))) for f in found]
    assert [block.first for block in blocks] == [
        each[0]["participant"] for each in rows
    ]
    assert [len(block.row_lengths) for block in blocks] == list(map(len, rows))
    assert all(a.offset + a.length == b.offset for a, b in pairwise(blocks))


@pytest.mark.parametrize("how", ["indexed_file", "foreign_file"])
def test_file_that_loses_all_its_rows_is_gone(deployment, how):
    make = getattr(deployment, how)
    name = deployment.put(make([Row(1, 1), Row(1, 2)]))
    kept = deployment.put(make([Row(2, 3)]), "b")
    before = deployment.data.stat(kept)
    deployment.leave(1)

    report = deployment.delete()

    assert deployment.data.stat(name) is None
    assert deployment.data.stat(kept) == before
    (change,) = deployment.changes(deployment.receipts()[0])
    assert (change.rows_before, change.rows_removed, change.rows_after) == (2, 2, 0)
    assert (change.generation_after, change.checksum_after) == (None, None)
    assert report.faults == []
    deployment.check()


CODECS = ["null", "deflate", "bzip2", "xz"]


@pytest.mark.parametrize("sync_interval", [1, 300, 16_000])
@pytest.mark.parametrize("codec", CODECS)
def test_file_of_fastavro_loses_exactly_the_rows(deployment, codec, sync_interval):
    rows = [Row(number % 7, number, page="p" * (number % 50)) for number in range(200)]
    metadata = {"owner": "an observatory", "rally-less": "ü"}
    before = deployment.foreign_file(
        rows, codec=codec, sync_interval=sync_interval, metadata=metadata
    )
    name = deployment.put(before)
    deployment.leave(3)

    report = deployment.delete()

    after = deployment.data.read(name)
    leavers = {deployment.pseudonym(3)}
    expected = [row for row in read(before) if row["participant"] not in leavers]
    assert read(after) == expected == list(read_rows(after))
    assert report.faults == []
    assert header_in(deployment.data, name).entries["rally-less"] == "ü".encode()
    check_fidelity(before, after, leavers)
    deployment.check()


@pytest.mark.parametrize("codec", ["null", "deflate", "bzip2"])
def test_file_of_apache_avro_loses_exactly_the_rows(deployment, codec):
    schema = avro.schema.parse(deployment.schema())
    stream = io.BytesIO()
    stream.close = lambda: None  # type: ignore[method-assign]
    writer = avro.datafile.DataFileWriter(
        stream, avro.io.DatumWriter(), schema, codec=codec
    )
    rows = [Row(number % 5, number) for number in range(100)]
    for number, row in enumerate(rows):
        writer.append(deployment.record(row))
        if number % 30 == 0:
            writer.sync()
    writer.close()
    before = stream.getvalue()
    name = deployment.put(before)
    deployment.leave(2)

    report = deployment.delete()

    after = deployment.data.read(name)
    expected = [
        row for row in read(before) if row["participant"] != deployment.pseudonym(2)
    ]
    assert read(after) == expected == list(read_rows(after))
    assert report.faults == []
    check_fidelity(before, after, {deployment.pseudonym(2)})
    reader = avro.datafile.DataFileReader(io.BytesIO(after), avro.io.DatumReader())
    assert ids(reader) == ids(expected)


def test_header_map_in_several_pieces_is_kept_entry_by_entry(deployment):
    """Avro lets a writer cut the map; its entries and their order are what counts."""
    made = deployment.foreign_file([Row(1, 1), Row(2, 2)], codec="deflate")
    header = read_header(made)
    parts = [b"Obj\x01"]
    for name, value in {**header.entries, "note": "ü".encode()}.items():
        entry = zig_zag(len(name)) + name.encode() + zig_zag(len(value)) + value
        parts += [zig_zag(-1), zig_zag(len(entry)), entry]
    before = b"".join([*parts, b"\0", SYNC, *frames(made)])
    name = deployment.put(before)
    deployment.leave(1)

    assert deployment.delete().faults == []

    after = header_in(deployment.data, name)
    known = {key: value for key, value in after.entries.items() if key not in OWN}
    assert known == {**header.entries, "note": "ü".encode()}
    assert deployment.numbers() == [2]


def test_row_is_written_again_by_the_schema_of_its_own_file(deployment):
    """An older schema than today's: a field less, another order, an alias."""
    old = json.loads(deployment.schema())
    payload = old["fields"].pop()
    old["fields"].insert(
        0, {"name": "extra", "type": ["null", "bytes"], "default": None}
    )
    schema = fastavro.parse_schema(old)
    records = [deployment.record(Row(number % 3, number)) for number in range(30)]
    for record in records:
        del record["payload"]
        record["extra"] = b"\x01\x02"
    stream = io.BytesIO()
    fastavro.writer(stream, schema, records, codec="deflate", sync_interval=200)
    name = deployment.put(stream.getvalue())
    deployment.leave(1)

    assert deployment.delete().faults == []

    after = deployment.data.read(name)
    assert payload["name"] == "payload"
    assert json.loads(read_header(after).schema)["fields"][0]["name"] == "extra"
    expected = [row for row in records if row["participant"] != deployment.pseudonym(1)]
    assert read(after) == expected


def test_only_blocks_that_the_index_names_are_read_to_find(deployment):
    people = people_of(deployment, 400)
    noise = random.Random(1)
    rows = [Row(person, person, page=noise.randbytes(8000).hex()) for person in people]
    name = deployment.put(deployment.indexed_file(rows))
    deployment.leave(people[200])
    job = deployment.job()
    deployment.data.reads.clear()

    job.plan()

    read_bytes = sum(
        length for each, _, length in deployment.data.reads if each == name
    )
    header = header_in(deployment.data, name)
    block = max(block.length for block in header.blocks)
    assert read_bytes <= 2 * max(header.length, 64 * 1024) + 2 * block
    assert read_bytes < deployment.data.stat(name).size / 10


def test_other_buckets_are_not_opened(deployment):
    person = deployment.pseudonym(1)
    mine, other = int(person[0], 16), (int(person[0], 16) + 1) % 16
    folder = f"data/study={GARDEN}/document=visit.1/date=2026-05-11"
    names = [
        f"{folder}/bucket=4-{bits:x}/compacted-0123456789ab.avro"
        for bits in (mine, other)
    ]
    for name in names:
        deployment.data.create(name, deployment.indexed_file([Row(1, 1), Row(2, 2)]))
    deployment.leave(1)
    job = deployment.job()
    deployment.data.reads.clear()

    report = job.plan()

    assert [each.name for each in report.planned] == [names[0]]
    assert {name for name, _, _ in deployment.data.reads} == {names[0]}


small_rows = st.lists(
    st.builds(
        Row,
        person=st.integers(0, 4),
        number=st.integers(0, 10**6),
        day=st.integers(0, 28),
        page=st.text(st.characters(codec="utf-8"), max_size=30),
    ),
    max_size=25,
)
half_days = st.integers(0, 28).map(lambda day: day + 0.5)
moves = st.lists(
    st.builds(Move, st.booleans(), st.integers(0, 4), half_days), max_size=8
)


@pytest.mark.slow("models")
@given(small_rows, moves, st.sampled_from(["ours", *CODECS]), st.integers(1, 400))
def test_file_afterwards_is_what_the_fold_keeps(
    make_deployment, rows, moves, how, interval
):
    deployment = make_deployment()
    made = (
        deployment.indexed_file(rows)
        if how == "ours"
        else deployment.foreign_file(rows, codec=how, sync_interval=interval)
    )
    name = deployment.put(made)
    for joins, person, when in moves:
        (deployment.join if joins else deployment.leave)(person, when=when)
    ordered = sorted(rows, key=deployment.encode) if how == "ours" else rows
    expected = [deployment.record(row) for row in ordered if stays(moves, row)]

    report = deployment.delete()

    info = deployment.data.stat(name)
    left = not all(move.joins for move in moves)
    found = read(deployment.data.read(name)) if info else []
    assert found == expected
    assert (info is None) == (left and not expected)
    assert report.faults == []
    if found and found != read(made):
        assert list(read_rows(deployment.data.read(name))) == expected
    deployment.check()
