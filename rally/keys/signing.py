"""Keys that sign: of a person or a job, in a file under a KEK or in Cloud KMS.

    person.jo.keyset.json        a Tink keyset (Ed25519), encrypted as all keys are
    person.jo.kms.json           {"kms": "gcp-kms://…/cryptoKeyVersions/1"}
    person.jo.public.json        the public half, for whoever makes `jo` known

Verifying takes the public keyset alone, and who verifies cannot forge.
"""

import json
import re
from functools import lru_cache

import tink
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from tink import signature

from rally.errors import ConfigurationError
from rally.keys import keysets
from rally.keys.cloud_kms import SigningService, ask, open_signing_service
from rally.keys.folder import KEYSET, KeyFolder
from rally.keys.secret import Secret

KMS, PUBLIC = ".kms.json", ".public.json"
_MOST_VERIFIERS = 1_000

_KMS_KEY = re.compile(
    "gcp-kms://(projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+"
    "/cryptoKeyVersions/[0-9]+)"
)


class Verifier:
    """Tells what the holder of a private key signed."""

    def __init__(self, public: str) -> None:
        """Takes a Tink public keyset, JSON.

        Raises:
            ConfigurationError: it is none, or of keys that do not verify signatures.
        """
        try:
            handle = keysets.parse_public(public)
            self._inner = handle.primitive(signature.PublicKeyVerify)
        except tink.TinkError:
            raise ConfigurationError(
                "is no Tink public keyset that verifies signatures"
            ) from None
        keys = tink.JsonKeysetReader(public).read().key
        self.material = frozenset(bytes(key.key_data.value) for key in keys)

    def is_signed(self, signature: bytes, data: bytes) -> bool:
        """Tells whether `signature` is that of `data`."""
        try:
            self._inner.verify(signature, data)
        except tink.TinkError:
            return False
        return True


@lru_cache(maxsize=_MOST_VERIFIERS)
def verifier_of(public: str) -> Verifier:
    """What verifies by a public keyset; made once of each, since jobs ask often.

    Raises:
        ConfigurationError: it is none, or of keys that do not verify signatures.
    """
    return Verifier(public)


class SigningKey(Secret):
    """A private key that signs.

    Attributes:
        public: Tink public keyset, JSON, that verifies its signatures.
    """

    public: str

    def sign(self, data: bytes) -> bytes:
        """The signature of `data`. Raises OSError where a KMS does not serve."""
        raise NotImplementedError


class TinkKey(SigningKey):
    """A key of a Tink keyset."""

    def __init__(self, handle: tink.KeysetHandle) -> None:
        """Takes private keys. Raises TinkError where they sign nothing."""
        self._inner = handle.primitive(signature.PublicKeySign)
        self.public = keysets.serialise_public(handle)

    def sign(self, data: bytes) -> bytes:
        """The signature of `data`."""
        signed: bytes = self._inner.sign(data)
        return signed


class KmsKey(SigningKey):
    """A version of a key of Cloud KMS (EC_SIGN_ED25519), which never leaves it."""

    def __init__(self, service: SigningService, name: str, where: str) -> None:
        """Asks for the public half.

        Args:
            service: Cloud KMS.
            name: Resource name of the key's version.
            where: The file that names it, for messages.

        Raises:
            ConfigurationError: it is no such key.
            ConnectionError: the service refuses, or is not reached.
        """
        self._service, self._name, self._where = service, name, where
        pem = ask(service.get_public_key, {"name": name}, where).pem
        try:
            public = serialization.load_pem_public_key(pem.encode())
        except (ValueError, UnsupportedAlgorithm):
            public = None
        if not isinstance(public, Ed25519PublicKey):
            raise ConfigurationError(
                f"{where}: its key does not sign by Ed25519; give one of the algorithm"
                " EC_SIGN_ED25519"
            )
        handle = keysets.ed25519_public(public.public_bytes_raw())
        self.public = keysets.serialise_verifying(handle)

    def sign(self, data: bytes) -> bytes:
        """The signature of `data`. Raises ConnectionError."""
        request = {"name": self._name, "data": data}
        answer = ask(self._service.asymmetric_sign, request, self._where)
        signed: bytes = answer.signature
        return signed


