"""A file that is not as it must be is named and left; the others go on."""

import io

import fastavro
import pytest

from rally.deletion.plan import FileOutcome
from rally.events import RALLY
from rally.storage.block_index import pack_index, pack_row_lengths
from rally.storage.header import (
    CHECKSUM,
    CODEC,
    INDEX,
    ROW_LENGTHS,
    ROWS,
    join_header,
    read_header,
)
from tests.rally.deletion.crowd import (
    MIDDLE,
    SORTED_FIRST,
    SORTED_LAST,
    around,
    check_others,
    foreign,
    leaver,
    ours,
    people,
    rows,
)
from tests.support.memory_deployment import Row, frames, live
from tests.support.world import GARDEN, POND


def resealed(data, **changes):
    """The same file with other header entries, as who knows our format writes it."""
    header = read_header(data)
    names = {"index": INDEX, "lengths": ROW_LENGTHS, "rows": ROWS, "sum": CHECKSUM}
    names |= {"codec": CODEC}
    entries = {
        **header.entries,
        **{names[key]: value for key, value in changes.items()},
    }
    return join_header(entries, header.sync) + data[header.length :]


def with_index(deployment, change):
    """A file of ours whose index says something else."""
    data = ours(deployment)
    blocks = change(list(read_header(data).blocks))
    return resealed(data, index=pack_index(blocks), lengths=pack_row_lengths(blocks))


def block_of_leaver(deployment, blocks):
    wanted = deployment.pseudonym(leaver(deployment))
    return max(n for n, block in enumerate(blocks) if block.first <= wanted)


def hides_the_leaver(deployment, blocks):
    """The block after theirs is said to begin with them, and theirs with one before."""
    number = block_of_leaver(deployment, blocks)
    later = deployment.pseudonym(people(deployment)[MIDDLE - 8])
    return [
        block._replace(first=later) if n == number + 1 - 1 else block
        for n, block in enumerate(blocks)
    ]


def first_of_another(deployment, blocks):
    first = deployment.pseudonym(people(deployment)[SORTED_LAST])
    return [*blocks[:-1], blocks[-1]._replace(first=first)]


def shifted_lengths(deployment, blocks):
    """Every second row is said to be a byte longer, and the next a byte shorter."""
    number = block_of_leaver(deployment, blocks)
    lengths = list(blocks[number].row_lengths)
    for at in range(0, len(lengths) - 1, 2):
        lengths[at], lengths[at + 1] = lengths[at] + 1, lengths[at + 1] - 1
    blocks[number] = blocks[number]._replace(row_lengths=lengths)
    return blocks


def shifted_offsets(deployment, blocks):
    """The first block is said to be a byte longer, and the second a byte shorter."""
    one, two, *rest = blocks
    return [
        one._replace(length=one.length + 1),
        two._replace(offset=two.offset + 1, length=two.length - 1),
        *rest,
    ]


def fewer_rows(deployment, blocks):
    one, two, *rest = blocks
    more = [*one.row_lengths, two.row_lengths[0]]
    less = two.row_lengths[1:]
    return [
        one._replace(rows=len(more), row_lengths=more),
        two._replace(rows=len(less), row_lengths=less),
        *rest,
    ]


def flipped(data, position):
    damaged = bytearray(data)
    damaged[position] ^= 1
    return bytes(damaged)


def block_ends(data):
    """Where blocks end, counted from the beginning of the file."""
    end, found = read_header(data).length, []
    for frame in frames(data):
        found.append(end := end + len(frame))
    return found


def without_our_columns(deployment, page):
    schema = fastavro.parse_schema(
        {"type": "record", "name": "r", "fields": [{"name": "text", "type": "string"}]}
    )
    stream = io.BytesIO()
    fastavro.writer(stream, schema, [{"text": page}], codec="deflate")
    return stream.getvalue()


CUT = "a block is cut off or damaged"
INDEX_OF_OTHER = "the block index is not that of this file"
CHECKSUM_DIFFERS = "the checksum differs: bytes are missing or changed"
HEADER = "the header is damaged"
NOT_AS_INDEXED = "a block is not what the index says"
NO_COLUMNS = (
    "its schema has not the columns participant, document_id and submission_timestamp"
)
NO_CODEC = (
    "its codec is none of null, deflate, bzip2, xz, snappy, zstandard; rewrite it with"
    " one of these"
)

