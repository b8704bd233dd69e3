"""Encrypts a person's copy by age (age-encryption.org/v1): to a key, or to words.

Whoever has neither the private key nor the words opens nothing, the platform neither.
"""

import secrets
from itertools import product
from types import ModuleType
from typing import NamedTuple

from rally.errors import ConfigurationError

_CONSONANTS, _VOWELS = "bdfghjklmnprstvz", "aeiou"
SYLLABLES = tuple(map("".join, product(_CONSONANTS, _VOWELS)))
"""All syllables of a consonant and a vowel that are told apart when they are read out.
"""

WORDS = 6
"""A word is two syllables, one of 6,400: six words are 75 bits, chosen at random."""


class Encrypted(NamedTuple):
    """An encrypted archive.

    Attributes:
        data: File of age's format.
        words: The words that open it, which stand nowhere else; "" where a key does.
    """

    data: bytes
    words: str


def encrypt_to_key(archive: bytes, recipient: str) -> Encrypted:
    """Encrypts an archive to an age key.

    Args:
        archive: Archive in clear.
        recipient: Public key of the person, `age1…` (X25519).

    Raises:
        ConfigurationError: It is no such key, or the extra `access` is not installed.
    """
    pyrage = load_pyrage()
    try:
        key = pyrage.x25519.Recipient.from_str(recipient)
    except pyrage.RecipientError:
        raise ConfigurationError(
            "recipient: is no public key of age; it begins with age1"
        ) from None
    return Encrypted(pyrage.encrypt(archive, [key]), "")


def encrypt_to_words(archive: bytes) -> Encrypted:
    """Encrypts an archive so that six generated words open it.

    Raises:
        ConfigurationError: The extra `access` is not installed.
    """
    pyrage = load_pyrage()
    words = generate_words()
    return Encrypted(pyrage.passphrase.encrypt(archive, words), words)


def generate_words() -> str:
    """Returns six random words, joined by hyphens: `bado-kemi-…`."""
    words = (
        secrets.choice(SYLLABLES) + secrets.choice(SYLLABLES) for _ in range(WORDS)
    )
    return "-".join(words)


def load_pyrage() -> ModuleType:
    """Imports pyrage, which only who answers people needs.

    Raises:
        ConfigurationError: It is not installed.
    """
    try:
        import pyrage
    except ImportError:
        raise ConfigurationError(
            "pyrage is not installed, which encrypts copies; install "
            "rally-pipeline[access]"
        ) from None
    return pyrage
