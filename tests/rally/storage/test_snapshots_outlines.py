"""Who looks for somebody reads a header but for the lengths of rows, and no more."""

import random
from contextlib import suppress
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.errors import CorruptFile
from rally.storage import snapshots
from rally.storage.container import encode_container
from rally.storage.header import join_header, read_header
from rally.storage.objectstore.local import LocalStore
from rally.storage.snapshots import header_of, outline_of
from rally.validation.leaves import zig_zag

SYNC = bytes(range(16))
READ = 64 * 1024
LENGTHS = "rally.row_lengths"
FEW = {"avro.schema": b'"s"', "rally.checksum": b"00000000", "rally.index": b"x" * 30}


def headed(length):
    """A header of ours that long, or a byte shorter; most of it is row lengths."""
    longer = len(join_header({**FEW, LENGTHS: b"x" * length}, SYNC)) - length
    return join_header({**FEW, LENGTHS: b"x" * (length - longer)}, SYNC)


def mapped(*parts, counted=False):
    """A header of several map blocks, as other writers may make it."""
    data = b"Obj\x01"
    for entries in ({"avro.schema": b"s"}, *parts):
        block = b"".join(
            zig_zag(len(each)) + each
            for name, value in entries.items()
            for each in (name.encode(), value)
        )
        sign = -1 if counted else 1
        data += zig_zag(sign * len(entries))
        data += zig_zag(len(block)) + block if counted else block
    return data + b"\0" + SYNC


def but_lengths(header):
    entries = [each for each in header.entries.items() if each[0] != LENGTHS]
    return entries, header.sync, header.length


def bytes_read(snapshot):
    return sum(count for *_, count in snapshot.store.reads)


@pytest.mark.parametrize(
    "length",
    [
        *(300, READ - 17, READ - 1, READ, READ + 1, READ + 15, READ + 16, READ + 17),
        *(READ + 18, 4 * READ, 4 * READ + 1, 3_000_000),
    ],
)
@pytest.mark.parametrize("body", [b"", b"body" * 100_000], ids=["alone", "with rows"])
def test_outline_is_the_header_but_for_row_lengths(open_bytes, length, body):
    data = headed(length)
    assert len(data) in (length, length - 1)  # a shorter text has a shorter length
    snapshot = open_bytes(data + body)
    outline, header = outline_of(snapshot), read_header(data)
    assert but_lengths(outline) == but_lengths(header)
    if length <= READ:
        assert outline == header
    if length > READ + 18:
        assert LENGTHS not in outline.entries
        assert bytes_read(snapshot) == READ + 16


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param({"rally.x": b"x" * 200_000}, id="no row lengths"),
        pytest.param({"rally.x": b"x" * 200_000, LENGTHS: b"y"}, id="short ones"),
        pytest.param({"rally.x": b"x" * READ, LENGTHS: b"y" * READ}, id="both long"),
        pytest.param(
            {"rally.x": b"x" * (READ - 270), LENGTHS: b"y"}, id="near the end"
        ),
    ],
)
def test_outline_of_a_long_header_is_the_header(open_bytes, entries):
    data = join_header({**FEW, **entries}, SYNC)
    assert outline_of(open_bytes(data + b"body")) == read_header(data)


def test_outline_is_found_wherever_the_first_read_ends(open_bytes, monkeypatch):
    """In a name, in a length, in row lengths, in the sync marker."""
    data = headed(400)
    header = read_header(data)
    begins = data.index(b"xx", data.index(LENGTHS.encode()))
    for read in range(4, len(data) + 20):
        monkeypatch.setattr(snapshots, "_HEADER_READ", read)
        outline = outline_of(open_bytes(data + b"body"))
        is_short = begins <= read < len(data) - 17
        assert (LENGTHS not in outline.entries) == is_short
        assert but_lengths(outline) == but_lengths(header)


def sealed_with_lengths_first():
    made = join_header({**FEW, "avro.schema": b"s", LENGTHS: b"x" * 100_000}, SYNC)
    entries = dict(read_header(made).entries)
    del entries["avro.schema"]  # which `mapped` puts first
    return {LENGTHS: entries.pop(LENGTHS), **entries}


@pytest.mark.parametrize("counted", [False, True])
@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([{"a": b"b"}, {"c": b"d" * 100_000}], id="somebody else's"),
        pytest.param([{"a": b"b"}, {LENGTHS: b"d" * 100_000}], id="a name of ours"),
        pytest.param([{LENGTHS: b"d" * 100_000}, {"a": b"b"}], id="that is not last"),
        pytest.param([sealed_with_lengths_first()], id="row lengths first"),
        pytest.param(
            [{"a": b"b" * 70_000}, {"c": b"d" * 70_000}, {"e": b"f"}], id="long ones"
        ),
    ],
)
def test_header_that_others_wrote_has_itself_for_an_outline(open_bytes, parts, counted):
    data = mapped(*parts, counted=counted)
    snapshot = open_bytes(data + b"body")
    assert outline_of(snapshot) == header_of(snapshot) == read_header(data)


def test_row_lengths_before_another_map_block_are_not_ours(open_bytes):
    long = read_header(headed(100_000)).entries
    with pytest.raises(CorruptFile, match=r"^the header is damaged$"):
        outline_of(open_bytes(mapped(long, {"a": b"b"})))


