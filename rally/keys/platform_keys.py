"""The platform's own keys, each of one purpose: pseudonyms, dead letters, signing."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

import tink
from tink import hybrid, prf

from rally.errors import ConfigurationError
from rally.keys import keysets, names
from rally.keys.folder import KEYSET, KeyFolder
from rally.keys.names import Job
from rally.keys.secret import Secret
from rally.keys.signing import SigningKey, open_signing_key

PUBLIC_FILE = names.DEAD_LETTER_PUBLIC + ".json"

_PRF_BYTES = 16

_FOLDER = "/platform"

T = TypeVar("T")


def default_uri(keys: str) -> str:
    """The folder of platform keys where none is named: below that of ping keys."""
    return keys.rstrip("/") + _FOLDER


class PseudonymPrf(Secret):
    """A pseudo-random function of one key for ever: equal input, equal output."""

    def __init__(self, inner: prf.Prf) -> None:
        """Wraps Tink's."""
        self._inner = inner

    def compute(self, data: bytes) -> bytes:
        """16 bytes of HMAC-SHA256 over `data`."""
        return self._inner.compute(data, _PRF_BYTES)


class PlatformKeys(Secret):
    """The purposes that one job named when it opened them, and no other."""

    def __init__(
        self,
        prfs: Mapping[str, PseudonymPrf],
        signers: Mapping[Job, SigningKey],
        sealer: hybrid.HybridEncrypt | None,
        opener: hybrid.HybridDecrypt | None,
    ) -> None:
        """Takes primitives; `open` is how they are made."""
        self._prfs = prfs
        self._signers = signers
        self._sealer = sealer
        self._opener = opener

    @classmethod
    def open(
        cls,
        uri: str,
        *,
        pseudonyms: Iterable[str] = (),
        signing: Iterable[Job] = (),
        seal: bool = False,
        open_dead_letters: bool = False,
    ) -> "PlatformKeys":
        """Opens the purposes that a job names; it needs rights to these only.

        Args:
            uri: The folder of platform keys.
            pseudonyms: Namespaces, and `platform`. A namespace without a key is left
                out: of one that is used `rally.usage` has said so before.
            signing: The jobs as which it signs.
            seal: The dead letters' public keyset. It needs no KEK.
            open_dead_letters: Their private keyset.

        Raises:
            ConfigurationError: a file is missing, malformed, of another KEK or of
                another purpose; or a pseudonym keyset holds more than one key.
            ConnectionError: a signing key is in a KMS, which does not serve.
        """
        folder = KeyFolder(uri)
        return cls(
            {
                name: _prf(folder, names.pseudonym(name))
                for name in pseudonyms
                if name == names.PLATFORM or _has_pseudonym(folder, name)
            },
            {job: open_signing_key(folder, names.signing(job)) for job in signing},
            _sealer(folder) if seal else None,
            _opener(folder) if open_dead_letters else None,
        )

    def has_prf(self, name: str) -> bool:
        """Tells whether a namespace's key is there: the study is used, and not gone."""
        return name in self._prfs

    def prf(self, name: str) -> PseudonymPrf:
        """The pseudonyms' function of a namespace, or of `platform`.

        Raises:
            LookupError: the job did not name it when it opened its keys; so do the
                other methods.
        """
        return _named(self._prfs.get(name), f"pseudonym.{name}")

    def find_prf(self, name: str) -> PseudonymPrf | None:
        """Returns the same function; None where its key is gone."""
        return self._prfs.get(name)

    def signer(self, job: Job) -> SigningKey:
        """Signs as a job."""
        return _named(self._signers.get(job), names.signing(job))

    def dead_letter_sealer(self) -> hybrid.HybridEncrypt:
        """Seals dead letters; it can open none."""
        return _named(self._sealer, names.DEAD_LETTER_PUBLIC)

    def dead_letter_opener(self) -> hybrid.HybridDecrypt:
        """Opens dead letters, whichever key of the keyset sealed them."""
        return _named(self._opener, names.DEAD_LETTER_PRIVATE)


def _has_pseudonym(folder: KeyFolder, namespace: str) -> bool:
    return folder.exists(names.pseudonym(namespace) + KEYSET)


def _named(opened: T | None, purpose: str) -> T:
    if opened is None:
        raise LookupError(f"this job did not open the platform key {purpose}")
    return opened


def _prf(folder: KeyFolder, purpose: str) -> PseudonymPrf:
    handle = folder.read_keyset(purpose)
    keys = keysets.describe(handle.keyset_info())
    if len(keys) != 1 or keys[0].type != "HmacPrfKey":
        raise ConfigurationError(
            f"{folder.where(purpose + KEYSET)}: must hold one HMAC PRF key and no more "
            "(another key makes other pseudonyms of the same people); restore it"
        )
    with _of_another_kind(folder, purpose + KEYSET):
        return PseudonymPrf(handle.primitive(prf.PrfSet).primary())


def _opener(folder: KeyFolder) -> hybrid.HybridDecrypt:
    with _of_another_kind(folder, names.DEAD_LETTER_PRIVATE + KEYSET):
        handle = folder.read_keyset(names.DEAD_LETTER_PRIVATE)
        return handle.primitive(hybrid.HybridDecrypt)


def _sealer(folder: KeyFolder) -> hybrid.HybridEncrypt:
    """Its integrity rests on who may write the folder: no KEK seals a public file."""
    text = folder.read(PUBLIC_FILE).decode(errors="replace")
    with _of_another_kind(folder, PUBLIC_FILE):
        return keysets.parse_public(text).primitive(hybrid.HybridEncrypt)


@contextmanager
def _of_another_kind(folder: KeyFolder, name: str) -> Iterator[None]:
    try:
        yield
    except tink.TinkError:
        raise ConfigurationError(
            f"{folder.where(name)}: is no keyset of this purpose; restore it"
        ) from None
