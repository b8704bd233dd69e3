"""The rows of one file that a judge condemns, with an index or without."""

import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator
from functools import cached_property
from typing import NamedTuple, Protocol

from rally.errors import CorruptFile
from rally.storage.block_index import Block, Ranged, blocks_of
from rally.storage.header import ROWS, Header
from rally.storage.objectstore.interface import Snapshot
from rally.storage.row_keys import PARTICIPANT, RowKey, RowWalker, key_of
from rally.storage.snapshots import (
    Frame,
    cut_block,
    frame_rows,
    header_of,
    parse_frame,
    walk_frames,
)
from rally.validation.leaves import zig_zag
from rally.withdrawal.fold import Judgement


class RowPolicy(Protocol):
    """Judges rows: by the withdrawal list, or by what else lets a row go."""

    @property
    def people(self) -> Container[bytes]:
        """Whose rows have to be judged, 36 ASCII bytes each; others' rows stay."""

    def judge(self, participant: bytes, document_id: bytes, time: int) -> Judgement:
        """What becomes of a row of one of these people.

        Args:
            participant: as it stands in the row.
            document_id: 36 ASCII bytes.
            time: submission timestamp, microseconds.
        """


_FEW = 4
_VERSION = b"-8"
_DIGITS = b"0123456789abcdef"
_ANY_DIGIT = bytes(ord("h") if byte in _DIGITS else ord(".") for byte in range(256))
_BARE = b"h" * 32
_RAW = re.compile(b"(?=[\x80-\x8f].[\x80-\xbf])", re.DOTALL)
_BEFORE = 6  # bytes of a UUID before that with its version


class Scanner:
    """Finds out whether rows hold one of some pseudonyms."""

    def __init__(self, pseudonyms: Iterable[bytes]) -> None:
        """Takes the pseudonyms, 36 ASCII bytes each."""
        self._pseudonyms = pseudonyms

    @cached_property
    def _hyphenated(self) -> list[bytes]:
        """All of them; made when somebody asks, since whose index suffices need not."""
        return list(self._pseudonyms)

    @cached_property
    def _bare(self) -> set[bytes]:
        return {each.replace(b"-", b"") for each in self._hyphenated}

    # Before the version stand eight digits, a hyphen and four. The first of the eight
    # may itself be the 8 of a "-8", and is left out; and where the four begin with an
    # 8, what stands between that and the version is three digits.
    @cached_property
    def _ends(self) -> set[bytes]:
        return {_end(each) for each in self._hyphenated}

    @cached_property
    def _starts_8(self) -> set[bytes]:
        return {each[1:8] for each in self._hyphenated if _is_cut(each)}

    @cached_property
    def _raw(self) -> set[bytes]:
        return {bytes.fromhex(each.decode()) for each in self._bare}

    def found_in(self, data: bytes) -> bool:
        """Whether one of them stands in the bytes, in either form."""
        return self._has_hyphenated(data) or self._has_bare(data)

    def found_raw_in(self, data: bytes) -> bool:
        """Whether one of them stands in the bytes as 16 bytes (RFC 9562, section 4).

        Only what others wrote can have it so: our own rows have no binary ids.
        """
        if len(self._raw) <= _FEW:
            return any(each in data for each in self._raw)
        starts = (match.start() - _BEFORE for match in _RAW.finditer(data))
        return any(data[at : at + 16] in self._raw for at in starts if at >= 0)

    def _has_hyphenated(self, data: bytes) -> bool:
        if len(self._hyphenated) <= _FEW:
            return any(each in data for each in self._hyphenated)
        pieces = data.split(_VERSION)
        if self._ends.isdisjoint([piece[-12:] for piece in pieces]):
            return False
        return any(
            piece[-12:] in self._ends
            and (len(piece) != 3 or before[-7:] in self._starts_8)
            for before, piece in zip([b"", *pieces], pieces, strict=False)
        ) and any(each in data for each in self._hyphenated)

    def _has_bare(self, data: bytes) -> bool:
        digits = data.translate(_ANY_DIGIT)
        at = digits.find(_BARE)
        while at >= 0:
            if data[at : at + 32] in self._bare:
                return True
            at = digits.find(_BARE, at + 1)
        return False


def _is_cut(pseudonym: bytes) -> bool:
    """Whether there is a "-8" before that of the version."""
    return pseudonym[8:10] == _VERSION


def _end(pseudonym: bytes) -> bytes:
    """What stands between a "-8" and that of the version, at most twelve bytes."""
    return pseudonym[10:13] if _is_cut(pseudonym) else pseudonym[1:13]


_UUID_LENGTH = zig_zag(36)


class BlockSplit(NamedTuple):
    """The rows of one block.

    Attributes:
        kept: in their order.
        removed: how many are condemned.
        requests: how many by each request.
    """

    kept: list[bytes]
    removed: int
    requests: Counter[str]