@pytest.mark.parametrize("length", [300, 2 * READ])
@pytest.mark.parametrize("foreign", [False, True])
def test_outline_that_is_cut_off_anywhere_is_corrupt(
    open_bytes, open_shrunk, length, foreign
):
    """Whether the file was that short when it was opened, or shrank."""
    data = headed(length)
    if foreign:
        data = mapped({"a": b"b"}, {"c": b"d", LENGTHS: b"x" * length})
    ends = {*range(0, len(data), 997), *range(300), *range(len(data) - 60, len(data))}
    for end in sorted(each for each in ends if 0 <= each < len(data)):
        for snapshot in (open_bytes(data[:end]), open_shrunk(data, end)):
            with pytest.raises(CorruptFile):
                outline_of(snapshot)


@pytest.mark.parametrize("length", [READ, 2**40, 2**62, 2**63 - 1])
def test_row_lengths_that_would_end_behind_the_file_are_not_sought(tmp_path, length):
    data = headed(2 * READ)
    value = read_header(data).entries[LENGTHS]
    lie = data.replace(zig_zag(len(value)) + value[:1], zig_zag(length) + value[:1])
    store = LocalStore(str(tmp_path))
    store.create("a", lie + b"body")
    with store.open("a") as snapshot, pytest.raises(CorruptFile):
        outline_of(snapshot)


@pytest.fixture(scope="module")
def large(schema):
    """A file of 100,000 rows of many lengths."""
    some = random.Random(1)
    people = sorted(some.getrandbits(128) for _ in range(2000))
    rows = [row_of(person, some.randrange(200)) for person in people for _ in range(50)]
    return encode_container(schema, rows, {}, SYNC, indexed=True)


def row_of(person, size):
    participant = zig_zag(36) + str(UUID(int=person)).encode()
    return participant * 2 + zig_zag(size) + bytes(size)


def test_outline_of_many_rows_is_read_in_64_kilobytes(open_bytes, large):
    snapshot = open_bytes(large)
    outline = outline_of(snapshot)
    assert bytes_read(snapshot) <= READ + 16
    header = read_header(large)
    assert header.length > 2 * READ
    assert but_lengths(outline) == but_lengths(header)
    blocks = header.checked_blocks(len(large))
    assert sum(len(block.row_lengths) for block in blocks) == header.rows == 100_000
    assert outline.checked_blocks(len(large)) == [
        block._replace(row_lengths=()) for block in blocks
    ]


def flips(data):
    for bit in range(len(data) * 8):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        yield bit // 8, bytes(damaged)


def test_any_flipped_bit_is_found_by_who_reads_it(open_bytes, monkeypatch):
    """An outline needs no row lengths, nor their checksum or the map's end."""
    data = headed(600)
    start = data.index(b"xx", data.index(LENGTHS.encode()))
    checksum = read_header(data).entries["rally.header"][8:]
    seal = data.index(checksum)
    unread = {*range(seal, seal + 8), *range(start, len(data) - 16)}
    monkeypatch.setattr(snapshots, "_HEADER_READ", start + 50)
    whole = outline_of(open_bytes(data))
    assert LENGTHS not in whole.entries
    for position, damaged in flips(data):
        snapshot = open_bytes(damaged + b"body")
        with pytest.raises(CorruptFile):
            header_of(snapshot)
        if position in unread:
            outline = outline_of(snapshot)
            assert outline[1:] == whole[1:]
            assert outline.entries.keys() == whole.entries.keys()
        else:
            with pytest.raises(CorruptFile):
                outline_of(snapshot)


def test_flipped_bit_in_row_lengths_that_were_read_is_found(open_bytes):
    data = headed(600)
    for _, damaged in flips(data):
        with pytest.raises(CorruptFile):
            outline_of(open_bytes(damaged))


names = st.sampled_from([LENGTHS, "rally.header", "rally.checksum", "", "?", "a", "b"])
entries = st.dictionaries(names, st.binary(max_size=80))
reads = st.integers(4, 200)


@given(entries, reads)
def test_outline_of_any_header_is_the_header_but_for_row_lengths(
    open_bytes, entries, read
):
    data = join_header(entries, SYNC)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshots, "_HEADER_READ", read)
        outline = outline_of(open_bytes(data + b"body"))
    assert but_lengths(outline) == but_lengths(read_header(data))


@given(entries, entries, reads, st.booleans(), st.data())
def test_outline_of_any_damaged_header_is_the_header_or_corrupt(
    open_bytes, entries, more, read, counted, data
):
    """What shows that it is damaged may be among the row lengths."""
    made = data.draw(
        st.sampled_from(
            [join_header(entries, SYNC), mapped(entries, more, counted=counted)]
        )
    )
    damaged = bytearray(made[: data.draw(st.integers(0, len(made)))])
    for place in data.draw(st.lists(st.integers(0, len(made)), max_size=2)):
        damaged[place : place + 1] = data.draw(st.binary(max_size=2))
    snapshot = open_bytes(bytes(damaged))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshots, "_HEADER_READ", read)
        with suppress(CorruptFile):
            outline = outline_of(snapshot)
            assert but_lengths(outline) == but_lengths(header_of(snapshot))


@given(st.binary().map(b"Obj\x01".__add__), st.integers(1, 100))
def test_any_bytes_are_an_outline_or_corrupt(open_bytes, data, read):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshots, "_HEADER_READ", read)
        with suppress(CorruptFile):
            assert outline_of(open_bytes(data)) == header_of(open_bytes(data))
