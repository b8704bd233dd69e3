"""HashiCorp Vault's and OpenBao's transit engine as a KMS: `hcvault://`."""

import os
import urllib.parse

import hvac
import tink
from tink import aead
from tink.integration import hcvault

from rally.errors import ConfigurationError
from rally.keys.secret import Secret

SCHEME = "hcvault://"

_HEAD = b"rally-bound-1\n"
_LENGTH_BYTES = 4


class VaultKmsClient(tink.KmsClient, Secret):
    """Serves `hcvault://HOST:PORT/MOUNT/keys/NAME` through one hvac client."""

    def __init__(self, client: hvac.Client) -> None:
        """The client has its address and token."""
        self._client = client

    def does_support(self, key_uri: str) -> bool:
        """Tells whether the URI is a Vault key's; its host is the client's affair."""
        return key_uri.startswith(SCHEME)

    def get_aead(self, key_uri: str) -> aead.Aead:
        """The key's primitive. Raises TinkError where the URI is malformed."""
        path = urllib.parse.urlsplit(key_uri).path
        return BoundAead(hcvault.new_aead(path, self._client))


class BoundAead(aead.Aead, Secret):
    """Binds associated data by an Aead that takes none.

    Tink's client takes no associated data, and a server that does not know the
    parameter ignores it, which would lose the binding unseen. So the data is put
    before the plaintext, inside the encryption, and compared after it. That binds as
    well as an Aead does, provided that the key authenticates (all of Vault's symmetric
    types do). The data itself is encrypted rather than left out: it is no secret.
    """

    def __init__(self, inner: aead.Aead) -> None:
        """Wraps an Aead that is given empty associated data only."""
        self._inner = inner

    def encrypt(self, plaintext: bytes, associated_data: bytes) -> bytes:
        """Encrypts both. Raises TinkError."""
        return self._inner.encrypt(_head(associated_data) + plaintext, b"")

    def decrypt(self, ciphertext: bytes, associated_data: bytes) -> bytes:
        """The plaintext that was bound to this data. Raises TinkError."""
        clear = self._inner.decrypt(ciphertext, b"")
        head = _head(associated_data)
        if not clear.startswith(head):
            raise tink.TinkError("Decryption failed.")
        return clear[len(head) :]


def from_environment(key_uri: str) -> hvac.Client:
    """A client by VAULT_ADDR and VAULT_TOKEN (and hvac's other variables).

    The token goes only where the environment says, never to a host that a file names:
    the URI's host, if it has one, must be VAULT_ADDR's.

    Raises:
        ConfigurationError: VAULT_ADDR is missing or names another host.
    """
    host = urllib.parse.urlsplit(key_uri).netloc
    address = os.environ.get("VAULT_ADDR", "")
    if not address or host not in ("", urllib.parse.urlsplit(address).netloc):
        raise ConfigurationError(
            f"{key_uri}: set VAULT_ADDR to this server's address, and VAULT_TOKEN"
        )
    return hvac.Client()


def _head(associated_data: bytes) -> bytes:
    """Makes the head that names associated data; no two of them have the same."""
    length = len(associated_data).to_bytes(_LENGTH_BYTES, "big")
    return _HEAD + length + associated_data
