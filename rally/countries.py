"""Tells which two letters name a country, and which say that none is known."""

import re

_LETTERS = re.compile("[A-Z]{2}")
_LEFT_TO_USERS = re.compile("AA|Q[M-Z]|X[A-JL-Z]|ZZ")
"""Codes that ISO 3166-1 assigns to nobody: ZZ is "unknown" in CLDR and at Google, XX
at Cloudflare. XK is Kosovo wherever networks are looked up, and a country here."""
_UNIONS = frozenset({"AP", "EU", "EZ", "UN"})
"""Codes that are reserved for others than countries. MaxMind says AP and EU where it
knows no more than that a network lies in Asia and the Pacific, or in Europe."""


def names_country(text: str) -> bool:
    """Tells whether a text is the code of a country, in either case.

    Services that look networks up say in many ways that they know no country: with
    nothing, words, dashes, a digit in the code (A1, A2, O1, T1: proxies, satellites,
    others, Tor), or two letters that stand for no country.
    """
    code = text.upper()
    if not text.isascii() or not _LETTERS.fullmatch(code):
        return False
    return code not in _UNIONS and not _LEFT_TO_USERS.fullmatch(code)
