"""What a platform's store holds of its own, and what becomes of it at its conclusion.

Each kind goes whole, in this order, and the next one only when nothing is left of the
one before: what says how the others came to be goes last.
"""

from collections.abc import Iterator
from typing import NamedTuple

from rally import dead_letters, results
from rally.access.records import FOLDER as CASES
from rally.decisions.entry import FOLDER as DECISIONS
from rally.keys import names
from rally.keys.folder import JWK, KEYSET, KeyFolder
from rally.keys.names import Job
from rally.keys.platform_keys import PUBLIC_FILE
from rally.names import is_namespace
from rally.receipts.conclusion import NAME as CONCLUSION
from rally.registry.registry import Registry
from rally.storage import last_runs, leases, marker
from rally.storage.layout import CONSENTS, EVENTS
from rally.storage.objectstore.interface import ObjectInfo, ObjectStore
from rally.storage.plan_objects import FOLDER as PLANS
from rally.storage.runs import find_runs, is_alive, now
from rally.withdrawal.root import FOLDER as LISTS


class RecordKind(NamedTuple):
    """Records of the platform that go together.

    Attributes:
        what: Name of the kind.
        prefix: Prefix of the names of its objects.
        is_personal: Whether a key opens it, or names whose it is: then the keys stay
            as long as an old copy of it.
    """

    what: str
    prefix: str
    is_personal: bool = True


GOING = (
    RecordKind("consents", CONSENTS),
    RecordKind("dead letters", dead_letters.FOLDER),
    RecordKind("copies of people", CASES),
    RecordKind("plans", PLANS),
    RecordKind("results", results.FOLDER),
    RecordKind("leases", leases.FOLDER, is_personal=False),
    RecordKind("last runs", last_runs.FOLDER, is_personal=False),
    RecordKind("events", EVENTS),
    RecordKind("withdrawal list", LISTS),
)
"""What goes once no row and no key of any namespace is left, in this order."""

STAYING = (
    *(marker.NAME, CONCLUSION, DECISIONS),
    *map(last_runs.name_of, last_runs.AFTER_CONCLUSION),
    "reports/",
    "releases/",  # what was published outlives the platform, and so does its ledger
)
"""Prefixes of what stays for ever: the proof, and what was made public."""

RECEIPT_DAYS = 731
"""Age in days at which a receipt of a concluded platform goes.

Whoever left can prove for two years what became of their request, which is how long a
business has to keep such records (California's CCPA regulations, 11 CCR § 7101: 24
months).
"""


def list_going(platform: ObjectStore, kind: RecordKind) -> Iterator[ObjectInfo]:
    """Lists the records of a kind, but for what jobs that are at work now need.

    Raises:
        OSError: The store cannot be listed.
    """
    spared = frozenset[str]()
    if kind.prefix == leases.FOLDER:
        spared = _of_live_runs(platform)
    for info in platform.list(kind.prefix):
        if info.name not in spared and not info.name.startswith(STAYING):
            yield info


def _of_live_runs(platform: ObjectStore) -> frozenset[str]:
    """Names the objects by which runs say that they are alive, and their leases."""
    runs = {
        run.run: info.name for info, run in find_runs(platform) if is_alive(run, now())
    }
    held = (
        info.name
        for info in platform.list(leases.FOLDER)
        if leases.holder_of(platform, info) in runs
    )
    return frozenset((*runs.values(), *held))


def list_keys(folder: KeyFolder) -> list[str]:
    """Lists all key files of a platform and of any namespace, but for the purge's own.

    Args:
        folder: Folder of the platform's keys, or of those that open pings.

    Raises:
        ConfigurationError: The folder cannot be read.
        ConnectionError: It is away.
    """
    own = names.signing(Job.PURGE) + "."
    return [
        each
        for each in folder.names()
        if namespace_of(each) or (_is_purpose(each) and not each.startswith(own))
    ]


def find_keys(folder: KeyFolder, registry: Registry) -> list[str]:
    """Lists the key files that go with a concluded platform, but for the purge's own.

    Those of a namespace that is not registered stay: it may still collect.

    Args:
        folder: As for `list_keys`, which says what is raised.
        registry: Registry of the studies.
    """
    owned = ((each, namespace_of(each)) for each in list_keys(folder))
    return [each for each, owner in owned if not owner or registry.study(owner)]


def namespace_of(name: str) -> str | None:
    """Returns the namespace of a file of ping keys or of pseudonyms; else None."""
    if names.is_pseudonym(name):
        owner = names.pseudonym_owner(name.removesuffix(KEYSET))
    else:
        owner = name.removesuffix(KEYSET).removesuffix(JWK)
    return owner if owner != name and is_namespace(owner) else None


def find_own_keys(folder: KeyFolder) -> list[str]:
    """Lists the files of the key by which the purge signs; raises as `list_keys`."""
    own = names.signing(Job.PURGE) + "."
    return [each for each in folder.names() if each.startswith(own)]


def _is_purpose(name: str) -> bool:
    purposes = (names.DEAD_LETTER_PRIVATE, *map(names.signing, Job))
    return (
        names.is_pseudonym(name)
        or name == PUBLIC_FILE
        or name.startswith(tuple(f"{each}." for each in purposes))
    )
