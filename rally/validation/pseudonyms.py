"""Makes pseudonyms, which are stored in place of rally ids.

The platform pseudonym is a keyed PRF of the rally id; a study's pseudonym is that
study's PRF of the platform pseudonym. Studies cannot be linked to each other without
the keys, and a leaked store cannot forge a withdrawal (design: "Validating").
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Protocol

from rally.errors import PingFailed
from rally.outcomes import FailureReason
from rally.validation.ids import hyphenated

PLATFORM = "platform"
"""Name of the platform's own pseudonym key."""

_DELETION_ID = "deletion-id:"
_SEALED = "sealed:"
_RELEASE = "release:"
_VARIANT = "89ab" * 4  # by the first digit of the ninth byte: two bits are 1 and 0


class Prf(Protocol):
    """A keyed pseudo-random function with 16 bytes of output."""

    def compute(self, data: bytes) -> bytes:
        """Returns the 16 bytes for `data`."""


class Pseudonyms:
    """Makes the platform's and each study's pseudonyms."""

    def __init__(self, prfs: Mapping[str, Prf]) -> None:
        """Takes one function for PLATFORM, and one for each study's namespace.

        A study, or platform, that is concluded may have none any more.
        """
        self._prfs = prfs

    def of_platform(self, rally_id: str) -> str:
        """Computes the platform pseudonym of a canonical rally id."""
        return _as_uuid(self._prfs[PLATFORM].compute(rally_id.encode()))

    def knows(self, namespace: str) -> bool:
        """Tells whether there are pseudonyms of a study."""
        return namespace in self._prfs

    def of_study(self, namespace: str, platform_pseudonym: str) -> str:
        """Computes a study's pseudonym from any platform pseudonym."""
        return _as_uuid(self._prfs[namespace].compute(platform_pseudonym.encode()))

    def of_deletion_id(self, deletion_id: str) -> str:
        """Computes the pseudonym of a deletion id for events and the platform's rows.

        Rows of a study have that study's pseudonym of it, as of a person: otherwise one
        id would link two people of two studies.
        """
        return _as_uuid(
            self._prfs[PLATFORM].compute((_DELETION_ID + deletion_id).encode())
        )

    def of_sealed(self, jwe: str) -> str:
        """Computes the document id of what is sealed in a compact JWE.

        It follows from the sealed bytes and from nothing around them, so that a
        ciphertext is the same ping wherever it is submitted to. Nobody who has seen the
        ciphertext can make it without the key.
        """
        digest = hashlib.sha256(jwe.encode()).hexdigest()
        return _as_uuid(self._prfs[PLATFORM].compute((_SEALED + digest).encode()))

    def release_key(self, namespace: str, release: str) -> bytes:
        """Computes the key by which a release of a study chooses what counts.

        It is the same on every worker, and nobody without the study's key knows it.

        Args:
            namespace: Namespace of the study.
            release: Name of the release, of any length.

        Returns:
            32 bytes.
        """
        halves = (f"{_RELEASE}{half}:{release}".encode() for half in (1, 2))
        return b"".join(map(self._prfs[namespace].compute, halves))


def _as_uuid(output: bytes) -> str:
    """Writes 16 bytes as a UUID of version 8 (RFC 9562, section 5.8)."""
    digits = output.hex()
    variant = _VARIANT[output[8] >> 4]
    return hyphenated(f"{digits[:12]}8{digits[13:16]}{variant}{digits[17:]}")


def stands_in(identifier: str, encoded: bytes) -> bool:
    """Tells whether a canonical id stands in these bytes.

    It may stand in any case, with hyphens or as 32 hexadecimal digits.
    """
    lowered = encoded.lower()
    return (
        identifier.encode() in lowered
        or identifier.replace("-", "").encode() in lowered
    )


class IdReplacer:
    """Puts a pseudonym wherever an id still stands in a JSON value."""

    def __init__(self, identifier: str, pseudonym: str) -> None:
        """Takes the canonical id and the pseudonym, both of 36 characters."""
        bare = identifier.replace("-", "")
        self._pattern = re.compile(f"{identifier}|{bare}", re.IGNORECASE | re.ASCII)
        self._pseudonym = pseudonym

    def in_text(self, text: str) -> str:
        """Replaces the id in a text, in the form in which it stood."""
        return self._pattern.sub(self._form, text)

    def in_value(self, value: object) -> object:
        """Copies a JSON value, with the id replaced in every string and every key.

        Raises:
            PingFailed: two keys of an object become one, and no reader would see both.
        """
        if isinstance(value, str):
            return self.in_text(value)
        if isinstance(value, list):
            return [self.in_value(item) for item in value]
        if isinstance(value, dict):
            replaced = {
                self.in_text(key): self.in_value(item) for key, item in value.items()
            }
            if len(replaced) < len(value):
                raise PingFailed(FailureReason.INVALID_ID)
            return replaced
        return value

    def _form(self, match: re.Match[str]) -> str:
        return self._pseudonym if "-" in match[0] else self._pseudonym.replace("-", "")
