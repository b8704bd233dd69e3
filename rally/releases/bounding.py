"""Bounds what one person contributes to a release, so that noise can hide them.

A person counts in at most so many groups, and in each by at most so many rows, as the
recipe declares. A keyed hash chooses which: the same on every runner and in every
retry, in whatever order the rows come, and unknown to who sends them.

    the hash     CBC-MAC with AES-256 over ids of one length (ISO/IEC 9797-1), 128 bits
    groups       those whose hash of (participant, group) is least
    rows         those whose hash of the document id is least

All of a person's rows have to be in one call. Work is done on whole columns: 10,000,000
rows take seconds.
"""

from typing import NamedTuple

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from rally.releases.recipe import Bounds

KEY_BYTES = 32

_BLOCK = 16
_WORD = np.dtype("<u8")
_HALVES = _BLOCK // _WORD.itemsize


class Contributions(NamedTuple):
    """Rows that may count, as columns of one length.

    Attributes:
        participant: Pseudonyms, bytes of one width (`S36`).
        document_id: Ids of the pings, likewise; a person's are all different.
        group: Numbers of the groups, from 0.
    """

    participant: np.ndarray
    document_id: np.ndarray
    group: np.ndarray


class Bounded(NamedTuple):
    """What counts of some contributions.

    Attributes:
        people: Group of each person in it, in no order: one for each person and group.
        rows: Positions of the rows that count, in no order.
    """

    people: np.ndarray
    rows: np.ndarray


def bound(given: Contributions, bounds: Bounds, key: bytes) -> Bounded:
    """Chooses the groups of each person, and the rows in each of them.

    Args:
        given: Rows, all of those of each person.
        bounds: Bounds of the recipe.
        key: Key of the release, KEY_BYTES; who knows it can send pings that are chosen.
    """
    if not len(given.group):
        return Bounded(np.empty(0, np.int64), np.empty(0, np.int64))
    hashes = _hash_runs(given.participant, key)
    order, is_person, is_pair = _sort_pairs(hashes, given.group.astype(np.uint64))
    starts = np.flatnonzero(is_pair)
    group, sizes = given.group[order[starts]], _sizes(starts, len(order))
    person = np.cumsum(is_person)[starts]
    counts = _least_groups(person, hashes[order[starts]], group, bounds.groups, key)
    pairs, sizes = np.flatnonzero(counts), sizes[counts]
    rows = order[_ranges(starts[pairs], sizes)]
    return Bounded(
        group[pairs].astype(np.int64),
        _least_rows(rows, sizes, given.document_id, bounds.rows, key),
    )