def open_signing_key(
    folder: KeyFolder, owner: str, service: SigningService | None = None
) -> SigningKey:
    """The private key of a person or a job.

    Args:
        folder: The folder that holds it.
        owner: `person.<name>` or `signing.<job>`.
        service: Cloud KMS; None opens it where the key lies there.

    Raises:
        ConfigurationError: there is none, or it does not open.
        ConnectionError: a KMS does not serve.
    """
    if folder.exists(owner + KMS):
        where = folder.where(owner + KMS)
        return KmsKey(
            service or open_signing_service(), _kms_name(folder, owner), where
        )
    try:
        return TinkKey(folder.read_keyset(owner))
    except tink.TinkError:
        raise ConfigurationError(
            f"{folder.where(owner + KEYSET)}: is no keyset that signs; restore it"
        ) from None


def create_signing_key(folder: KeyFolder, owner: str) -> bool:
    """Makes a key pair; its KEK is settled already. False where both halves exist.

    The public half is made last, and anew by whoever finds it missing.
    """
    if not folder.exists(owner + KMS):
        sealed = folder.seal_keyset(owner, keysets.generate("signature"))
        folder.create(owner + KEYSET, sealed)
    if folder.exists(owner + PUBLIC):
        return False
    public = open_signing_key(folder, owner).public
    return folder.create(owner + PUBLIC, public.encode())


def replace_signing_key(folder: KeyFolder, owner: str) -> None:
    """Makes another key pair in the place of one that lies in a file.

    Raises:
        ConfigurationError: there is none, or it has changed meanwhile.
    """
    seen = [folder.generation(owner + suffix) for suffix in (KEYSET, PUBLIC)]
    if None in seen:
        raise ConfigurationError(
            f"{folder.where(owner + KEYSET)}: is missing, or its public half is; make"
            f" a key by `rally keys create --purpose {owner}`"
        )
    handle = keysets.generate("signature")
    sealed = folder.seal_keyset(owner, handle)
    for suffix, data, generation in zip(
        (KEYSET, PUBLIC),
        (sealed, keysets.serialise_public(handle).encode()),
        seen,
        strict=True,
    ):
        folder.replace(owner + suffix, data, generation or 0)


def adopt_kms_key(
    folder: KeyFolder, owner: str, uri: str, service: SigningService | None = None
) -> None:
    """Names a key of Cloud KMS as that of a person or a job.

    Raises:
        ConfigurationError: it does not sign, or another key is there.
        ConnectionError: Cloud KMS does not serve.
    """
    match = _KMS_KEY.fullmatch(uri)
    if match is None:
        raise ConfigurationError(
            f"{uri}: is no version of a key; give gcp-kms://projects/…/cryptoKeys/…"
            "/cryptoKeyVersions/1"
        )
    key = KmsKey(service or open_signing_service(), match[1], uri)
    if folder.exists(owner + KEYSET):
        raise ConfigurationError(f"{folder.where(owner + KEYSET)}: is there already")
    content = json.dumps({"kms": uri}).encode() + b"\n"
    if not folder.create(owner + KMS, content):
        raise ConfigurationError(f"{folder.where(owner + KMS)}: is there already")
    folder.create(owner + PUBLIC, key.public.encode())


def read_public(folder: KeyFolder, owner: str) -> str:
    """The public half that lies beside a private key. Raises ConfigurationError."""
    return check_public(
        folder.read(owner + PUBLIC).decode(errors="replace"),
        folder.where(owner + PUBLIC),
    )


def check_public(public: str, where: str) -> str:
    """The keyset itself. Raises ConfigurationError where it verifies nothing."""
    try:
        verifier_of(public)
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}: {error}") from None
    return public


def _kms_name(folder: KeyFolder, owner: str) -> str:
    try:
        match = _KMS_KEY.fullmatch(json.loads(folder.read(owner + KMS))["kms"])
    except (KeyError, TypeError, ValueError):
        match = None
    if match is None:
        raise ConfigurationError(
            f"{folder.where(owner + KMS)}: names no key's version; restore it"
        )
    return match[1]
