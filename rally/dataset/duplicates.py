"""Leaves out rows of pings that were stored twice, as compaction will.

Rows are compared by 64 bits, and only those that seem equal by their ids: which are
few. Whoever makes bits agree on purpose costs time, and hides no row.
"""

import secrets
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rally.dataset.row_batches import ID_BYTES, Ids, RowBatch
from rally.dataset.row_bytes import Mask
from rally.registry.keep_rule import KeepRule

Hashes = npt.NDArray[np.uint64]

_WORDS = ID_BYTES // 4


class _Keys(NamedTuple):
    """What tells the rows of one date apart.

    Attributes:
        hashes: 64 bits of each row, in the rows' order.
        ordered: The same, sorted.
        ids: Ids of the rows of each batch: the participant, and the document id where
            it matters.
    """

    hashes: Hashes
    ordered: Hashes
    ids: Sequence[tuple[Ids, ...]]

    def of(self, wanted: Hashes) -> Iterator[tuple[int, tuple[bytes, ...]]]:
        """Yields number and ids of the rows that have one of some hashes."""
        batches, end, start = iter(self.ids), 0, 0
        ids: tuple[Ids, ...] = ()
        for place in np.flatnonzero(np.isin(self.hashes, wanted)).tolist():
            while place >= end:
                ids = next(batches)
                start, end = end, end + len(ids[0])
            yield place, tuple(bytes(each[place - start]) for each in ids)


class DuplicateFilter:
    """Finds the rows of one document that stay, date after date.

    A row of a date that wins over another counts whether it stays itself or not: so the
    result is the same before compaction as after it.
    """

    def __init__(self, rule: KeepRule) -> None:
        """Begins without rows.

        Args:
            rule: Rule of the document, by which one of several equal rows stays.
        """
        self._rule = rule
        self._days = dict[str, _Keys]()
        self._factors = [
            np.array([secrets.randbits(64) | 1 for _ in range(_WORDS)], np.uint64)
            for _ in range(1 if rule.is_latest else 2)
        ]

    def filter(self, day: str, batches: Sequence[RowBatch]) -> list[RowBatch]:
        """Returns the rows of a date that stay.

        Args:
            day: Date, YYYY-MM-DD. The dates that win over it come before it: those
                before it, or after it where only the latest row is kept.
            batches: All rows of the date that count.
        """
        known = sorted(self._days)
        near = {*self._rule.winners(day, lambda: known)}
        if not self._rule.is_latest:
            self._days = {each: it for each, it in self._days.items() if each in near}
        winners = [self._days[each] for each in known if each in near]
        keys = self._keys_of(batches)
        self._days[day] = keys
        seeming = _equal_hashes(keys.ordered, [each.ordered for each in winners])
        if not seeming.size:
            return [*batches]
        beaten = {ids for each in winners for _, ids in each.of(seeming)}
        staying = self._choose(keys, seeming, beaten, batches)
        ends = np.cumsum([len(each) for each in batches])
        parts = np.split(staying, ends[:-1])
        return [each.among(part) for each, part in zip(batches, parts, strict=True)]

    def _keys_of(self, batches: Sequence[RowBatch]) -> _Keys:
        ids = [
            (each.participants, each.document_ids)[: len(self._factors)]
            for each in batches
        ]
        found = [np.empty(0, np.uint64), *map(self._hash, ids)]
        hashes = np.concatenate(found)
        return _Keys(hashes, np.sort(hashes), ids)

    def _hash(self, ids: tuple[Ids, ...]) -> Hashes:
        """Sums the words of ids, each times a number that nobody knows."""
        hashes = np.zeros(len(ids[0]), np.uint64)
        for each, factors in zip(ids, self._factors, strict=True):
            words = each.view(np.uint32).reshape(-1, _WORDS)
            hashes += words.astype(np.uint64) @ factors
        return hashes

    def _choose(
        self,
        keys: _Keys,
        seeming: Hashes,
        beaten: set[tuple[bytes, ...]],
        batches: Sequence[RowBatch],
    ) -> Mask:
        """Chooses among the rows that seem equal to others, by their ids."""
        staying = np.ones(len(keys.hashes), np.bool_)
        best = dict[tuple[bytes, ...], int]()
        wins = _comparison(batches, self._rule.is_latest)
        for place, ids in keys.of(seeming):
            if not ids[-1]:  # a row without an id is like no other
                continue
            if ids in beaten:
                staying[place] = False
                continue
            other = best.setdefault(ids, place)
            if other != place:
                best[ids], loser = (
                    (place, other) if wins(place, other) else (other, place)
                )
                staying[loser] = False
        return staying


def _equal_hashes(own: Hashes, others: Sequence[Hashes]) -> Hashes:
    """Returns the hashes that several rows of a date have, or a row of another date.

    Args:
        own: Hashes of the rows of the date, sorted.
        others: Hashes of other dates, likewise.
    """
    found = [own[1:][own[1:] == own[:-1]]]
    for other in others:
        if other.size:
            places = np.minimum(np.searchsorted(other, own), other.size - 1)
            found.append(own[other[places] == own])
    return np.unique(np.concatenate(found))


def _comparison(
    batches: Sequence[RowBatch], is_latest: bool
) -> Callable[[int, int], bool]:
    """Makes a function that tells, by their numbers, whether a row wins over another.

    Bytes of rows are looked at only where times are the same: they may have to be read.
    """
    ends = np.cumsum([len(each) for each in batches])
    loaded = lru_cache(maxsize=4)(lambda number: batches[number].loaded())

    def find(place: int) -> tuple[int, int]:
        number = int(np.searchsorted(ends, place, "right"))
        return number, place - (int(ends[number]) - len(batches[number]))

    def wins(place: int, other: int) -> bool:
        (mine, row), (its, its_row) = find(place), find(other)
        time, its_time = batches[mine].times[row], batches[its].times[its_row]
        if time != its_time:
            return bool(time > its_time) is is_latest
        return loaded(mine).row(row) < loaded(its).row(its_row)

    return wins