class FileRows:
    """One file at one generation, and whose rows in it are wanted."""

    def __init__(
        self,
        snapshot: Snapshot,
        judge: RowPolicy,
        scanner: Scanner,
        read_header: Callable[[Snapshot], Header] = header_of,
    ) -> None:
        """Reads the header and nothing else.

        Args:
            snapshot: of the file.
            judge: of rows.
            scanner: for the judge's people.
            read_header: the whole of it; or its outline, where rows are not written
                again: the few that are looked at are then walked.

        Raises:
            CorruptFile: there is no whole header, or its index is not of this file.
        """
        self._snapshot = snapshot
        self._judge = judge
        self._scanner = scanner
        self.header: Header = read_header(snapshot)
        self.index: dict[int, Block] = {}
        self._walker: RowWalker | None = None
        self._walked = 0
        if self.header.is_indexed:
            blocks = self.header.checked_blocks(snapshot.info.size)
            self.index = {block.offset: block for block in blocks}

    @property
    def rows(self) -> int:
        """How many there are; of a file without an index, once all were candidates.

        Raises:
            CorruptFile: they are not as many as the header says, or it does not say.
        """
        if self.header.is_indexed:
            return self.header.rows
        self.check_rows(self._walked)
        return self._walked

    def check_rows(self, counted: int) -> None:
        """Compares the rows that were counted with what the header says.

        Raises:
            CorruptFile: there are more or less.
        """
        if ROWS in self.header.entries and self.header.rows != counted:
            raise CorruptFile("there are not as many rows as the header says")

    def candidates(self, people: Ranged) -> Iterator[tuple[int, bytes]]:
        """Offset and bytes of each block that may hold a row of these people.

        With an index only these blocks are read; without one, all are, and the bytes
        are searched.

        Args:
            people: all of the judge's.
        """
        if self.header.is_indexed:
            for block in blocks_of(list(self.index.values()), people):
                yield block.offset, self.read(block.offset, block.length)
            return
        for frame in walk_frames(self._snapshot, self.header):
            self._walked += frame.rows
            if self.names_anybody(frame_rows(frame, self.header.codec)):
                yield frame.offset, frame.data

    def names_anybody(self, rows: bytes) -> bool:
        """Whether a pseudonym of these people stands in rows, in whatever form."""
        if self.header.is_indexed:
            return self._scanner.found_in(rows)
        return self._scanner.found_in(rows.lower()) or self._scanner.found_raw_in(rows)

    def read(self, offset: int, length: int) -> bytes:
        """Bytes at an offset from the end of the header."""
        return self._snapshot.read(self.header.length + offset, length)

    def part(self, offset: int, data: bytes) -> BlockSplit:
        """Judges the rows of a block.

        Raises:
            CorruptFile: the block is not what the index or the schema says.
        """
        kept, requests = list[bytes](), Counter[str]()
        for key, row in self._keyed(offset, data):
            if key is not None:
                judgement = self._judge.judge(*key)
                if judgement.verdict.condemns:
                    requests[judgement.request] += 1
                    continue
            kept.append(row)
        return BlockSplit(kept, requests.total(), requests)

    def count_left_over(self, offset: int, data: bytes) -> int:
        """Rows of a block that are condemned, or in which another's pseudonym stands.

        Raises:
            CorruptFile: the block is not what the index or the schema says.
        """
        left_over = 0
        for key, row in self._keyed(offset, data):
            if key is None:
                left_over += self.names_anybody(row)
            else:
                left_over += self._judge.judge(*key).verdict.condemns
        return left_over

    def check_named(self, frame: Frame, rows: bytes) -> None:
        """Compares a block with what the index says of it, where there is one.

        Raises:
            CorruptFile: the index names it wrongly, or not at all.
        """
        if not self.header.is_indexed:
            return
        block = self._named(frame.offset)
        named = (block.length, block.rows, block.first.encode())
        if named != (len(frame.data), frame.rows, rows[PARTICIPANT]):
            raise CorruptFile("a block is not what the index says")

    def _keyed(self, offset: int, data: bytes) -> Iterator[tuple[RowKey | None, bytes]]:
        """The rows of a block; with the key of those that are of these people."""
        people = self._judge.people
        block = self._named(offset) if self.header.is_indexed else None
        if block and block.row_lengths:
            own = cut_block(data, self.header, block)
            known = {row[PARTICIPANT] for row in own}
            listed = {each for each in known if each in people}
            for row in own:
                _check_begin(row)
                yield key_of(row) if row[PARTICIPANT] in listed else None, row
            return
        frame = parse_frame(data, offset, self.header.sync)
        if block and (len(frame.data), frame.rows) != (block.length, block.rows):
            raise CorruptFile("a block is not what the index says")
        self._walker = self._walker or RowWalker(self.header.schema)
        rows = frame_rows(frame, self.header.codec)
        yield from self._walker.walk(rows, frame.rows, people)

    def _named(self, offset: int) -> Block:
        try:
            return self.index[offset]
        except KeyError:
            raise CorruptFile("a block stands where the index names none") from None


def _check_begin(row: bytes) -> None:
    """A row that was cut in the wrong place would take a piece of the next with it."""
    if row[:1] != _UUID_LENGTH or row[37:38] != _UUID_LENGTH:
        raise CorruptFile("the index does not say how long the rows are")
