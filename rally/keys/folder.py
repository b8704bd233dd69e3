"""A key folder: files that only their KEKs open, and `kek.json`, which names these.

    kek.json                     the KEKs' URIs
    <name>.keyset.json           a Tink keyset, encrypted
    <namespace>.jwk.json         {"encrypted_jwk_set": "<base64>"}, an RFC 7517 JWK Set

Each file's associated data is its stem (`rally-core.jwk`), so a file that is renamed,
or put where another was, does not open.
"""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import tink
from tink import aead, json_proto_keyset_format

from rally.errors import ConfigurationError, cause_of, unusable
from rally.keys import jwk, kek, kek_file
from rally.keys.jwk import EcPrivateKey
from rally.keys.kek_file import KekFile
from rally.keys.names import is_pseudonym
from rally.keys.secret import Secret
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectHeld,
    ObjectNotFound,
    OldCopy,
)
from rally.storage.objectstore.open_store import open_store
from rally.storage.objectstore.strays import check_erasable

KEYSET = ".keyset.json"
JWK = ".jwk.json"

_MEMBER = "encrypted_jwk_set"


class KeyFolder(Secret):
    """One key folder. Its methods raise ConfigurationError, and nothing else.

    But for this: a ConnectionError, where the store or a KEK's service is away.

    Messages name the file and what to do, and never show what is in it.
    """

    def __init__(self, uri: str) -> None:
        """Opens a local folder or `gs://bucket/prefix`; reads nothing yet.

        Keys are read through links, as Kubernetes mounts them; and not deleted so.
        """
        self.uri = uri
        self._store = open_store(uri, follows=True)
        self._aeads: dict[str, aead.Aead] = {}
        self._kek_file: tuple[KekFile, int | None] | None = None

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of this machine."""
        return "://" not in self.uri

    def where(self, name: str) -> str:
        """What messages call a file."""
        return f"{self.uri.rstrip('/')}/{name}"

    def names(self) -> list[str]:
        """Names of the files that lie directly in it, sorted."""
        with self._reporting(""):
            return [file.name for file in self._store.list() if "/" not in file.name]

    def exists(self, name: str) -> bool:
        """Tells whether a file is there now."""
        return self.generation(name) is not None

    def generation(self, name: str) -> int | None:
        """What to pass to `replace`, seen before the read that it follows from."""
        with self._reporting(name):
            info = self._store.stat(name)
            return info.generation if info else None

    def read(self, name: str) -> bytes:
        """A file as it is stored."""
        with self._reporting(name):
            return self._store.read(name)

    def create(self, name: str, data: bytes) -> bool:
        """Makes a file; False, and nothing is changed, where it exists."""
        with self._reporting(name):
            return self._store.create(name, data)

    def replace(self, name: str, data: bytes, generation: int) -> None:
        """Replaces a file that nobody has changed since `generation` was seen."""
        with self._reporting(name):
            self._store.replace(name, data, generation)

    def delete(self, name: str) -> None:
        """Deletes a file as it is now; one whose bytes would stay is refused."""
        generation = self.generation(name)
        if generation is not None:
            with self._reporting(name):
                check_erasable(self._store, name)
                self._store.delete(name, generation)

    def forget(self, name: str) -> list[OldCopy]:
        """Deletes a file, if it is there, and its old copies; those that are kept.

        Raises ObjectHeld where the store does not let the file itself go.
        """
        self.delete(name)
        with self._reporting(name):
            for copy in self._copies(name):
                if copy.until is None:
                    with suppress(ObjectHeld):
                        self._store.purge(copy)
            return self._copies(name)

    def _copies(self, name: str) -> list[OldCopy]:
        """Also what a writer left that was killed: it may be any key."""
        return [
            each
            for each in self._store.old_copies("")
            if each.name == name or each.why == "temporary"
        ]

    def kek_file(self) -> KekFile:
        """What kek.json says; read once."""
        if self._kek_file is None:
            generation = self.generation(kek_file.NAME)
            text = self.read(kek_file.NAME)
            parsed = KekFile.parse(text, self.where(kek_file.NAME))
            self._kek_file = parsed, generation
        return self._kek_file[0]

    def write_kek_file(self, keks: KekFile) -> None:
        """Writes kek.json, unless another has changed it since it was read here."""
        name = kek_file.NAME
        if self._kek_file and self._kek_file[1] is not None:
            self.replace(name, keks.serialise(), self._kek_file[1])
        else:
            self.create(name, keks.serialise())
        self._kek_file = None
        if self.kek_file() != keks:
            raise ConfigurationError(f"{self.where(name)}: has changed; look again")

    def read_keyset(self, owner: str) -> tink.KeysetHandle:
        """A namespace's or a purpose's keyset."""
        name = owner + KEYSET
        text = self.read(name).decode(errors="replace")
        with self._opening(name, owner):
            return json_proto_keyset_format.parse_encrypted(
                text, self._aead(owner), _associated_data(name)
            )

    def seal_keyset(self, owner: str, handle: tink.KeysetHandle) -> bytes:
        """A keyset's file, encrypted, and opened once to be sure."""
        name = owner + KEYSET
        with self._opening(name, owner):
            text = json_proto_keyset_format.serialize_encrypted(
                handle, self._aead(owner), _associated_data(name)
            )
        return text.encode()

    def read_jwks(self, namespace: str) -> list[EcPrivateKey]:
        """A namespace's JWKs, newest first."""
        name = namespace + JWK
        sealed = _parse_jwk_file(self.read(name), self.where(name))
        with self._opening(name, namespace):
            clear = self._aead(namespace).decrypt(sealed, _associated_data(name))
        return jwk.parse_set(clear, self.where(name))

    def seal_jwks(self, namespace: str, keys: list[EcPrivateKey]) -> bytes:
        """A JWK file, encrypted."""
        name = namespace + JWK
        with self._opening(name, namespace):
            sealed = self._aead(namespace).encrypt(
                jwk.serialise_set(keys), _associated_data(name)
            )
        text = json.dumps({_MEMBER: base64.b64encode(sealed).decode()})
        return text.encode() + b"\n"

    def _aead(self, owner: str) -> aead.Aead:
        kek_uri = self.kek_file().uri_for(owner)
        if kek_uri not in self._aeads:
            self._aeads[kek_uri] = kek.aead_for(kek_uri, self.uri)
        return self._aeads[kek_uri]

    @contextmanager
    def _opening(self, name: str, owner: str) -> Iterator[None]:
        where = self.where(name)
        try:
            yield
        except kek.KekUnavailable as error:
            kek_uri = self.kek_file().uri_for(owner)
            away = f"{where}: {kek_uri} cannot be reached ({error})"
            raise ConnectionError(None, away) from None
        except kek.KekError as error:
            kek_uri = self.kek_file().uri_for(owner)
            raise ConfigurationError(
                f"{where}: {kek_uri} did not serve it ({error}): check that KEK, the "
                "rights to it, and that the file was neither renamed nor damaged"
            ) from None
        except tink.TinkError:
            raise ConfigurationError(
                f"{where}: is no encrypted Tink keyset; restore it"
            ) from None

    @contextmanager
    def _reporting(self, name: str) -> Iterator[None]:
        where = self.where(name)
        try:
            yield
        except ObjectNotFound:
            raise ConfigurationError(
                f"{where}: is missing; is this the key folder? {_remedy(name)}"
            ) from None
        except GenerationMismatch:
            raise ConfigurationError(
                f"{where}: has changed meanwhile; look, and run it again"
            ) from None
        except OSError as error:
            cause = cause_of(error)
            raise unusable(where, error, f"cannot be reached ({cause})") from None


def _remedy(name: str) -> str:
    """What to do about a file that is missing; a new key is not always an answer."""
    if is_pseudonym(name.removesuffix(KEYSET)):
        return "If it is, restore the key: a new one does not know what this one made"
    return "See `rally keys create --help`"


def _associated_data(name: str) -> bytes:
    return name.removesuffix(".json").encode()


def _parse_jwk_file(text: bytes, where: str) -> bytes:
    try:
        return base64.b64decode(json.loads(text)[_MEMBER], validate=True)
    except (ValueError, TypeError, KeyError, RecursionError):
        raise ConfigurationError(
            f'{where}: must be {{"{_MEMBER}": "<base64>"}}; restore it'
        ) from None
