"""Makes, imports, rotates, publishes and destroys the keys that open pings."""

from collections.abc import Callable
from typing import NamedTuple

import tink

from rally.errors import ConfigurationError
from rally.keys import jwk, keysets, local_kek, names, ping_keys
from rally.keys.folder import JWK, KEYSET, KeyFolder
from rally.keys.jwk import EcPrivateKey

JWK_TEMPLATE = "jwk"


def create(folder: KeyFolder, namespace: str, template: str) -> None:
    """Makes a namespace's first key; its KEK is settled already.

    Raises:
        ConfigurationError: it has such a key.
    """
    if template == JWK_TEMPLATE:
        _edit_jwks(folder, namespace, _with_first_key)
    else:
        sealed = folder.seal_keyset(namespace, keysets.generate(template))
        if not folder.create(namespace + KEYSET, sealed):
            raise _exists(folder, namespace + KEYSET)


def import_jwk(folder: KeyFolder, namespace: str, key: EcPrivateKey) -> None:
    """Puts a JWK before those that the namespace has; importing it twice is fine."""
    same = (key.thumbprint, key.pioneer_key_id)

    def edit(keys: list[EcPrivateKey]) -> list[EcPrivateKey]:
        if any((old.thumbprint, old.pioneer_key_id) == same for old in keys):
            return keys
        return [key, *keys]

    _edit_jwks(folder, namespace, edit)


def rotate(folder: KeyFolder, namespace: str, template: str | None = None) -> None:
    """Adds a key that clients will encrypt to; the old ones still open.

    Args:
        folder: The key folder.
        namespace: One that has keys.
        template: `jwk`, or the new key's; by default like the present one.

    Raises:
        ConfigurationError: there is no such key, or which kind is meant is not plain.
    """
    if which_kind(folder, namespace, template) == JWK:
        _edit_jwks(folder, namespace, _with_next_key)
    else:
        rotate_keyset(folder, namespace, template)


def rotate_keyset(folder: KeyFolder, owner: str, template: str | None = None) -> None:
    """Adds a primary key to a namespace's or a purpose's keyset."""
    name = owner + KEYSET
    generation = folder.generation(name)
    handle = keysets.rotated(folder.read_keyset(owner), template)
    folder.replace(name, folder.seal_keyset(owner, handle), generation or 0)


def destroy(folder: KeyFolder, namespace: str) -> list[str]:
    """Deletes a namespace's key files, and returns their names.

    What was encrypted to these keys opens never again. A bucket's older generations
    and soft-deleted objects, and backups, are not reached from here.

    Raises:
        ConfigurationError: it has no keys.
    """
    files = _files(folder, namespace)
    for name in files:
        folder.delete(name)
    return files


def public_keyset(folder: KeyFolder, namespace: str) -> str:
    """The Tink public keyset, JSON, that clients seal to."""
    return keysets.serialise_public(folder.read_keyset(namespace))


def public_jwk(folder: KeyFolder, namespace: str) -> dict[str, str]:
    """The newest Glean key's public JWK, its RFC 7638 thumbprint as `kid`."""
    for key in folder.read_jwks(namespace):
        if key.pioneer_key_id is None:
            return jwk.public_members(key)
    raise ConfigurationError(
        f"{folder.where(namespace + JWK)}: holds Pioneer keys only, "
        "which their clients have; make a Glean key by --template jwk"
    )


def which_kind(folder: KeyFolder, namespace: str, template: str | None) -> str:
    """The suffix of the file that is meant: the template's, or the only one there.

    Raises:
        ConfigurationError: it has no keys; or both kinds, and no template says which.
    """
    if template is not None:
        return JWK if template == JWK_TEMPLATE else KEYSET
    files = _files(folder, namespace)
    if len(files) > 1:
        raise ConfigurationError(
            f"{namespace}: has a Tink keyset and JWKs; say which by --template"
        )
    return files[0].removeprefix(namespace)


def _with_first_key(keys: list[EcPrivateKey]) -> list[EcPrivateKey]:
    if any(key.pioneer_key_id is None for key in keys):
        raise ConfigurationError(
            "the namespace has a Glean JWK; use `rally keys rotate`"
        )
    return [jwk.generate(), *keys]


def _with_next_key(keys: list[EcPrivateKey]) -> list[EcPrivateKey]:
    if all(key.pioneer_key_id is not None for key in keys):
        raise ConfigurationError(
            "the namespace has no Glean JWK; import Pioneer's next key instead"
        )
    return [jwk.generate(), *keys]


def _edit_jwks(
    folder: KeyFolder,
    namespace: str,
    edit: Callable[[list[EcPrivateKey]], list[EcPrivateKey]],
) -> None:
    name = namespace + JWK
    generation = folder.generation(name)
    if generation is None:
        if not folder.create(name, folder.seal_jwks(namespace, edit([]))):
            raise _exists(folder, name)
    else:
        keys = edit(folder.read_jwks(namespace))
        folder.replace(name, folder.seal_jwks(namespace, keys), generation)


def _files(folder: KeyFolder, namespace: str) -> list[str]:
    names.check_namespace(namespace)
    both = (namespace + KEYSET, namespace + JWK)
    files = [name for name in both if folder.exists(name)]
    if not files:
        raise ConfigurationError(f"{folder.uri}: holds no key of {namespace}")
    return files


def _exists(folder: KeyFolder, name: str) -> ConfigurationError:
    return ConfigurationError(
        f"{folder.where(name)}: exists; to add a key, use `rally keys rotate`"
    )


class KeyRow(NamedTuple):
    """One line of a listing; nothing in it is secret.

    Attributes:
        owner: A namespace or a purpose.
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
