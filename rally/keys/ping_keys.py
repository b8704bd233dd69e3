"""The keys that open pings."""

from collections.abc import Mapping, Sequence

import tink
from tink import hybrid

from rally.errors import ConfigurationError
from rally.keys import kek_file, local_kek, names
from rally.keys.folder import JWK, KEYSET, KeyFolder
from rally.keys.jwk import EcPrivateKey
from rally.keys.secret import Secret


class PingKeys(Secret):
    """Every namespace's private keys, read and built once.

    A worker loads them in `setup()`, and again where a file has changed; see
    rally.ingestion.live_studies.
    """

    def __init__(
        self,
        hybrids: Mapping[str, hybrid.HybridDecrypt],
        jwks: Mapping[str, Sequence[EcPrivateKey]],
    ) -> None:
        """Takes primitives and JWKs by namespace; `load` is how they are made."""
        self._hybrids = hybrids
        self._jwks = {
            namespace: tuple(key for key in keys if key.pioneer_key_id is None)
            for namespace, keys in jwks.items()
        }
        self._pioneer = _by_key_id(jwks)

    @classmethod
    def load(cls, uri: str) -> "PingKeys":
        """Reads a key folder.

        Raises:
            ConfigurationError: the folder or a file of it is missing, malformed, of
                another KEK or another namespace. The message names the file.
        """
        folder = KeyFolder(uri)
        folder.kek_file()  # the first message of a folder that is none
        keysets, jwks = namespaces(folder)
        if not keysets and not jwks:
            raise ConfigurationError(
                f"{uri}: holds no key that opens pings; see `rally keys create --help`"
            )
        return cls(
            {namespace: _hybrid(folder, namespace) for namespace in keysets},
            {namespace: folder.read_jwks(namespace) for namespace in jwks},
        )

    def hybrid(self, namespace: str) -> hybrid.HybridDecrypt | None:
        """Opens what was sealed to the namespace's Tink keyset, whichever key of it."""
        return self._hybrids.get(namespace)

    def jwks(self, namespace: str) -> Sequence[EcPrivateKey]:
        """The namespace's Glean keys, newest first."""
        return self._jwks.get(namespace, ())

    def pioneer(self, key_id: str, namespace: str) -> Sequence[EcPrivateKey]:
        """The Pioneer keys of that id, if it was imported for that namespace."""
        return self._pioneer.get(namespace, {}).get(key_id, ())

    def all_pioneer(self, namespace: str) -> Sequence[EcPrivateKey]:
        """The Pioneer keys that were imported for that namespace, of every id."""
        return [
            key for keys in self._pioneer.get(namespace, {}).values() for key in keys
        ]


def namespaces(folder: KeyFolder) -> tuple[list[str], list[str]]:
    """Namespaces that have a keyset, and those that have JWKs; sorted."""
    files = [n for n in folder.names() if n not in (kek_file.NAME, local_kek.FILE)]
    return _owners(folder, files, KEYSET), _owners(folder, files, JWK)


def _owners(folder: KeyFolder, files: Sequence[str], suffix: str) -> list[str]:
    owners = [name.removesuffix(suffix) for name in files if name.endswith(suffix)]
    for owner in owners:
        try:
            names.check_namespace(owner)
        except ConfigurationError as error:
            where = folder.where(owner + suffix)
            raise ConfigurationError(f"{where}: {error}; move it away") from None
    return owners


def _hybrid(folder: KeyFolder, namespace: str) -> hybrid.HybridDecrypt:
    try:
        return folder.read_keyset(namespace).primitive(hybrid.HybridDecrypt)
    except tink.TinkError:
        where = folder.where(namespace + KEYSET)
        raise ConfigurationError(
            f"{where}: is no keyset of hybrid private keys; restore it"
        ) from None


def _by_key_id(
    jwks: Mapping[str, Sequence[EcPrivateKey]],
) -> dict[str, dict[str, list[EcPrivateKey]]]:
    index: dict[str, dict[str, list[EcPrivateKey]]] = {}
    for namespace, keys in jwks.items():
        for key in keys:
            if key.pioneer_key_id is not None:
                of_namespace = index.setdefault(namespace, {})
                of_namespace.setdefault(key.pioneer_key_id, []).append(key)
    return index