def hash_ids(ids: np.ndarray, key: bytes) -> np.ndarray:
    """Gives the keyed hash of each id: two columns of unsigned 64 bits.

    Args:
        ids: Bytes of one width; shorter ones end with zeros.
        key: Key, KEY_BYTES.
    """
    width = ids.dtype.itemsize
    blocks = -(-width // _BLOCK)
    padded = np.zeros((len(ids), blocks * _BLOCK), np.uint8)
    padded[:, :width] = np.ascontiguousarray(ids).view(np.uint8).reshape(-1, width)
    words = padded.view(_WORD).reshape(len(ids), blocks, _HALVES)
    return _mac([words[:, block] for block in range(blocks)], key)


def _hash_runs(ids: np.ndarray, key: bytes) -> np.ndarray:
    """Gives the same where equal ids mostly follow one another, as files sort them."""
    starts = np.flatnonzero(_is_first(ids))
    return np.repeat(hash_ids(ids[starts], key), _sizes(starts, len(ids)), axis=0)


def _sort_pairs(
    hashes: np.ndarray, group: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sorts rows by person and group.

    Args:
        hashes: Hash of each row's person.
        group: Group of each row, unsigned.

    Returns:
        The order; of each row in it whether it is the first of a person, and whether
        it is the first of a person in a group.
    """
    # One word sorts many times faster than three. Where two people have the same
    # leading bits, which hardly ever happens, three do it.
    bits = np.uint64(int(group.max()).bit_length())
    packed = hashes[:, 0] >> bits << bits | group
    order = np.argsort(packed)
    sorted_, packed = hashes[order], packed[order]
    is_person = _is_first(packed >> bits)
    if not np.array_equal(is_person, _is_first(*sorted_.T)):
        order = np.lexsort((group, *hashes.T))
        sorted_ = hashes[order]
        is_person = _is_first(*sorted_.T)
        return order, is_person, is_person | _is_first(group[order])
    return order, is_person, _is_first(packed)


def _least_groups(
    person: np.ndarray, hashes: np.ndarray, group: np.ndarray, most: int, key: bytes
) -> np.ndarray:
    """Tells of each pair of a person and a group whether it is among the person's.

    Args:
        person: Number of the person of each pair, sorted, from 1.
        hashes: Hash of the person of each pair.
        group: Group of each pair.
        most: Number of groups that a person may have.
        key: Key of the release.
    """
    block = np.zeros((len(group), _HALVES), _WORD)
    block[:, -1] = group
    order = _order(person, _mac([hashes, block], key)[:, 0], group)
    starts = np.flatnonzero(_is_first(person))
    counts = np.empty(len(person), bool)
    counts[order] = _ranks(_sizes(starts, len(person))) < most
    return counts


def _least_rows(
    rows: np.ndarray, sizes: np.ndarray, document_id: np.ndarray, most: int, key: bytes
) -> np.ndarray:
    """Chooses the rows that count of each pair of a person and a group.

    Args:
        rows: Positions of rows, those of a pair next to one another.
        sizes: Number of rows of each pair.
        document_id: Document id by position.
        most: Number of rows that a pair may have.
        key: Key of the release.
    """
    is_large = np.repeat(sizes > most, sizes)
    large = rows[is_large]
    if not len(large):
        return rows
    sizes = sizes[sizes > most]
    pair = np.repeat(np.arange(len(sizes)), sizes)
    documents = hash_ids(document_id[large], key)
    order = _order(pair, documents[:, 0], documents[:, 1])
    kept = large[order[_ranks(sizes) < most]]
    return np.concatenate((rows[~is_large], kept))


def _order(major: np.ndarray, hashes: np.ndarray, minor: np.ndarray) -> np.ndarray:
    """Sorts by a sorted number, then by a hash of 64 bits, then by a third column.

    It packs the first two into one word, and looks at the rest where words are equal.
    """
    bits = int(major[-1]).bit_length()
    shift = np.uint64(64 - bits)
    packed = major.astype(np.uint64) << shift | hashes >> np.uint64(bits)
    order = np.argsort(packed)
    if _is_first(packed[order]).all():
        return order
    return np.lexsort((minor, hashes, major))


def _sizes(starts: np.ndarray, length: int) -> np.ndarray:
    """Gives the lengths of runs that begin at these positions of so many rows."""
    return np.diff(starts, append=length)


def _ranks(sizes: np.ndarray) -> np.ndarray:
    """Counts from 0 within each of some runs that follow one another."""
    return _ranges(np.zeros_like(sizes), sizes)


def _ranges(starts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Gives the positions of runs, one run after the other."""
    before = np.cumsum(sizes) - sizes
    return np.arange(int(sizes.sum())) + np.repeat(starts - before, sizes)


def _mac(blocks: list[np.ndarray], key: bytes) -> np.ndarray:
    """Gives the CBC-MAC of each row of blocks, as two numbers of 64 bits.

    CBC-MAC is sound for messages of one length: so each length has a key of its own.
    """
    labels = (bytes((half, len(blocks))).ljust(_BLOCK, b"\0") for half in (1, 2))
    own = _encrypt(key, b"".join(labels))
    state = np.zeros_like(blocks[0], dtype=_WORD)
    for block in blocks:
        mixed = state ^ block
        state = np.frombuffer(_encrypt(own, mixed.tobytes()), _WORD).reshape(
            -1, _HALVES
        )
    return state


def _encrypt(key: bytes, data: bytes) -> bytes:
    """Encrypts each block of 16 bytes by itself: AES as a function of a block."""
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def _is_first(*columns: np.ndarray) -> np.ndarray:
    """Tells of each row whether it differs from the one before it."""
    first = np.ones(len(columns[0]), bool)
    first[1:] = np.logical_or.reduce([each[1:] != each[:-1] for each in columns])
    return first
