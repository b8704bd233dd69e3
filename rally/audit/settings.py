"""Settings of an audit, from the options of its job to what each worker opens.

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
    """Values that must stand nowhere, as pseudonyms and hashes.

    Attributes:
        pseudonyms: Platform pseudonyms of rally ids.
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
        """Returns the first bytes of sealed dead letters. Raises ConfigurationError."""
        return sealing_prefixes(KeyFolder(self.platform_keys_uri))


def hash_address(text: str) -> str | None:
    """Hashes a network address, however it is written; None where it is none."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return sha256(address.packed).hexdigest()


def hash_addresses(texts: Iterable[str]) -> frozenset[str]:
    """Hashes all texts that are addresses."""
    return frozenset(filter(None, map(hash_address, texts)))
