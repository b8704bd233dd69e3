"""The first decision: with whom a platform begins.

It is put into the platform first; then its hash into the markers of the platform and of
every store, which no job may write; and a copy beside the platform's keys last. So an
init that was killed is run again and goes on with the same.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from rally.decisions.contents import DecisionKind, Founding, JobKey, Person, Role
from rally.decisions.entry import (
    MOST_BYTES,
    START,
    Entry,
    decode,
    encode,
    entry_name,
    is_signed,
    sign,
)
from rally.decisions.signers import (
    DEVELOPMENT,
    Signer,
    create_person_key,
    read_person_public,
)
from rally.decisions.verifying import ChainFold
from rally.errors import ConfigurationError
from rally.keys.folder import KeyFolder
from rally.keys.names import Job, signing
from rally.keys.signing import read_public, verifier_of
from rally.storage.objectstore.interface import ObjectStore

FILE = "founding.json"
"""The copy of the first decision, beside the platform's keys."""

FOUNDER = "owner-1"
"""Who founds a development platform."""


def read_copy(platform_keys: str) -> bytes | None:
    """The first decision as it lies beside the platform's keys; None where not."""
    folder = KeyFolder(platform_keys)
    return folder.read(FILE) if folder.exists(FILE) else None


def platform_in(copy: bytes, platform_keys: str) -> str:
    """The id of the platform whose first decision lies beside its keys.

    Raises:
        ConfigurationError: the copy is not as it was made.
    """
    where = KeyFolder(platform_keys).where(FILE)
    try:
        return decode(copy, where).platform
    except ConfigurationError:
        raise ConfigurationError(
            f"{where}: is not as `rally init` made it; restore it: it is the first of"
            " the platform's decisions/"
        ) from None


def digest_of(founding: bytes) -> str:
    """What places name a first decision by: SHA-256 in hex."""
    return hashlib.sha256(founding).hexdigest()


def development_people(people_keys: str) -> list[Person]:
    """Makes a key pair for each role in a folder, and two owners'.

    Raises:
        ConfigurationError: they cannot be made there.
    """
    for name in DEVELOPMENT:
        create_person_key(people_keys, name)
    return [
        Person(name, (role,), read_person_public(people_keys, name))
        for name, role in DEVELOPMENT.items()
    ]


def owners(publics: Sequence[tuple[str, str]]) -> list[Person]:
    """The owners that found a platform, by name and public keyset."""
    return [Person(name, (Role.OWNER,), public) for name, public in publics]


def begin(
    platform: ObjectStore,
    platform_id: str,
    people: Sequence[Person],
    signer: Signer,
    platform_keys: str,
    now: datetime,
    *,
    development: bool = False,
) -> bytes:
    """Makes the first decision of a platform that is not marked yet.

    Args:
        platform: Its store.
        platform_id: Its id, if it has none.
        people: The people with whom it begins.
        signer: One of the owners.
        platform_keys: Folder that has the public half of each job's key.
        now: Time at which it is signed.
        development: Whether one human may play everybody.

    Returns:
        Its bytes: those that an earlier attempt of the same owner left, if it did.

    Raises:
        ConfigurationError: they could not decide anything; a job has no key there; or
            somebody else's first decision is in the platform.
    """
    folder = KeyFolder(platform_keys)
    keys = [JobKey(job, read_public(folder, signing(job))) for job in sorted(Job)]
    founding = Founding(development, tuple(people), tuple(keys))
    entry = Entry(
        platform_id, 1, START, 0, DecisionKind.FOUND, founding, now, signer.name
    )
    data = encode(sign(entry, signer.key))
    if why := _why_void(data, platform_id):
        raise ConfigurationError(f"--owner: {why}")
    if platform.create(entry_name(1), data):
        return data
    return _of_before(platform, signer)


def put_copy(platform_keys: str, founding: bytes) -> bool:
    """Puts the first decision beside the platform's keys; whether it was not there."""
    return KeyFolder(platform_keys).create(FILE, founding)


def _of_before(platform: ObjectStore, signer: Signer) -> bytes:
    """What an attempt left that was killed: nobody else can have signed it."""
    name = entry_name(1)
    where = f"{platform.uri.rstrip('/')}/{name}"
    data = platform.read_range(name, 0, MOST_BYTES)
    entry = decode(data, where)
    if _why_void(data, entry.platform) or not is_signed(
        entry, verifier_of(signer.key.public)
    ):
        raise ConfigurationError(
            f"{where}: is there already, and {signer.name} did not sign it; give"
            " another --platform"
        )
    return data


def _why_void(founding: bytes, platform: str) -> str:
    entry = decode(founding, entry_name(1))
    return ChainFold("", platform, digest_of(founding)).why_void(entry)
