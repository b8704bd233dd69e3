"""Everybody on the withdrawal list, in tens of bytes each: what the fold asks of them.

Records of fixed width in sorted bytes; a Person is made when one is asked for. Workers
hold the whole list this way, since anybody can send withdrawals that lengthen it.

    a withdrawal    participant 16 | scope 2 | time 8 | request 16 | terms 2
    an enrolment    participant 16 | scope 2 | time 8 | document 4 + 2

Numbers are big-endian, so that records sort as what they say does. Scopes and terms are
numbers of words that many entries have in common.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from struct import Struct
from typing import Any

from rally.withdrawal.fold import Joined, Leaver, Left, RequestStatus

_LEFT = Struct(">16sHQ16sH")
_JOINED = Struct(">16sHQIH")
_KEY = 16
_ZERO = 1 << 63
"""Added to times, so that those before 1970 sort before the others."""

Terms = tuple[RequestStatus, frozenset[str]]
"""How a withdrawal stands, and in which studies it is deferred."""


class Ids:
    """Ids as 16 bytes: UUIDs as they are; of any other text a hash, and the text.

    Ours are all UUIDs, written with hyphens or as 32 digits.
    """

    def __init__(self, *, hyphens: bool) -> None:
        """Takes how the UUIDs are written."""
        self._hyphens = hyphens
        self._others: dict[bytes, str] = {}

    def key(self, text: str) -> bytes:
        """The 16 bytes of an id."""
        try:
            key = bytes.fromhex(text.replace("-", ""))
        except ValueError:
            key = b""
        if len(key) == _KEY and self._written(key) == text:
            return key
        return hashlib.sha256(text.encode()).digest()[:_KEY]

    def remember(self, text: str) -> bytes:
        """The same, of an id whose text will be asked for."""
        key = self.key(text)
        if self._written(key) != text:
            self._others[key] = text
        return key

    def text(self, key: bytes) -> str:
        """The id that was remembered."""
        return self._others[key] if key in self._others else self._written(key)

    def _written(self, key: bytes) -> str:
        digits = key.hex()
        if not self._hyphens:
            return digits
        ends = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))
        return "-".join(digits[start:end] for start, end in ends)


class PeopleIndex(Mapping[str, Leaver]):
    """People on a list, by platform pseudonym.

    Attributes:
        counter: Counter of the list.
    """

    def __init__(self, counter: int, builder: "PeopleBuilder") -> None:
        """Sorts what was added; see PeopleBuilder.build."""
        self.counter = counter
        self._left = b"".join(sorted(builder.left))
        self._joined = b"".join(sorted(builder.joined))
        self._documents = bytes(builder.documents)
        self._scopes = tuple(builder.scopes)
        self._terms = tuple(builder.terms)
        self._ids, self._requests = builder.ids, builder.requests
        self._people = sum(1 for _ in self.positions())

    def __len__(self) -> int:
        """How many people."""
        return self._people

    def __iter__(self) -> Iterator[str]:
        """Their pseudonyms, sorted as their bytes."""
        return (participant for participant, _ in self.positions())

    def __getitem__(self, participant: str) -> Leaver:
        """What the fold needs of somebody."""
        key = self._ids.key(participant)
        position = _first(self._left, _LEFT.size, key)
        if not self._left.startswith(key, position * _LEFT.size):
            raise KeyError(participant)
        return self.at(position)

    @property
    def bytes(self) -> int:
        """How much of memory the entries take."""
        return len(self._left) + len(self._joined) + len(self._documents)

    def positions(self, *scopes: str) -> Iterator[tuple[str, int]]:
        """Each one's pseudonym, and where `at` finds them.

        Args:
            scopes: Scopes of which they left one; without any it is everybody.
        """
        wanted = {at for at, scope in enumerate(self._scopes) if scope in scopes}
        first, before, given = 0, b"", b""
        records = _LEFT.iter_unpack(self._left)
        for position, (key, scope, *_) in enumerate(records):
            if key != before:
                first, before = position, key
            if key != given and (not scopes or scope in wanted):
                given = key
                yield self._ids.text(key), first

    def at(self, position: int) -> Leaver:
        """The person at a position."""
        start = position * _LEFT.size
        key = self._left[start : start + _KEY]
        left: dict[str, list[Left]] = {}
        for _, scope, time, request, terms in _of(self._left, _LEFT, position, key):
            status, deferred = self._terms[terms]
            each = Left(time - _ZERO, status, deferred, self._requests.text(request))
            left.setdefault(self._scopes[scope], []).append(each)
        joined: dict[str, list[int]] = {}
        enrolments: dict[str, Joined] = {}
        position = _first(self._joined, _JOINED.size, key)
        for _, scope, time, start, length in _of(self._joined, _JOINED, position, key):
            joining = Joined(time - _ZERO, self._scopes[scope])
            joined.setdefault(joining.scope, []).append(joining.time)
            document = self._documents[start : start + length].decode()
            enrolments[document] = min(joining, enrolments.get(document, joining))
        return Leaver(
            {scope: tuple(sorted(each, key=_order)) for scope, each in left.items()},
            {scope: tuple(times) for scope, times in joined.items()},
            enrolments,
        )

    def requests(self) -> Iterator[str]:
        """The random id of each withdrawal."""
        for _, _, _, request, _ in _LEFT.iter_unpack(self._left):
            yield self._requests.text(request)


class PeopleBuilder:
    """Takes entries one by one, and holds nothing of them but their bytes.

    Attributes:
        left: Records of withdrawals.
        joined: Records of enrolments.
        documents: The enrolments' document ids, one behind the other.
        scopes: Scopes with their numbers.
        terms: Terms with their numbers.
        ids: Ids of participants.
        requests: Ids of requests.
    """

    def __init__(self) -> None:
        """Begins with nobody."""
        self.left: list[bytes] = []
        self.joined: list[bytes] = []
        self.documents = bytearray()
        self.scopes: dict[str, int] = {}
        self.terms: dict[Terms, int] = {}
        self.ids, self.requests = Ids(hyphens=True), Ids(hyphens=False)

    def leave(
        self, participant: str, scope: str, time: int, request: str, terms: Terms
    ) -> None:
        """Adds a withdrawal; times are microseconds since 1970."""
        self.left.append(
            _LEFT.pack(
                self.ids.remember(participant),
                self.scopes.setdefault(scope, len(self.scopes)),
                time + _ZERO,
                self.requests.remember(request),
                self.terms.setdefault(terms, len(self.terms)),
            )
        )

    def join(self, participant: str, scope: str, time: int, document_id: str) -> None:
        """Adds an enrolment."""
        document = document_id.encode()
        self.joined.append(
            _JOINED.pack(
                self.ids.remember(participant),
                self.scopes.setdefault(scope, len(self.scopes)),
                time + _ZERO,
                len(self.documents),
                len(document),
            )
        )
        self.documents += document

    def build(self, counter: int) -> PeopleIndex:
        """The index of the list of that counter; the builder is used up."""
        return PeopleIndex(counter, self)


def _first(records: bytes, width: int, key: bytes) -> int:
    """The position of the first record that is not before a key."""
    count = range(len(records) // width)
    return bisect_left(
        count, key, key=lambda at: records[at * width : at * width + _KEY]
    )


def _of(
    records: bytes, form: Struct, position: int, key: bytes
) -> Iterator[tuple[Any, ...]]:
    """The records from a position on that begin with a key."""
    start = position * form.size
    while records.startswith(key, start):
        yield form.unpack_from(records, start)
        start += form.size


def _order(left: Left) -> tuple[int, str]:
    return left.time, left.request
