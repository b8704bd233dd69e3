"""Who signs: a person's private key, which alone says who decided.

A person has a folder of keys of their own, under their own KEK, on a machine that no
job runs on; on a development platform one folder has everybody's.
"""

from typing import NamedTuple

from rally.decisions.content_fields import person_name
from rally.decisions.contents import Role
from rally.errors import ConfigurationError
from rally.fields import Place
from rally.keys.folder import KEYSET, KeyFolder
from rally.keys.kek_assignment import assign_kek
from rally.keys.signing import (
    KMS,
    SigningKey,
    adopt_kms_key,
    create_signing_key,
    open_signing_key,
    read_public,
)

_FOLDER = "/people"

DEVELOPMENT: dict[str, Role] = {
    "owner-1": Role.OWNER,
    "owner-2": Role.OWNER,
    **{role.value: role for role in Role if role is not Role.OWNER},
    "decide-2": Role.DECIDE,
}
"""Everybody of a development platform, and what they may decide.

There are two of each whose decisions take a second person.
"""


class Signer(NamedTuple):
    """Somebody who can sign.

    Attributes:
        name: The name by which the chain knows them.
        key: Their private key.
    """

    name: str
    key: SigningKey


def default_uri(keys: str) -> str:
    """The folder of people's keys where none is named: below that of ping keys."""
    return keys.rstrip("/") + _FOLDER


def owner_of(name: str) -> str:
    """What a person's key is called in a key folder."""
    return f"person.{name}"


def open_signer(uri: str, name: str) -> Signer:
    """The person of this name, by the key in a folder.

    Raises:
        ConfigurationError: there is none, or it does not open.
        ConnectionError: a KEK's or a key's service is away.
    """
    owner = owner_of(person_name(Place("--by"), name))
    folder = KeyFolder(uri)
    if not folder.exists(owner + KEYSET) and not folder.exists(owner + KMS):
        raise ConfigurationError(
            f"{folder.uri}: has no key of {name}; correct --people_keys or --by, or"
            f" make one by `rally people key --by {name}`"
        )
    return Signer(name, open_signing_key(folder, owner))


def create_person_key(
    uri: str, name: str, kek: str | None = None, kms: str | None = None
) -> bool:
    """Makes a person's key pair in a folder; False where one is there.

    Args:
        uri: URI of the folder.
        name: Name of the person.
        kek: URI of the KEK under which the key lies; None takes the folder's own.
        kms: URI of a version of a key of Cloud KMS, which is named and not made.

    Raises:
        ConfigurationError: it cannot be made there.
        ConnectionError: a service is away.
    """
    owner, folder = owner_of(person_name(Place("--by"), name)), KeyFolder(uri)
    if kms is not None:
        adopt_kms_key(folder, owner, kms)
        return True
    assign_kek(folder, "purposes", owner, kek)
    return create_signing_key(folder, owner)


def read_person_public(uri: str, name: str) -> str:
    """The public keyset of a person whose key lies in a folder."""
    return read_public(KeyFolder(uri), owner_of(name))
