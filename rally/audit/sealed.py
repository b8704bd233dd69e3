"""Recognises sealed dead letters by their bytes: an audit cannot open them.

Tink's ciphertexts begin with a byte of 1 and the number of their key, four bytes, the
highest first (Tink, "Wire format"). What follows has at least an encapsulated key and
a tag (RFC 9180).
"""

from collections.abc import Iterable

import tink

from rally.errors import ConfigurationError
from rally.keys import keysets
from rally.keys.folder import KeyFolder
from rally.keys.platform_keys import PUBLIC_FILE

_TINK = b"\x01"
_LEAST_BYTES = 32 + 16  # X25519's key and AES-GCM's tag: no scheme of ours has less


def sealing_prefixes(folder: KeyFolder) -> tuple[bytes, ...]:
    """Returns the first bytes of what the keys of the dead letters' keyset sealed.

    Raises:
        ConfigurationError: The public file of the keyset is missing, or is none.
    """
    text = folder.read(PUBLIC_FILE).decode(errors="replace")
    try:
        handle = keysets.parse_public(text)
    except tink.TinkError:
        raise ConfigurationError(
            f"{folder.where(PUBLIC_FILE)}: is no keyset of this purpose; restore it"
        ) from None
    keys = keysets.describe(handle.keyset_info())
    return tuple(_TINK + key.key_id.to_bytes(4, "big") for key in keys)


def count_unsealed(letters: Iterable[bytes], prefixes: tuple[bytes, ...]) -> int:
    """Counts dead letters that are not sealed to one of these keys."""
    return sum(
        not each.startswith(prefixes) or len(each) < len(prefixes[0]) + _LEAST_BYTES
        for each in letters
    )
