"""The block index names the blocks of people, and cannot be that of another file."""

import base64
import io
import zlib
from itertools import accumulate, pairwise

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.storage.block_index import (
    INDEX_SCHEMA,
    Block,
    blocks_of,
    is_consistent,
    pack_index,
    pack_row_lengths,
    unpack_index,
    with_row_lengths,
)

ASCII = st.characters(max_codepoint=127)
any_blocks = st.lists(
    st.builds(
        Block,
        st.text(ASCII, max_size=36),
        st.integers(-(2**63), 2**63 - 1),
        st.integers(-(2**63), 2**63 - 1),
        st.integers(-(2**31), 2**31 - 1),
        st.just(()),
    )
)
any_lengths = st.lists(st.lists(st.integers(0, 2**32 - 1)))
TRUE = [Block("a", 0, 100, 2), Block("a", 100, 50, 1), Block("b", 150, 30, 3)]


def index_of(*people):
    """The index of blocks that hold the rows of these people, one letter each."""
    return [Block(rows[0], n * 10, 10, len(rows)) for n, rows in enumerate(people)]


def of_lengths(lengths):
    """Blocks of rows of these lengths."""
    return [Block("a", 0, 1, len(rows), rows) for rows in lengths]


def packed(clear):
    deflater = zlib.compressobj(wbits=-15)
    return base64.b64encode(deflater.compress(clear) + deflater.flush())


def unpacked(text):
    return zlib.decompress(base64.b64decode(text), wbits=-15)


