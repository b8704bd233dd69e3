"""Assigns a KEK to each new key, and records it in `kek.json`."""

from collections.abc import Sequence

from rally.errors import ConfigurationError
from rally.keys import kek, kek_file, local_kek
from rally.keys.folder import JWK, KEYSET, KeyFolder
from rally.keys.kek_file import KekFile, Owners


def assign_kek(
    folder: KeyFolder, owners: Owners, owner: str, kek_uri: str | None = None
) -> bool:
    """Records in `kek.json` the KEK that encrypts an owner's key files.

    A KEK that is recorded is never changed: what it encrypted would be lost.

    Args:
        folder: The key's folder.
        owners: Kind of the owner, `namespaces` or `purposes`.
        owner: The namespace or the purpose.
        kek_uri: The KEK asked for; None takes the folder's own, and in a new local
            folder makes a local one.

    Returns:
        Whether a local KEK was made, which protects nothing: say so to whoever asked.

    Raises:
        ConfigurationError: another KEK is named already, this one does not serve, or
            the folder is new, not local, and none was given.
    """
    if not folder.exists(kek_file.NAME):
        return _first_kek(folder, kek_uri)
    keks = folder.kek_file()
    if kek_uri is not None and kek_uri != keks.uri_for(owner):
        _check_free(folder, owner, owner in keks.names_for(owners))
        kek.check(kek_uri, folder.uri)
        folder.write_kek_file(keks.with_kek(owners, owner, kek_uri))
    return False


def _first_kek(folder: KeyFolder, kek_uri: str | None) -> bool:
    orphans = _sealed(folder.names())
    if orphans and not folder.exists(kek_file.NAME):  # none was made while we looked
        raise ConfigurationError(
            f"{folder.where(kek_file.NAME)}: is missing, and {orphans[0]} needs it; "
            "restore it"
        )
    if kek_uri is None and not folder.is_local:
        raise ConfigurationError(f"{folder.uri}: has no KEK yet; name one by --kek")
    made = kek_uri is None
    kek_uri = kek_uri or local_kek.ensure_local_kek(folder.uri)
    kek.check(kek_uri, folder.uri)
    folder.write_kek_file(KekFile(kek_uri))
    return made


def _check_free(folder: KeyFolder, owner: str, named: bool) -> None:
    if named or folder.exists(owner + KEYSET) or folder.exists(owner + JWK):
        raise ConfigurationError(
            f"{folder.where(kek_file.NAME)}: names another KEK for {owner}, and a KEK "
            "is not changed; leave --kek out"
        )


def _sealed(files: Sequence[str]) -> list[str]:
    return [
        name
        for name in files
        if name.endswith((KEYSET, JWK)) and name != local_kek.FILE
    ]