DAMAGED = {
    "ours, cut in a block": (lambda p: ours(p)[:-100], INDEX_OF_OTHER),
    "ours, cut at a block's end": (
        lambda p: (data := ours(p))[: block_ends(data)[2]],
        INDEX_OF_OTHER,
    ),
    "ours, cut in the header": (lambda p: ours(p)[:300], "the header is cut off"),
    "ours, with more behind": (lambda p: ours(p) + b"more", INDEX_OF_OTHER),
    "foreign, cut in a block": (lambda p: foreign(p)[:-100], CUT),
    "foreign, cut in a sync marker": (lambda p: foreign(p)[:-1], CUT),
    "ours, another sync marker": (
        lambda p: flipped(data := ours(p), block_ends(data)[0] - 1),
        CHECKSUM_DIFFERS,
    ),
    "foreign, another sync marker": (
        lambda p: flipped(data := foreign(p), block_ends(data)[0] - 1),
        "a block has another sync marker than the file",
    ),
    "ours, a byte of a row changed": (
        lambda p: flipped(data := ours(p), block_ends(data)[-1] - 40),
        None,
    ),
    "foreign, a byte of deflate changed": (
        lambda p: flipped(data := foreign(p, codec="deflate"), len(data) - 25),
        None,
    ),
    "a header entry changed": (
        lambda p: flipped(data := ours(p), data.index(b"rally.version") + 14),
        HEADER,
    ),
    "the sync marker of the header changed": (
        lambda p: flipped(data := ours(p), read_header(data).length - 1),
        HEADER,
    ),
    "an index of nonsense": (
        lambda p: resealed(ours(p), index=b"nonsense"),
        "the block index is damaged",
    ),
    "no index at all, though sealed": (
        lambda p: resealed(ours(p), index=b""),
        "the block index is damaged",
    ),
    "index: another's lengths of rows": (
        lambda p: with_index(p, lambda blocks: shifted_lengths(p, blocks)),
        "the index does not say how long the rows are",
    ),
    "index: hides the person": (
        lambda p: with_index(p, lambda blocks: hides_the_leaver(p, blocks)),
        None,
    ),
    "index: a block less": (
        lambda p: with_index(p, lambda blocks: blocks[:-1]),
        INDEX_OF_OTHER,
    ),
    "more rows than said": (lambda p: resealed(ours(p), rows=b"39"), INDEX_OF_OTHER),
    "rows without a number": (
        lambda p: resealed(ours(p), rows=b"many"),
        "the header does not say how many rows it has",
    ),
    "another checksum": (
        lambda p: resealed(ours(p), sum=b"00000000"),
        CHECKSUM_DIFFERS,
    ),
    "no Avro": (lambda p: b"participant,document_id\n", "no Avro container file"),
    "nothing": (lambda p: b"", "no Avro container file"),
    "another schema, with their bytes": (
        lambda p: without_our_columns(p, p.pseudonym(leaver(p))),
        NO_COLUMNS,
    ),
    "another schema, with their digits": (
        lambda p: without_our_columns(p, "x" + p.pseudonym(leaver(p)).replace("-", "")),
        NO_COLUMNS,
    ),
}
ELSEWHERE = {"offsets": shifted_offsets, "rows": fewer_rows, "first": first_of_another}
"""Lies of an index about blocks that have no row of the leaver."""

UNSERVED = {
    "ours, lz4": lambda p: resealed(ours(p), codec=b"lz4"),
    "ours, zstd": lambda p: resealed(ours(p), codec=b"zstd"),
    "foreign, lz4": lambda p: resealed(foreign(p), codec=b"lz4"),
    "foreign, event_only of": lambda p: resealed(foreign(p), codec=b"lz77"),
}


@pytest.mark.parametrize(("spoilt", "detail"), DAMAGED.values(), ids=DAMAGED)
def test_damaged_file_is_named_and_left_as_it_is(deployment, spoilt, detail):
    name = deployment.put(spoilt(deployment), "spoilt")
    beside, _, _ = around(deployment)
    before = {
        info.name: deployment.data.read(info.name) for info in deployment.data.list()
    }
    info = live(deployment.data, name)

    report = deployment.delete()

    (fault,) = report.faults
    assert (fault.study, fault.name, fault.outcome) == (
        GARDEN,
        name,
        FileOutcome.DAMAGED,
    )
    if detail is not None:
        assert fault.detail == detail
    assert deployment.data.stat(name) == info
    check_others(deployment, report, beside, before)


@pytest.mark.parametrize("lie", ELSEWHERE.values(), ids=ELSEWHERE)
def test_index_that_lies_about_other_blocks_is_named_and_no_row_is_lost(
    deployment, lie
):
    """The leaver's rows go all the same; but nobody is told so as long as it lies."""
    data = with_index(deployment, lambda blocks: lie(deployment, blocks))
    name = deployment.put(data, "spoilt")
    beside, _, _ = around(deployment)
    before = {
        info.name: deployment.data.read(info.name) for info in deployment.data.list()
    }

    report = deployment.delete()

    (fault,) = report.faults
    assert (fault.name, fault.outcome) == (name, FileOutcome.DAMAGED)
    assert fault.detail in (NOT_AS_INDEXED, "a block stands where the index names none")
    expected = [person for person in people(deployment) if person != leaver(deployment)]
    assert deployment.numbers_in(name) == expected
    check_others(deployment, report, beside, before)


