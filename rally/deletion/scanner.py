"""Searches bytes for the pseudonyms of people, in every form that writers give ids."""

import re
from collections.abc import Iterable
from functools import cached_property

_FEW = 4
_VERSION = b"-8"
_DIGITS = b"0123456789abcdef"
_ANY_DIGIT = bytes(ord("h") if byte in _DIGITS else ord(".") for byte in range(256))
_BARE = b"h" * 32
_RAW = re.compile(b"(?=[\x80-\x8f].[\x80-\xbf])", re.DOTALL)
_BEFORE = 6  # bytes of a UUID before the one with its version


class Scanner:
    """Searches bytes for any of a set of pseudonyms."""

    def __init__(self, pseudonyms: Iterable[bytes]) -> None:
        """Stores the pseudonyms.

        Args:
            pseudonyms: Pseudonyms, 36 ASCII bytes each.
        """
        self._pseudonyms = pseudonyms

    @cached_property
    def _hyphenated(self) -> list[bytes]:
        """All pseudonyms, listed only when needed: files with an index need none."""
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
        """Tells whether the bytes contain a pseudonym, with or without hyphens."""
        return self._has_hyphenated(data) or self._has_bare(data)

    def found_raw_in(self, data: bytes) -> bool:
        """Tells whether data contains a pseudonym as 16 bytes (RFC 9562, section 4).

        Only files of other writers can: rows of the pipeline have no binary ids.
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
    """Tells whether a pseudonym has a "-8" before the one of its version."""
    return pseudonym[8:10] == _VERSION


def _end(pseudonym: bytes) -> bytes:
    """Returns what follows the first "-8" up to the version's, at most twelve bytes."""
    return pseudonym[10:13] if _is_cut(pseudonym) else pseudonym[1:13]
