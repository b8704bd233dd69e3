"""Everybody on the withdrawal list, in tens of bytes each: what the fold asks of them.

Records of fixed width in sorted bytes, which are searched where they lie: they are the
published object itself, and a Person is made when one is asked for. Workers hold the
whole list this way, since anybody can send withdrawals that lengthen it.

    "RALLYPI" and the version | counter 8 | people 8 | withdrawals 8 | enrolments 8
    a withdrawal    participant 16 | scope 2 | time 8 | request 16 | terms 4 | changed 8
    an enrolment    participant 16 | scope 2 | time 8 | document 16
    JSON of the words that entries have in common, by number, and of ids that are no
    UUIDs, by the 16 bytes that stand for them

Numbers are big-endian, so that records sort as what they say does. A withdrawal says
since which list everything about its person is as it is now.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from struct import Struct
from typing import Any, NamedTuple

import orjson

from rally.withdrawal.fold import Joined, Leaver, Left, RequestStatus

_HEAD = Struct(">8sQQQQ")
MAGIC = b"RALLYPI\x01"
"""How an index begins, with its version."""

_LEFT = Struct(">16sHQ16sIQ")
_LEFT_SAYS = Struct(">16sHQ16sI")
"""A withdrawal without the list at which it last changed."""

_JOINED = Struct(">16sHQ16s")
_KEY = 16
_ZERO = 1 << 63
"""Added to times, so that those before 1970 sort before the others."""

Terms = tuple[RequestStatus, frozenset[str]]
"""How a withdrawal stands, and in which studies it is deferred."""


class Ids:
    """Ids as 16 bytes: UUIDs as they are; of any other text a hash, and the text.

    Ours are all UUIDs, written with hyphens or as 32 digits.
    """

    def __init__(self, *, hyphens: bool, others: Mapping[str, str] = {}) -> None:
        """Takes what is known of them.

        Args:
            hyphens: How the UUIDs are written.
            others: Texts of all others, by their 16 bytes in hexadecimal digits.
        """
        self._hyphens = hyphens
        self._others = {bytes.fromhex(key): text for key, text in others.items()}

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

    def others(self) -> dict[str, str]:
        """What was remembered of ids that are no UUIDs, as it is taken."""
        return {key.hex(): text for key, text in sorted(self._others.items())}

    def _written(self, key: bytes) -> str:
        digits = key.hex()
        if not self._hyphens:
            return digits
        ends = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))
        return "-".join(digits[start:end] for start, end in ends)


class Enrolment(NamedTuple):
    """An enrolment of a person who is on the list.

    Attributes:
        participant: Platform pseudonym.
        scope: A namespace, or RALLY.
        time: Submission timestamp, microseconds.
        document_id: Id of the ping.
    """

    participant: str
    scope: str
    time: int
    document_id: str


@dataclass(frozen=True, slots=True)
class _Table:
    """Sorted records that lie in the bytes of an index.

    Attributes:
        data: The bytes.
        start: Offset of the first record.
        count: Number of records.
        form: Form of a record, which begins with a participant.
    """

    data: bytes
    start: int
    count: int
    form: Struct

    @property
    def end(self) -> int:
        """Offset of what follows."""
        return self.start + self.count * self.form.size

    def offset(self, position: int) -> int:
        """The offset of a record."""
        return self.start + position * self.form.size

    def all(self) -> Iterator[tuple[Any, ...]]:
        """Every record, unpacked."""
        return self.form.iter_unpack(memoryview(self.data)[self.start : self.end])

    def first(self, key: bytes) -> int:
        """The position of the first record that is not before a key."""
        data, start, size = self.data, self.start, self.form.size

        def key_at(position: int) -> bytes:  # each ping asks for a dozen of them
            begin = start + position * size
            return data[begin : begin + _KEY]

        return bisect_left(range(self.count), key, key=key_at)

    def begins(self, position: int, key: bytes) -> bool:
        """Tells whether the record at a position, or the end, begins with a key."""
        is_record = position < self.count
        return is_record and self.data.startswith(key, self.offset(position))

    def of(self, position: int, key: bytes) -> Iterator[bytes]:
        """The records from a position on that begin with a key."""
        start, end, size = self.offset(position), self.end, self.form.size
        while start < end and self.data.startswith(key, start):
            yield self.data[start : start + size]
            start += size


class PeopleIndex(Mapping[str, Leaver]):
    """People on a list, by platform pseudonym.

    Attributes:
        counter: Counter of the list.
        data: The bytes that are published.
    """

    def __init__(self, data: bytes) -> None:
        """Takes what `PeopleBuilder.build` made of a list.

        Raises:
            ValueError: another version made it.
        """
        magic, self.counter, people, left, joined = _HEAD.unpack_from(data)
        if magic != MAGIC:
            raise ValueError("another version made this index")
        self.data = data
        self._people = int(people)
        self._left = _Table(data, _HEAD.size, left, _LEFT)
        self._joined = _Table(data, self._left.end, joined, _JOINED)
        words = orjson.loads(memoryview(data)[self._joined.end :])
        self.scopes: tuple[str, ...] = tuple(words["scopes"])
        self.terms: tuple[Terms, ...] = tuple(
            (RequestStatus(status), frozenset(deferred))
            for status, deferred in words["terms"]
        )
        self._ids = Ids(hyphens=True, others=words["participants"])
        self._requests = Ids(hyphens=False, others=words["requests"])
        self._documents = Ids(hyphens=True, others=words["documents"])

    def __len__(self) -> int:
        """How many people."""
        return self._people

    def __iter__(self) -> Iterator[str]:
        """Their pseudonyms, sorted as their bytes."""
        return (participant for participant, _ in self.positions())

    def __getitem__(self, participant: str) -> Leaver:
        """What the fold needs of somebody."""
        key = self._ids.key(participant)
        position = self._left.first(key)
        if not self._left.begins(position, key):
            raise KeyError(participant)
        return self.at(position)

    def positions(self, *scopes: str) -> Iterator[tuple[str, int]]:
        """Each one's pseudonym, and where `at` finds them.

        Args:
            scopes: Scopes of which they left one; without any it is everybody.
        """
        wanted = {at for at, scope in enumerate(self.scopes) if scope in scopes}
        first, before, given = 0, b"", b""
        for position, (key, scope, *_) in enumerate(self._left.all()):
            if key != before:
                first, before = position, key
            if key != given and (not scopes or scope in wanted):
                given = key
                yield self._ids.text(key), first

    def at(self, position: int) -> Leaver:
        """The person at a position."""
        start = self._left.offset(position)
        key = self.data[start : start + _KEY]
        left: dict[str, list[Left]] = {}
        for record in self._left.of(position, key):
            _, scope, time, request, terms, _ = _LEFT.unpack(record)
            status, deferred = self.terms[terms]
            each = Left(time - _ZERO, status, deferred, self._requests.text(request))
            left.setdefault(self.scopes[scope], []).append(each)
        joined: dict[str, list[int]] = {}
        enrolments: dict[str, Joined] = {}
        for record in self._joined.of(self._joined.first(key), key):
            _, scope, time, document = _JOINED.unpack(record)
            joining = Joined(time - _ZERO, self.scopes[scope])
            joined.setdefault(joining.scope, []).append(joining.time)
            name = self._documents.text(document)
            enrolments[name] = min(joining, enrolments.get(name, joining))
        return Leaver(
            {scope: tuple(sorted(each, key=_order)) for scope, each in left.items()},
            {scope: tuple(times) for scope, times in joined.items()},
            enrolments,
        )

    def requests(self) -> Iterator[str]:
        """The random id of each withdrawal."""
        for _, _, _, request, *_ in self._left.all():
            yield self._requests.text(request)

    def enrolments(self) -> Iterator[Enrolment]:
        """Every enrolment."""
        for key, scope, time, document in self._joined.all():
            yield Enrolment(
                self._ids.text(key),
                self.scopes[scope],
                time - _ZERO,
                self._documents.text(document),
            )

    def changed_since(self, counter: int) -> Iterator[str]:
        """Pseudonyms of people of whom anything changed after a list.

        On that list and on this one the fold says the same of all others. Somebody who
        has left the list since is not named: all their rows are kept by now.

        Args:
            counter: Counter of the former list.
        """
        given = b""
        for key, _, _, _, _, changed in self._left.all():
            if changed > counter and key != given:
                given = key
                yield self._ids.text(key)

    def unchanged_since(self, key: bytes, left: bytes, joined: bytes) -> int:
        """Counter of the list at which a person came to what is said of them.

        Args:
            key: The 16 bytes of the person.
            left: Their withdrawals, sorted, by the words' numbers of this index and
                without the lists at which they changed.
            joined: Their enrolments, sorted.

        Returns:
            The counter; 0 where this index says anything else.
        """
        mine = list(self._left.of(self._left.first(key), key))
        others = self._joined.of(self._joined.first(key), key)
        says = b"".join(record[: _LEFT_SAYS.size] for record in mine)
        if not mine or says != left or b"".join(others) != joined:
            return 0
        return max(int.from_bytes(record[_LEFT_SAYS.size :]) for record in mine)


class PeopleBuilder:
    """Takes entries one by one, and holds nothing of them but their bytes."""

    def __init__(self, former: PeopleIndex | None = None) -> None:
        """Begins with nobody.

        Args:
            former: Index of the list before, which says since when nothing changed of
                whom; without it all that is added is new.
        """
        self._former = former
        self._left: list[bytes] = []
        self._joined: list[bytes] = []
        # Numbers of words that the former list has stay, so that bytes can be compared.
        scopes, terms = (former.scopes, former.terms) if former else ((), ())
        self._scopes = {each: number for number, each in enumerate(scopes)}
        self._terms = {each: number for number, each in enumerate(terms)}
        self._ids, self._requests = Ids(hyphens=True), Ids(hyphens=False)
        self._documents = Ids(hyphens=True)

    def leave(
        self, participant: str, scope: str, time: int, request: str, terms: Terms
    ) -> None:
        """Adds a withdrawal; times are microseconds since 1970."""
        self._left.append(
            _LEFT_SAYS.pack(
                self._ids.remember(participant),
                self._scopes.setdefault(scope, len(self._scopes)),
                time + _ZERO,
                self._requests.remember(request),
                self._terms.setdefault(terms, len(self._terms)),
            )
        )

    def join(self, participant: str, scope: str, time: int, document_id: str) -> None:
        """Adds an enrolment."""
        self._joined.append(
            _JOINED.pack(
                self._ids.remember(participant),
                self._scopes.setdefault(scope, len(self._scopes)),
                time + _ZERO,
                self._documents.remember(document_id),
            )
        )

    def build(self, counter: int) -> PeopleIndex:
        """The index of the list of that counter; the builder is used up."""
        self._left.sort()
        self._joined.sort()
        joined = _Table(b"".join(self._joined), 0, len(self._joined), _JOINED)
        left, people = bytearray(), 0
        for key, records in groupby(self._left, key=_person):
            people += 1
            left += b"".join(self._dated(key, records, joined, counter))
        head = _HEAD.pack(MAGIC, counter, people, len(self._left), joined.count)
        self._left.clear()
        parts = (head, self._with_used_terms(bytes(left)), joined.data, self._words())
        return PeopleIndex(b"".join(parts))

    def _dated(
        self, key: bytes, records: Iterable[bytes], joined: _Table, counter: int
    ) -> Iterator[bytes]:
        """A person's withdrawals, with the list at which anything of them changed."""
        mine, since = list(records), 0
        if self._former is not None:
            others = b"".join(joined.of(joined.first(key), key))
            since = self._former.unchanged_since(key, b"".join(mine), others)
        changed = (since or counter).to_bytes(8)
        return (record + changed for record in mine)

    def _with_used_terms(self, left: bytes) -> bytes:
        """Numbers terms anew where few still stand: former ones would stay for ever."""
        used = {terms for _, _, _, _, terms, _ in _LEFT.iter_unpack(left)}
        if 2 * len(used) >= len(self._terms):
            return left
        terms = list(self._terms)
        numbers = {former: number for number, former in enumerate(sorted(used))}
        self._terms = {terms[former]: number for former, number in numbers.items()}
        return b"".join(
            _LEFT.pack(*says, numbers[former], changed)
            for *says, former, changed in _LEFT.iter_unpack(left)
        )

    def _words(self) -> bytes:
        """What the records mean by numbers, and by hashes."""
        words = {
            "scopes": list(self._scopes),
            "terms": [[status, sorted(deferred)] for status, deferred in self._terms],
            "participants": self._ids.others(),
            "requests": self._requests.others(),
            "documents": self._documents.others(),
        }
        return orjson.dumps(words)


def _person(record: bytes) -> bytes:
    return record[:_KEY]


def _order(left: Left) -> tuple[int, str]:
    return left.time, left.request
