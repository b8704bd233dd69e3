"""Lists the keys of a folder, and nothing secret of them."""

from typing import NamedTuple

import tink

from rally.errors import ConfigurationError
from rally.keys import keysets, local_kek, ping_keys
from rally.keys.folder import KEYSET, KeyFolder


class KeyRow(NamedTuple):
    """One line of a listing; nothing in it is secret.

    Attributes:
        owner: a namespace or a purpose.
        kind: Tink's type of key, `Glean JWK` or `Pioneer JWK`.
        key_id: Tink's number, the RFC 7638 thumbprint, or Pioneer's id.
        role: `primary` is what clients encrypt to; `opens`, or `disabled`.
    """

    owner: str
    kind: str
    key_id: str
    role: str


def ping_rows(folder: KeyFolder) -> list[KeyRow]:
    """Every key of a folder that opens pings. JWKs need their KEK, keysets do not."""
    keysets_of, jwks_of = ping_keys.namespaces(folder)
    rows = [row for owner in keysets_of for row in _keyset_rows(folder, owner)]
    rows += [row for owner in jwks_of for row in _jwk_rows(folder, owner)]
    return sorted(rows, key=lambda row: row.owner)


def platform_rows(folder: KeyFolder) -> list[KeyRow]:
    """Every platform key that is secret; no KEK is needed."""
    files = [name for name in folder.names() if name != local_kek.FILE]
    purposes = [n.removesuffix(KEYSET) for n in files if n.endswith(KEYSET)]
    return [row for purpose in purposes for row in _keyset_rows(folder, purpose)]


def _keyset_rows(folder: KeyFolder, owner: str) -> list[KeyRow]:
    """The keys of one keyset, by what its file says in clear."""
    name = owner + KEYSET
    text = folder.read(name).decode(errors="replace")
    try:
        keys = keysets.describe_encrypted(text)
    except tink.TinkError:
        raise ConfigurationError(
            f"{folder.where(name)}: is no encrypted Tink keyset; restore it"
        ) from None
    return [KeyRow(owner, key.type, str(key.key_id), _role(key)) for key in keys]


def _role(key: keysets.KeyInfo) -> str:
    if not key.enabled:
        return "disabled"
    return "primary" if key.primary else "opens"


def _jwk_rows(folder: KeyFolder, namespace: str) -> list[KeyRow]:
    keys = folder.read_jwks(namespace)
    newest = next((key for key in keys if key.pioneer_key_id is None), None)
    return [
        KeyRow(namespace, "Glean JWK", key.thumbprint, _jwk_role(key is newest))
        if key.pioneer_key_id is None
        else KeyRow(namespace, "Pioneer JWK", key.pioneer_key_id, "opens")
        for key in keys
    ]


def _jwk_role(newest: bool) -> str:
    return "primary" if newest else "opens"
