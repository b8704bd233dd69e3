"""Names of namespaces and of the platform's purposes, as they may stand in a file's."""

from enum import StrEnum

from rally.errors import ConfigurationError
from rally.names import check_namespace as check_namespace  # callers ask here

PLATFORM = "platform"
"""Stands where a namespace does: the pseudonym that all of Rally shares."""

DEAD_LETTER_PRIVATE = "dead-letter.private"
DEAD_LETTER_PUBLIC = "dead-letter.public"

_PSEUDONYM = "pseudonym."
_SIGNING = "signing."


class Job(StrEnum):
    """A job that signs what it publishes.

    COPY: what became of a person's copy. DELETE: the withdrawal list and receipts.
    PURGE: the anchor of the receipts. RELEASE: the ledger of releases, and
    their results.
    """

    COPY = "copy"
    DELETE = "delete"
    PURGE = "purge"
    RELEASE = "release"


def signing(job: Job) -> str:
    """The purpose of a job's signing key."""
    return _SIGNING + job


def is_signing(purpose: str) -> bool:
    """Tells whether a purpose is a job's signing; its public half lies beside it."""
    return purpose.startswith(_SIGNING)


def pseudonym(namespace: str) -> str:
    """The purpose of a namespace's pseudonyms, or of the platform's."""
    if namespace != PLATFORM:
        check_namespace(namespace)
    return _PSEUDONYM + namespace


def is_pseudonym(purpose: str) -> bool:
    """Tells whether a purpose is pseudonyms, whose one key is for ever."""
    return purpose.startswith(_PSEUDONYM)


def pseudonym_owner(purpose: str) -> str:
    """The namespace, or `platform`, whose pseudonyms a purpose is."""
    return purpose.removeprefix(_PSEUDONYM)


def check_purpose(purpose: str) -> str:
    """The purpose itself. Raises ConfigurationError where there is none such."""
    if is_pseudonym(purpose):
        return pseudonym(pseudonym_owner(purpose))
    others = (*map(signing, Job), DEAD_LETTER_PRIVATE, DEAD_LETTER_PUBLIC)
    if purpose not in others:
        raise ConfigurationError(
            f"no such purpose; give {_PSEUDONYM}<namespace|{PLATFORM}>,"
            f" {', '.join(others[:-1])} or {others[-1]}"
        )
    return purpose
