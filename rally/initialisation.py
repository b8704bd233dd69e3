"""`rally init`: places that know themselves, the platform's keys, the first list.

Nothing that is there already is changed. Places are marked first, keys made then, and
the list last, each only where nothing says that it was lost: so an init that was killed
is run again and goes on.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from rally.errors import ConfigurationError, ManyFaults
from rally.keys import names
from rally.keys.folder import JWK, KEYSET, KeyFolder
from rally.keys.platform_administration import ensure_platform_keys
from rally.keys.platform_file import read_platform_file, write_platform_file
from rally.keys.platform_keys import PlatformKeys
from rally.receipts.receipt import FOLDER as RECEIPTS
from rally.storing.layout import Stores, study_folder
from rally.storing.marking import KeysOwner, mark_places
from rally.storing.occupancy import holds, is_in_use
from rally.storing.places import overlapping, within_stores
from rally.studies.registry import Registry
from rally.studies.study import Study
from rally.studies.transitions import States
from rally.withdrawing.list_object import FOLDER as LISTS
from rally.withdrawing.list_object import LIST
from rally.withdrawing.starting import begin_list

_NEW_KEYS = "whether new platform keys may be made"


class Step(NamedTuple):
    """One thing that a platform needs.

    Attributes:
        is_new: whether it was made now; else it was there.
        what: it is, for people.
    """

    is_new: bool
    what: str


def initialise(
    stores: Stores,
    registry: Registry,
    studies: Sequence[Study],
    platform_keys: str,
    ping_keys: str | None = None,
    adopts: str | None = None,
) -> Iterator[Step]:
    """Makes what is missing, and says each thing when it is there.

    Args:
        stores: of the studies and the platform.
        registry: of the studies.
        studies: that are begun: their stores, where each has its own, and their
            researchers' folders are marked, and their pseudonyms' keys made.
        platform_keys: folder of the platform's keys.
        ping_keys: folder of the keys that open pings. In a store that all studies
            share, those with a key there have their pseudonyms' keys made as well.
        adopts: the platform's id, for places whose markers are lost.

    Raises:
        ConfigurationError: something is there that is not the platform's own, was
            lost, or cannot be made here; the message says what to do.
        ConnectionError: a store or a key service is away.
    """
    keys = [each for each in (platform_keys, ping_keys) if each]
    faults = [*overlapping(stores, registry, keys).values()]
    if faults := faults + within_stores(stores, registry, keys):
        raise ManyFaults(faults)
    concluded = States.read(registry, stores.platform).concluded_by(datetime.now(UTC))
    _check_open(studies, concluded)
    folder = KeyFolder(platform_keys)
    of_keys = read_platform_file(folder)
    owner = KeysOwner(platform_keys, of_keys.platform) if of_keys else None
    places = mark_places(stores, studies, adopts, owner)
    for uri, marker, is_new in places:
        whose = f" of {marker.study}" if marker.study else ""
        yield Step(is_new, f"{marker.kind}{whose} {uri} (platform {marker.platform})")
    namespaces = [each.namespace for each in studies]
    if ping_keys and not stores.is_one_a_study:
        namespaces += _with_ping_keys(registry, ping_keys)
    used = [each for each in dict.fromkeys(namespaces) if each not in concluded]
    seen = used if stores.is_one_a_study else list(registry.studies)
    made = _make_keys(platform_keys, used, stores, seen)
    write_platform_file(folder, places[0].marker.platform)
    what = ", ".join(made) or "all that is wanted"
    yield Step(bool(made), f"platform keys {platform_keys}: {what}")
    yield _begin_list(stores, seen, platform_keys)


def _check_open(studies: Sequence[Study], concluded: Collection[str]) -> None:
    """Raises ConfigurationError where a study is concluded: its keys may be gone."""
    for study in studies:
        if study.namespace in concluded:
            raise ConfigurationError(
                f"--study: {study.namespace} is concluded, and a namespace is used"
                " once; give a new study another"
            )


def _with_ping_keys(registry: Registry, uri: str) -> list[str]:
    files = KeyFolder(uri).names()
    return [
        each
        for each in registry.studies
        if each + KEYSET in files or each + JWK in files
    ]


def _make_keys(
    uri: str, namespaces: Sequence[str], stores: Stores, seen: Sequence[str]
) -> list[str]:
    """Makes those that are missing, unless something is stored under them.

    Args:
        uri: folder of the platform's keys.
        namespaces: whose pseudonyms' keys are wanted, besides the platform's own.
        stores: of the studies and the platform.
        seen: namespaces of the studies whose stores are there to be looked into.
    """

    def in_use(name: str) -> bool:
        if name == names.RECEIPT_MAC:
            return holds(stores.platform, RECEIPTS, _NEW_KEYS)
        if name == names.LIST_MAC:
            return holds(stores.platform, LISTS, _NEW_KEYS)
        if name == names.PLATFORM:  # the list is made after it
            is_begun = holds(stores.platform, LISTS, _NEW_KEYS)
            return is_begun or is_in_use(stores, seen, _NEW_KEYS)
        return holds(stores.of(name), study_folder(name), _NEW_KEYS)

    return ensure_platform_keys(uri, namespaces, in_use)


def _begin_list(stores: Stores, studies: Sequence[str], platform_keys: str) -> Step:
    is_there = holds(stores.platform, LIST, _NEW_KEYS)
    mac = PlatformKeys.open(platform_keys, macs=[names.LIST_MAC]).mac(names.LIST_MAC)
    found = begin_list(stores, studies, mac)
    return Step(not is_there, f"withdrawal list {found.counter}")
