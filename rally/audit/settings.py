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
from rally.keys.platform_keys import PlatformKeys
from rally.registry.registry import Registry
from rally.settings import Places
from rally.validation.pseudonyms import PLATFORM


class ForbiddenValues(NamedTuple):
    """What a person says must stand nowhere, in a form that tells nobody.

    Attributes:
        pseudonyms: of the platform, of rally ids.
        addresses: SHA-256 of network addresses, in hex; see hash_address.
    """

    pseudonyms: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class AuditSettings(Places):
    """Where everything is, and what is asked of it.

    Attributes:
        store: URI of the store; may hold `{study}`.
        platform_keys: folder of the platform's keys.
        platform: URI of the platform's store; None is `<store>/platform`.
        studies: the registry's folder; None is what the package ships.
        key_folder: folder of the keys that open pings; None is not looked at.
        as_of: the audit's clock, RFC 3339; None is now. Workers need one.
        share: of the files of rows that are read, above 0 and at most 1.
        limits: in days.
        forbidden: values that must stand nowhere.
        progress: a folder in which workers tell how far they are; None is nobody's.
    """

    store: str
    platform_keys: str
    platform: str | None = None
    studies: str | None = None
    key_folder: str | None = None
    as_of: str | None = None
    share: float = 1.0
    limits: Limits = field(default_factory=Limits)
    forbidden: ForbiddenValues = field(default_factory=ForbiddenValues)
    progress: str | None = None

    def keys(self, registry: Registry) -> PlatformKeys:
        """Pseudonyms. Raises ConfigurationError."""
        return PlatformKeys.open(
            self.platform_keys,
            pseudonyms=[PLATFORM, *registry.studies],
        )

    def sealing_prefixes(self) -> tuple[bytes, ...]:
        """With what dead letters begin that are sealed. Raises ConfigurationError."""
        return sealing_prefixes(KeyFolder(self.platform_keys))

    def key_folders(self) -> tuple[KeyFolder | None, KeyFolder]:
        """The folder of ping keys, if it is named, and that of platform keys."""
        ping_keys = KeyFolder(self.key_folder) if self.key_folder else None
        return ping_keys, KeyFolder(self.platform_keys)


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