@pytest.mark.parametrize("spoilt", UNSERVED.values(), ids=UNSERVED)
def test_file_of_a_codec_that_is_not_served_is_named(deployment, spoilt):
    name = deployment.put(spoilt(deployment), "spoilt")
    beside, _, _ = around(deployment)
    before = {
        info.name: deployment.data.read(info.name) for info in deployment.data.list()
    }

    report = deployment.delete()

    (fault,) = report.faults
    assert (fault.name, fault.outcome) == (name, FileOutcome.CODEC)
    assert fault.detail == NO_CODEC
    check_others(deployment, report, beside, before)


def test_foreign_file_that_was_rewritten_is_known_when_it_is_cut_at_a_blocks_end(
    deployment,
):
    """Readers take it for a whole one; the entries that deletion added tell."""
    name = deployment.put(foreign(deployment), "spoilt")
    deployment.leave(people(deployment)[SORTED_FIRST], document="first")
    assert deployment.delete().faults == []
    data = deployment.data.read(name)
    cut = data[: block_ends(data)[-2]]
    deployment.data.replace(name, cut, live(deployment.data, name).generation)
    assert len(list(fastavro.reader(io.BytesIO(cut)))) < 39
    deployment.leave(leaver(deployment), document="second")

    (fault,) = deployment.delete().faults

    assert (fault.outcome, fault.detail) == (
        FileOutcome.DAMAGED,
        "there are not as many rows as the header says",
    )
    assert deployment.data.read(name) == cut
    assert deployment.stages()["second"] == ["requested", "suppressed"]


def test_another_schema_without_their_bytes_is_no_fault(deployment):
    name = deployment.put(without_our_columns(deployment, "nothing of anybody"))
    info = live(deployment.data, name)
    deployment.leave(1)

    report = deployment.delete()

    assert report.faults == []
    assert deployment.data.stat(name) == info
    assert [each.outcome for each in report.verified] == [FileOutcome.CLEAN]


@pytest.mark.parametrize("how", ["ours", "foreign", "schema"])
def test_file_without_rows_goes(deployment, how):
    made = {
        "ours": deployment.indexed_file([]),
        "foreign": deployment.foreign_file([]),
        "schema": without_our_columns(deployment, "")[: -(16 + 3)],
    }
    data = made[how]
    if how == "schema":
        header = read_header(without_our_columns(deployment, ""))
        data = without_our_columns(deployment, "")[: header.length]
    name = deployment.put(data)
    deployment.leave(1)

    report = deployment.delete()

    assert report.faults == []
    assert deployment.data.stat(name) is None
    assert [each.outcome for each in deployment.receipts()[0].sections] == [
        "nothing found",
    ]


def test_rows_of_a_study_that_no_registry_knows_keep_rally_requests_open(deployment):
    deployment.data.create(
        "data/study=rally-lost/document=visit.1/date=2026-05-01/bucket=new/a.avro",
        deployment.indexed_file([Row(1, 1)]),
    )
    deployment.put(deployment.indexed_file([Row(1, 2), Row(2, 3)]))
    deployment.put(deployment.indexed_file([Row(1, 4), Row(2, 5)], POND), study=POND)
    deployment.leave(1, RALLY, document="rally")
    deployment.leave(2, POND, document="pond")

    report = deployment.delete()

    assert report.unregistered == ["rally-lost"]
    assert (deployment.numbers(), deployment.numbers(POND)) == ([3], [])
    assert deployment.stages()["rally"] == ["requested", "suppressed"]
    assert deployment.stages()["pond"][-1] == "verified"
    deployment.check()


def test_pseudonym_in_another_persons_row_is_left_over(deployment):
    """Only a person can say whose row that is."""
    text = f"see {deployment.pseudonym(1)}"
    name = deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2, page=text)]))
    deployment.leave(1, document="garden")

    report = deployment.delete()

    faults = [(each.name, each.outcome, each.detail) for each in report.faults]
    assert faults == [(name, FileOutcome.LEFT_OVER, "1 rows of people who left")]
    assert deployment.numbers() == [2]
    assert deployment.stages()["garden"] == ["requested", "suppressed"]


@pytest.mark.parametrize("form", ["hyphens", "digits"])
def test_pseudonym_in_a_header_entry_is_left_over(deployment, form):
    """Entries of others stay as they are; so a person has to look at it."""
    pseudonym = deployment.pseudonym(leaver(deployment))
    note = pseudonym if form == "hyphens" else pseudonym.replace("-", "")
    name = deployment.put(
        deployment.indexed_file(rows(deployment), note=f"sent by {note}")
    )
    deployment.leave(leaver(deployment), document="garden")

    report = deployment.delete()

    faults = [(each.name, each.outcome, each.detail) for each in report.faults]
    assert faults == [
        (name, FileOutcome.LEFT_OVER, "a header entry names somebody who left")
    ]
    assert leaver(deployment) not in deployment.numbers()
    assert deployment.stages()["garden"] == ["requested", "suppressed"]
