"""Public keys of age, to which a copy is encrypted: `age1…`, 62 characters.

An X25519 key in Bech32 (BIP 173), as the specification of age says
(https://age-encryption.org/v1). Only its form is read here: the checksum finds each
mistyped letter, and nothing is encrypted.
"""

from rally.fields import Place, text

_PREFIX = "age"
_ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKSUM_DIGITS = 6
_KEY_DIGITS = 52
"""Digits of five bits each: 32 bytes, and four bits that are zero."""

_KEY = "must be an age public key, age1…, as `age-keygen -y` prints it"


def age_recipient(place: Place, value: object) -> str:
    """Reads an age public key. Raises ConfigurationError on anything else.

    The key is not repeated in the message: what was given in its place may be a private
    one.
    """
    key = text(place, value)
    prefix, _, data = key.rpartition("1")
    digits = [_ALPHABET.find(each) for each in data]
    is_long_enough = len(digits) == _KEY_DIGITS + _CHECKSUM_DIGITS
    if prefix != _PREFIX or not is_long_enough or min(digits) < 0:
        raise place.error(_KEY)
    if _checksum([*_expand(prefix), *digits]) != 1 or digits[_KEY_DIGITS - 1] & 0b1111:
        raise place.error(f"{_KEY}; this one is mistyped")
    return key


def _expand(prefix: str) -> list[int]:
    """The prefix as the checksum covers it: high bits, a zero, low bits."""
    codes = [ord(each) for each in prefix]
    return [*(each >> 5 for each in codes), 0, *(each & 31 for each in codes)]


def _checksum(digits: list[int]) -> int:
    """The remainder of a polynomial over GF(32); 1 where the checksum is right."""
    remainder = 1
    for digit in digits:
        high = remainder >> 25
        remainder = (remainder & 0x1FFFFFF) << 5 ^ digit
        for bit, generator in enumerate(_GENERATOR):
            if high >> bit & 1:
                remainder ^= generator
    return remainder
