"""What an audit needs, from the options of a job; and what each worker makes of it.

Who audits cannot decrypt, and signs nothing: of the platform's keys only the
pseudonyms' are opened, and of the dead letters' the public one is looked at.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from rally.audit.limits import Limits
from rally.audit.sealed import sealing_prefixes
from rally.keys.folder import KeyFolder
from rally.settings import Settings


class ForbiddenValues(NamedTuple):
    """What a person says must stand nowhere, in a form that tells nobody.

    Attributes:
        pseudonyms: of the platform, of rally ids.
        addresses: SHA-256 of network addresses, in hex; see hash_address.
    """

    pseudonyms: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings(Settings):
    """The shared settings, of which workers need a clock; and what is asked.

    Attributes:
        share: of the files of rows that are read, above 0 and at most 1.
        limits: in days.
        forbidden: values that must stand nowhere.
    """

    share: float = 1.0
    limits: Limits = field(default_factory=Limits)
    forbidden: ForbiddenValues = field(default_factory=ForbiddenValues)

    def sealing_prefixes(self) -> tuple[bytes, ...]:
        """With what dead letters begin that are sealed. Raises ConfigurationError."""
        return sealing_prefixes(KeyFolder(self.platform_keys_uri))


def hash_address(text: str) -> str | None:
    """What stands for a network address, however it is written; None: it is none."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return sha256(address.packed).hexdigest()


def hash_addresses(texts: Iterable[str]) -> frozenset[str]:
    """What stands for all of them that are addresses."""
    return frozenset(filter(None, map(hash_address, texts)))
