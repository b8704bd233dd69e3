"""`kek.json`: which KEK a key folder's files are encrypted with. It holds no secret."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Literal

from rally.errors import ConfigurationError

NAME = "kek.json"

Owners = Literal["namespaces", "purposes"]
"""What may have a KEK of its own."""


@dataclass(frozen=True, slots=True)
class KekFile:
    """The KEKs' URIs of a folder.

    Attributes:
        kek_uri: URI of the KEK of every file that has none of its own.
        namespaces: KEKs of single namespaces, in a folder that opens pings.
        purposes: KEKs of single purposes, in a folder of platform keys.
    """

    kek_uri: str
    namespaces: Mapping[str, str] = field(default_factory=dict)
    purposes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: bytes, where: str) -> "KekFile":
        """Raises ConfigurationError: not the JSON of this record, to the letter."""
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict) or not isinstance(value.get("kek_uri"), str):
            raise ConfigurationError(
                f'{where}: must be {{"kek_uri": "…"}}, with "namespaces" or "purposes"'
            )
        if unknown := sorted(value.keys() - {member.name for member in fields(cls)}):
            raise ConfigurationError(f"{where}: unknown key {unknown[0]}; remove it")
        for member in ("namespaces", "purposes"):
            _check_uris(value.get(member, {}), f"{where}: {member}")
        return cls(**value)

    def serialise(self) -> bytes:
        """The file; a map without entries is left out."""
        members = {"kek_uri": self.kek_uri}
        maps = {"namespaces": dict(self.namespaces), "purposes": dict(self.purposes)}
        full = {name: entries for name, entries in maps.items() if entries}
        return json.dumps(members | full, indent=2).encode() + b"\n"

    def names_for(self, owners: Owners) -> Mapping[str, str]:
        """The KEKs of one sort of owner."""
        return self.namespaces if owners == "namespaces" else self.purposes

    def with_kek(self, owners: Owners, owner: str, kek_uri: str) -> "KekFile":
        """The same, with one owner's KEK."""
        entries = {**self.names_for(owners), owner: kek_uri}
        if owners == "namespaces":
            return KekFile(self.kek_uri, entries, self.purposes)
        return KekFile(self.kek_uri, self.namespaces, entries)

    def uri_for(self, owner: str) -> str:
        """The KEK of a namespace's or a purpose's file."""
        return self.purposes.get(owner) or self.namespaces.get(owner) or self.kek_uri


def _check_uris(value: object, where: str) -> None:
    if not isinstance(value, dict) or not all(
        isinstance(v, str) for v in value.values()
    ):
        raise ConfigurationError(f"{where}: must map names to the URIs of KEKs")
