"""Key-encryption keys: the one key that a key folder's files are encrypted with.

    gcp-kms://projects/P/locations/L/keyRings/R/cryptoKeys/K
    aws-kms://arn:aws:kms:REGION:ACCOUNT:key/ID
    hcvault://HOST:PORT/MOUNT/keys/NAME       (HashiCorp Vault, OpenBao)
    local-kek://FILE                          (for development only)

Credentials come from each cloud's usual environment, never from us. A client that is
registered with Tink (`tink.register_kms_client`) is asked before the defaults are.
"""

import tink
from tink import aead

from rally.availability import is_unavailable
from rally.errors import ConfigurationError
from rally.keys.secret import Secret


class KekError(tink.TinkError):
    """A KEK did not encrypt or decrypt; the text is a short cause, safe to show."""


class KekUnavailable(KekError):
    """The KEK's service is away; it may serve later."""


def aead_for(kek_uri: str, folder: str) -> aead.Aead:
    """The KEK's Aead. Its ciphertexts are bound to their associated data.

    It raises KekError, whatever the service or its library raises.

    Args:
        kek_uri: URI of the KEK, of a form that this module's head lists.
        folder: The key folder's URI; a relative `local-kek://` starts from it.

    Raises:
        ConfigurationError: the scheme is unknown, its library is not installed, there
            are no credentials, or the URI is malformed.
    """
    try:
        client = _registered(kek_uri) or _client(kek_uri, folder)
        return _KekAead(kek_uri, client.get_aead(kek_uri))
    except ConfigurationError:
        raise
    except Exception as error:  # the libraries raise as they please
        raise ConfigurationError(
            f"{kek_uri}: cannot be used ({_cause(error, 'malformed')}): "
            "check the URI and this machine's credentials"
        ) from None


def check(kek_uri: str, folder: str) -> None:
    """Encrypts and decrypts once with a KEK that nothing depends on yet.

    Raises:
        ConfigurationError: it does not serve us.
    """
    primitive = aead_for(kek_uri, folder)
    try:
        primitive.decrypt(primitive.encrypt(b"rally", b"check"), b"check")
    except KekError as error:
        raise ConfigurationError(
            f"{kek_uri}: does not serve ({error}): check the URI and our rights to it"
        ) from None


class _KekAead(aead.Aead, Secret):
    """Turns what the services' libraries raise into KekError, without its payload."""

    def __init__(self, kek_uri: str, inner: aead.Aead) -> None:
        self._kek_uri = kek_uri
        self._inner = inner

    def encrypt(self, plaintext: bytes, associated_data: bytes) -> bytes:
        try:
            return self._inner.encrypt(plaintext, associated_data)
        except Exception as error:  # tink passes google.auth and botocore through
            raise _kek_error(error) from None

    def decrypt(self, ciphertext: bytes, associated_data: bytes) -> bytes:
        try:
            return self._inner.decrypt(ciphertext, associated_data)
        except Exception as error:
            raise _kek_error(error) from None


def _kek_error(error: Exception) -> KekError:
    kind = KekUnavailable if is_unavailable(_innermost(error)) else KekError
    return kind(_cause(error))


def _registered(kek_uri: str) -> tink.KmsClient | None:
    try:
        return tink.kms_client_from_uri(kek_uri)
    except tink.TinkError:
        return None


def _client(kek_uri: str, folder: str) -> tink.KmsClient:
    scheme = kek_uri.partition("://")[0]
    try:
        if scheme == "gcp-kms":
            from tink.integration import gcpkms

            return gcpkms.GcpKmsClient(None)
        if scheme == "aws-kms":
            from tink.integration import awskms

            return awskms.AwsKmsClient(None, None)
        if scheme == "hcvault":
            from rally.keys.vault import VaultKmsClient, from_environment

            return VaultKmsClient(from_environment(kek_uri))
    except ImportError:
        raise ConfigurationError(
            f"{kek_uri}: its library is missing: pip install 'rally-pipeline[{scheme}]'"
        ) from None
    if scheme == "local-kek":
        from rally.keys.local_kek import LocalKekClient

        return LocalKekClient(folder)
    raise ConfigurationError(
        f"{kek_uri}: is no KEK; give gcp-kms://, aws-kms://, hcvault:// or local-kek://"
    )


def _cause(error: Exception, tink_s_own: str = "decryption failed") -> str:
    """The innermost error's name or the service's code; never a message's text."""
    error = _innermost(error)
    if type(error) is tink.TinkError:
        return tink_s_own
    response = getattr(error, "response", None)  # botocore.exceptions.ClientError
    if isinstance(response, dict):
        return str(response.get("Error", {}).get("Code", type(error).__name__))
    return type(error).__name__


def _innermost(error: Exception) -> Exception:
    """What the service's library raised: Tink puts an error around it."""
    inner = error.args[0] if error.args else None
    if isinstance(error, tink.TinkError) and isinstance(inner, Exception):
        return _innermost(inner)
    return error
