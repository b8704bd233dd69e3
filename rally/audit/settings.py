"""Holds the settings of an audit, which its job makes and each worker opens.

An audit cannot decrypt and signs nothing: of the platform's keys it opens only those
of the pseudonyms, and of the dead letters' keyset it reads the public file.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from rally.audit.limits import Limits
from rally.audit.sealed import sealing_prefixes
from rally.decisions.chain import Chain
from rally.keys.folder import KeyFolder
from rally.releases.placing import open_releases
from rally.settings import Settings
from rally.storage.objectstore.interface import ObjectStore


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
    """Settings of an audit.

    Attributes:
        share: Share of the files of rows that is read, above 0 and at most 1.
        limits: Times after which a promise counts as broken.
        forbidden: Values that must stand nowhere.
        releases: URI of the place where results leave; None where nobody names one.
    """

    share: float = 1.0
    limits: Limits = field(default_factory=Limits)
    forbidden: ForbiddenValues = field(default_factory=ForbiddenValues)
    releases: str | None = None

    def open_releases(self, chain: Chain) -> ObjectStore | None:
        """Opens the place where results leave; None where nobody names one.

        Raises:
            ConfigurationError: It is not marked as this platform's.
            OSError: It cannot be reached.
        """
        return open_releases(self.releases, chain) if self.releases else None

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