def numbers(blocks):
    return [block.offset // 10 for block in blocks]


@pytest.mark.parametrize(
    ("people", "who", "found"),
    [
        ([], "a", []),
        (["bbb"], "a", []),
        (["bbb"], "b", [0]),
        (["bbb"], "c", [0]),
        (["ab", "cd", "ef"], "a", [0]),
        (["ab", "cd", "ef"], "b", [0]),
        (["ab", "cd", "ef"], "c", [0, 1]),
        (["ab", "cd", "ef"], "d", [1]),
        (["ab", "cd", "ef"], "f", [2]),
        (["ab", "cd", "ef"], "z", [2]),
        (["ab", "bc", "cd"], "b", [0, 1]),
        (["ab", "bb", "bb", "bc", "cd"], "b", [0, 1, 2, 3]),
        (["aa", "aa", "ab"], "a", [0, 1, 2]),
        (["aa", "aa", "ab"], "b", [2]),
        (["ab", "bb", "bb"], "b", [0, 1, 2]),
    ],
)
def test_blocks_of_a_person_are_those_that_may_hold_rows(people, who, found):
    assert numbers(blocks_of(index_of(*people), Those(who))) == found


class Those:
    """Some people."""

    def __init__(self, *people):
        self._people = [each.encode() for each in people]

    def has_between(self, start, end):
        return any(start <= each < end for each in self._people)


@given(
    st.lists(st.lists(st.sampled_from("bcdefg"), min_size=1), max_size=8),
    st.sampled_from("abcdefgh"),
)
def test_no_block_with_a_row_of_a_person_is_left_out(cuts, who):
    """And of the others only the one before, which may end with such a row."""
    rows = sorted(row for cut in cuts for row in cut)
    ends = accumulate(map(len, cuts), initial=0)
    people = [rows[start:end] for start, end in pairwise(ends)]
    found = numbers(blocks_of(index_of(*people), Those(who)))
    holding = [n for n, block in enumerate(people) if who in block]
    assert set(holding) <= set(found)
    assert found == [
        n
        for n, block in enumerate(people)
        if block[0] <= who and (n + 1 == len(people) or who <= people[n + 1][0])
    ]


@given(
    st.lists(st.text("bcdefg", min_size=1), max_size=8),
    st.lists(st.sampled_from("abcdefgh"), max_size=4),
)
def test_blocks_of_several_people_are_those_of_each_once_and_in_order(cuts, people):
    blocks = index_of(*sorted("".join(sorted(cut)) for cut in cuts))
    each = {n for who in people for n in numbers(blocks_of(blocks, Those(who)))}
    assert numbers(blocks_of(blocks, Those(*people))) == sorted(each)


def test_index_of_its_own_file_is_consistent():
    assert is_consistent(TRUE, 180, 6)
    assert is_consistent([], 0, 0)


@pytest.mark.parametrize(
    ("blocks", "body", "rows"),
    [
        pytest.param(TRUE, 179, 6, id="a shorter body"),
        pytest.param(TRUE, 181, 6, id="a longer body"),
        pytest.param(TRUE, 180, 5, id="fewer rows"),
        pytest.param(TRUE, 180, 7, id="more rows"),
        pytest.param([], 1, 0, id="bytes without blocks"),
        pytest.param([], 0, 1, id="rows without blocks"),
        pytest.param(TRUE[:2], 180, 6, id="the last block is missing"),
        pytest.param(TRUE[1:], 180, 6, id="the first block is missing"),
        pytest.param([TRUE[0], TRUE[2]], 180, 6, id="a block between is missing"),
        pytest.param([*TRUE, TRUE[2]], 180, 6, id="a block twice"),
        pytest.param([TRUE[1], TRUE[0], TRUE[2]], 180, 6, id="another order"),
        pytest.param(
            [*TRUE[:2], TRUE[2]._replace(offset=151)], 180, 6, id="a gap between blocks"
        ),
        pytest.param(
            [*TRUE[:2], TRUE[2]._replace(offset=149)], 180, 6, id="blocks overlap"
        ),
        pytest.param(
            [TRUE[0]._replace(first="b"), *TRUE[1:]], 180, 6, id="people not in order"
        ),
        pytest.param(
            [*TRUE, Block("b", 180, 10, 0)], 190, 6, id="a block without rows"
        ),
        pytest.param(
            [*TRUE[:2], Block("b", 150, 15, 4), Block("b", 165, 15, -1)],
            *(180, 6),
            id="rows below zero",
        ),
        pytest.param(
            [Block("a", 0, 0, 1), Block("a", 0, 180, 1)], 180, 2, id="no length"
        ),
        pytest.param(
            [*TRUE[:2], Block("b", 150, -50, 1), Block("b", 100, 80, 2)],
            *(180, 6),
            id="a length below zero",
        ),
    ],
)
def test_index_of_another_file_is_not_consistent(blocks, body, rows):
    assert not is_consistent(blocks, body, rows)


@given(any_blocks)
def test_index_is_what_fastavro_writes_and_comes_back(blocks):
    stream = io.BytesIO()
    records = [block._asdict() for block in blocks]
    fastavro.schemaless_writer(stream, INDEX_SCHEMA, records)
    text = pack_index(blocks)
    text.decode("ascii")
    assert unpacked(text) == stream.getvalue()
    assert unpack_index(text) == blocks


def test_index_holds_no_row_lengths():
    [block] = of_lengths([[1, 2]])
    assert unpack_index(pack_index([block])) == [block._replace(row_lengths=())]


@given(any_lengths)
def test_any_row_lengths_come_back(lengths):
    blocks = of_lengths(lengths)
    text = pack_row_lengths(blocks)
    text.decode("ascii")
    found = with_row_lengths([block._replace(row_lengths=()) for block in blocks], text)
    assert [list(block.row_lengths) for block in found] == lengths
    assert [block[:4] for block in found] == [block[:4] for block in blocks]


def test_row_lengths_are_planes_of_bytes_the_lowest_first():
    text = pack_row_lengths(of_lengths([[0x04030201, 0x14131211], [0x21]]))
    assert unpacked(text) == bytes.fromhex("011121 021200 031300 041400")
    assert unpacked(pack_row_lengths([])) == b""


def test_row_of_four_gigabytes_has_no_length():
    with pytest.raises(OverflowError):
        pack_row_lengths(of_lengths([[2**32]]))


@given(any_lengths, st.binary())
def test_row_lengths_of_another_number_of_rows_are_none(lengths, clear):
    blocks = of_lengths(lengths)
    if len(clear) != 4 * sum(map(len, lengths)):
        with pytest.raises(ValueError, match=r"^$"):
            with_row_lengths(blocks, packed(clear))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\0\xff", id="no text"),
        pytest.param(b"AAAA", id="nothing compressed"),
        pytest.param(packed(bytes(4))[:-1], id="cut off"),
        pytest.param(b"!" + packed(bytes(4)), id="no base64"),
    ],
)
def test_damaged_row_lengths_are_none(text):
    assert with_row_lengths(of_lengths([[1]]), packed(bytes(4)))
    with pytest.raises((ValueError, zlib.error)):
        with_row_lengths(of_lengths([[1]]), text)
