"""Searches bytes for the pseudonyms of people, in every form that writers give ids."""

from collections.abc import Iterable, Iterator
from functools import cached_property

import numpy as np
import numpy.typing as npt

_FEW = 4
_PIECE = 1024 * 1024
_UUID_BYTES = 36
_RAW_BYTES = 16
_HYPHEN, _VERSION = ord("-"), ord("8")
_DIGITS = b"0123456789abcdef"
_ANY_DIGIT = bytes(ord("h") if byte in _DIGITS else ord(".") for byte in range(256))
_BARE_BYTES = 32
_BARE = b"h" * _BARE_BYTES
_IS_DIGIT = bytes(byte in _DIGITS for byte in range(256))
# Of 32 digits eight in turn are at positions that the step divides. Of a UUID with
# hyphens no eight such bytes are digits, wherever it begins.
_STEP = 4
_RAW_VERSION, _RAW_VARIANT = 6, 8  # bytes of a UUID that begin with them

_Words = npt.NDArray[np.uint64]
_Positions = npt.NDArray[np.intp]


class Scanner:
    """Searches bytes for any of a set of pseudonyms."""

    def __init__(self, pseudonyms: Iterable[bytes]) -> None:
        """Stores the pseudonyms.

        Args:
            pseudonyms: Pseudonyms, 36 ASCII bytes each.
        """
        self._pseudonyms = pseudonyms

    @cached_property
    def _hyphenated(self) -> frozenset[bytes]:
        """All pseudonyms, collected only when needed: files with an index need none."""
        return frozenset(self._pseudonyms)

    @cached_property
    def _bare(self) -> frozenset[bytes]:
        return frozenset(each.replace(b"-", b"") for each in self._hyphenated)

    @cached_property
    def _raw(self) -> frozenset[bytes]:
        return frozenset(bytes.fromhex(each.decode()) for each in self._bare)

    @cached_property
    def _hyphenated_words(self) -> _Words:
        return _first_words(self._hyphenated)

    @cached_property
    def _raw_words(self) -> _Words:
        return _first_words(self._raw)

    def found_in(self, data: bytes) -> bool:
        """Tells whether the bytes contain a pseudonym, with or without hyphens."""
        return self._has_hyphenated(data) or self._has_bare(data)

    def found_raw_in(self, data: bytes) -> bool:
        """Tells whether data contains a pseudonym as 16 bytes (RFC 9562, section 4).

        Only files of other writers can: rows of the pipeline have no binary ids.
        """
        if len(self._raw) <= _FEW:
            return any(each in data for each in self._raw)
        return any(
            piece[at : at + _RAW_BYTES] in self._raw
            for piece in _pieces(data, _RAW_BYTES)
            for at in _among(piece, _raw_starts(piece), self._raw_words)
        )

    def _has_hyphenated(self, data: bytes) -> bool:
        if len(self._hyphenated) <= _FEW:
            return any(each in data for each in self._hyphenated)
        return any(
            piece[at : at + _UUID_BYTES] in self._hyphenated
            for piece in _pieces(data, _UUID_BYTES)
            for at in _among(piece, _hyphenated_starts(piece), self._hyphenated_words)
        )

    def _has_bare(self, data: bytes) -> bool:
        for start in _bare_starts(data):
            near = data[max(start - _STEP + 1, 0) : start + _BARE_BYTES]
            digits = near.translate(_ANY_DIGIT)
            at = digits.find(_BARE)
            while at >= 0:
                if near[at : at + _BARE_BYTES] in self._bare:
                    return True
                at = digits.find(_BARE, at + 1)
        return False


def _first_words(ids: Iterable[bytes]) -> _Words:
    """Sorts the first eight bytes of ids, as numbers."""
    first = b"".join(each[:8] for each in ids)
    return np.sort(np.frombuffer(first, "<u8"))


def _pieces(data: bytes, width: int) -> Iterator[bytes]:
    """Yields pieces of which one holds each run of some bytes, however long data is."""
    if len(data) <= _PIECE:
        yield data
        return
    for start in range(0, len(data) - width + 1, _PIECE):
        yield data[start : start + _PIECE + width - 1]


def _hyphenated_starts(data: bytes) -> _Positions:
    """Finds where a UUID of version 8 may begin, by two hyphens and the version."""
    if len(data) < _UUID_BYTES:
        return np.empty(0, np.intp)
    found, starts = np.frombuffer(data, np.uint8), len(data) - _UUID_BYTES + 1
    hyphens = found == _HYPHEN
    is_eight = found[14 : 14 + starts] == _VERSION
    is_eight &= hyphens[13 : 13 + starts]
    is_eight &= hyphens[8 : 8 + starts]
    return is_eight.nonzero()[0]


def _bare_starts(data: bytes) -> list[int]:
    """Finds where one of the first four of 32 digits may stand."""
    stepped = np.frombuffer(data, np.uint8)[::_STEP].tobytes()
    run = np.frombuffer(stepped.translate(_IS_DIGIT), np.uint8)
    for length in (1, 2, 4):
        run = run[length:] & run[: max(len(run) - length, 0)]
    starts: list[int] = (run.nonzero()[0] * _STEP).tolist()
    return starts


def _raw_starts(data: bytes) -> _Positions:
    """Finds where 16 bytes may be a UUID, by version and variant."""
    if len(data) < _RAW_BYTES:
        return np.empty(0, np.intp)
    found, starts = np.frombuffer(data, np.uint8), len(data) - _RAW_BYTES + 1
    is_eight = found[_RAW_VERSION : _RAW_VERSION + starts] & 0xF0 == 0x80
    is_eight &= found[_RAW_VARIANT : _RAW_VARIANT + starts] & 0xC0 == 0x80
    return is_eight.nonzero()[0]


def _among(data: bytes, starts: _Positions, words: _Words) -> list[int]:
    """Selects the starts from which eight bytes are the first of some id."""
    if not starts.size:
        return []
    every = np.ndarray((len(data) - 7,), "<u8", data, strides=(1,))
    these = every[starts]
    near = words[np.minimum(words.searchsorted(these), words.size - 1)]
    chosen: list[int] = starts[near == these].tolist()
    return chosen
