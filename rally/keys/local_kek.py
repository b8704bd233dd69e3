"""A KEK in a file of this machine, for development: no service, and no protection."""

import os
import stat
from pathlib import Path

import tink
from tink import aead

from rally.errors import ConfigurationError
from rally.keys import keysets
from rally.storage.objectstore.open_store import open_store

SCHEME = "local-kek://"
FILE = "kek.keyset.json"
"""What a new local folder's KEK is called."""

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class LocalKekClient(tink.KmsClient):
    """Reads `local-kek://FILE`: a Tink AES256-GCM keyset in clear, of mode 0600.

    Whoever can read the file can open every key of its folder: it keeps nothing secret
    from this machine's user, and is here so that everything runs on a laptop.
    """

    def __init__(self, folder: str) -> None:
        """Relative files are in `folder`, a key folder's URI."""
        self._folder = folder

    def does_support(self, key_uri: str) -> bool:
        """Tells whether the URI is a local KEK's."""
        return key_uri.startswith(SCHEME)

    def get_aead(self, key_uri: str) -> aead.Aead:
        """The file's primitive.

        Raises:
            ConfigurationError: the file is missing, malformed, or open to others.
        """
        path = self._path(key_uri)
        try:
            if path.stat().st_mode & _OTHERS:
                raise ConfigurationError(f"{path}: others may read it; chmod 600 it")
            return keysets.parse_clear(path.read_text()).primitive(aead.Aead)
        except OSError as error:
            raise ConfigurationError(
                f"{path}: the local KEK cannot be read ({error.strerror}): "
                "without it no key of the folder opens; restore it"
            ) from None
        except (tink.TinkError, ValueError):
            raise ConfigurationError(
                f"{path}: is no Tink AEAD keyset; restore it"
            ) from None

    def _path(self, key_uri: str) -> Path:
        path = Path(key_uri.removeprefix(SCHEME))
        if path.is_absolute():
            return path
        if "://" in self._folder:
            raise ConfigurationError(
                f"{key_uri}: a clear KEK is not kept in {self._folder}; "
                "use a KMS, or local-kek:// with an absolute path"
            )
        return Path(self._folder) / path


def ensure_local_kek(folder: str) -> str:
    """Makes the KEK's file in a local folder unless it is there; its URI.

    Two processes that race make one file, and both use it.
    """
    clear = keysets.serialise_clear(keysets.generate("kek"))
    if open_store(folder).create(FILE, clear.encode()):
        os.chmod(Path(folder) / FILE, stat.S_IRUSR | stat.S_IWUSR)
    return SCHEME + FILE
