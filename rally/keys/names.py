"""Names of namespaces and of the platform's purposes, as they may stand in a file's."""

import re

from rally.errors import ConfigurationError

PLATFORM = "platform"
"""Stands where a namespace does: the pseudonym that all of Rally shares."""

LIST_MAC = "list-mac"
RECEIPT_MAC = "receipt-mac"
MACS = (LIST_MAC, RECEIPT_MAC)
DEAD_LETTER_PRIVATE = "dead-letter.private"
DEAD_LETTER_PUBLIC = "dead-letter.public"

_PSEUDONYM = "pseudonym."
_NAMESPACE = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_RESERVED = frozenset({"kek", PLATFORM})  # kek.keyset.json, pseudonym.platform


def check_namespace(namespace: str) -> str:
    """The namespace itself.

    Raises:
        ConfigurationError: it is not as clients send it (lower case, digits, hyphens).
    """
    if not _NAMESPACE.fullmatch(namespace) or namespace in _RESERVED:
        raise ConfigurationError(
            "a namespace is of lower-case letters, digits and hyphens, "
            f"and neither {' nor '.join(sorted(_RESERVED))}"
        )
    return namespace


def pseudonym(namespace: str) -> str:
    """The purpose of a namespace's pseudonyms, or of the platform's."""
    if namespace != PLATFORM:
        check_namespace(namespace)
    return _PSEUDONYM + namespace


def is_pseudonym(purpose: str) -> bool:
    """Whether its one key is for ever."""
    return purpose.startswith(_PSEUDONYM)


def check_purpose(purpose: str) -> str:
    """The purpose itself. Raises ConfigurationError where there is none such."""
    if is_pseudonym(purpose):
        return pseudonym(purpose.removeprefix(_PSEUDONYM))
    if purpose not in (*MACS, DEAD_LETTER_PRIVATE, DEAD_LETTER_PUBLIC):
        raise ConfigurationError(
            f"no such purpose; give {_PSEUDONYM}<namespace|{PLATFORM}>, "
            f"{', '.join(MACS)}, {DEAD_LETTER_PRIVATE} or {DEAD_LETTER_PUBLIC}"
        )
    return purpose
