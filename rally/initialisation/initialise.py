"""`rally init`: places that know themselves, keys, the first decision, the first list.

Nothing that is there already is changed. Keys are made first; then the first decision,
whose hash is in the markers that places are given next; the list comes last. Each is
made only where nothing says that it was lost: so an init that was killed is run again
and goes on.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from rally.decisions.chain import Chain, refuse_concluded
from rally.decisions.contents import Founding, Role
from rally.decisions.entry import FOLDER as DECISIONS
from rally.decisions.entry import decode, entry_name
from rally.decisions.founding import (
    FILE as COPY,
)
from rally.decisions.founding import (
    begin,
    development_people,
    digest_of,
    owners,
    platform_in,
    put_copy,
    read_copy,
)
from rally.decisions.signers import open_signer
from rally.decisions.verifying import read_chain
from rally.errors import ConfigurationError, ManyFaults
from rally.initialisation.development_reviews import REGISTRAR, import_reviews
from rally.initialisation.first_views import begin_views
from rally.initialisation.places import KeysOwner, Survey, mark_places, survey_places
from rally.keys import names
from rally.keys.folder import JWK, KEYSET, KeyFolder
from rally.keys.platform_administration import ensure_platform_keys
from rally.keys.signing import SigningKey
from rally.registry.object_classifier import overlapping, within_stores
from rally.registry.registry import Registry
from rally.registry.study import Study
from rally.registry.transitions import States
from rally.storage.layout import Stores, study_folder
from rally.storage.marker import new_id
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.occupancy import holds, is_in_use
from rally.withdrawal.bootstrap import begin_list
from rally.withdrawal.root import FOLDER as LISTS
from rally.withdrawal.root import ROOT

_NEW_KEYS = "whether new platform keys may be made"


class InitStep(NamedTuple):
    """One thing that a platform needs.

    Attributes:
        is_new: Whether it was made now; else it was there.
        what: Description for people.
    """

    is_new: bool
    what: str


class Founders(NamedTuple):
    """With whom a platform begins.

    Attributes:
        development: Whether one human may play everybody: all keys are made here.
        owners: Name and public keyset of each; of a development platform nobody.
        by: The founder who signs the first decision.
        people_keys: Folder of that owner's key; of a development platform, everybody's.
    """

    development: bool
    owners: tuple[tuple[str, str], ...]
    by: str
    people_keys: str


def initialise(
    stores: Stores,
    registry: Registry,
    studies: Sequence[Study],
    platform_keys: str,
    ping_keys: str | None = None,
    adopts: str | None = None,
    founders: Founders | None = None,
    releases: ObjectStore | None = None,
) -> Iterator[InitStep]:
    """Makes what is missing, and says each thing when it is there.

    Args:
        stores: Stores of the studies and the platform.
        registry: Registry of the studies.
        studies: The studies that are begun: their stores, where each has its own, and
            their researchers' folders are marked, and their pseudonyms' keys made.
        platform_keys: Folder of the platform's keys.
        ping_keys: Folder of the keys that open pings. In a store that all studies
            share, those with a key there have their pseudonyms' keys made as well.
        adopts: The platform's id, for places whose markers are lost.
        founders: The people with whom a new platform begins; None of one that is there.
        releases: Place where results leave, which is marked, too; None marks none.

    Raises:
        ConfigurationError: something is there that is not the platform's own, was
            lost, or cannot be made here; the message says what to do.
        ConnectionError: a store or a key service is away.
    """
    people_keys = founders.people_keys if founders else None
    keys = [each for each in (platform_keys, ping_keys, people_keys) if each]
    faults = [*overlapping(stores, registry, keys).values()]
    if faults := faults + within_stores(stores, registry, keys):
        raise ManyFaults(faults)
    copy, owner = read_copy(platform_keys), None
    if copy is not None:
        owner = KeysOwner(platform_keys, platform_in(copy, platform_keys))
    begun = (entry_name(1),)
    survey = survey_places(stores, studies, adopts, owner, begun, releases)
    founding = copy or _founding_of(survey, stores.platform)
    _check_founders(founding, founders)
    concluded = frozenset[str]()
    if survey.founded():
        decisions = read_chain(stores.platform)
        refuse_concluded(decisions, stores.platform.uri)
        states = States.of_chain(registry, decisions)
        concluded = states.concluded_by(datetime.now(UTC))
    _check_open(studies, concluded)
    namespaces = [each.namespace for each in studies]
    if ping_keys and not stores.is_one_a_study:
        namespaces += _with_ping_keys(registry, ping_keys)
    used = [each for each in dict.fromkeys(namespaces) if each not in concluded]
    seen = used if stores.is_one_a_study else list(registry.studies)
    made = _make_keys(platform_keys, used, stores, seen)
    what = ", ".join(made) or "all that is wanted"
    yield InitStep(bool(made), f"platform keys {platform_keys}: {what}")
    if founding is None:
        assert founders is not None  # _check_founders
        founding = _found(stores.platform, survey.owner, founders, platform_keys)
    platform = platform_in(founding, platform_keys)
    for uri, marker, is_new in mark_places(survey, platform, digest_of(founding)):
        whose = f" of {marker.study}" if marker.study else ""
        yield InitStep(
            is_new, f"{marker.kind}{whose} {uri} (platform {marker.platform})"
        )
    stores.platform.create(entry_name(1), founding)
    chain = read_chain(stores.platform)
    kind = "development platform" if chain.development else "platform"
    is_new = put_copy(platform_keys, founding)
    yield InitStep(is_new, f"first decision of a {kind}, signed by {chain.founder}")
    yield _begin_list(stores, seen, chain, founders)
    if chain.development and founders is not None:
        yield _sign_reviews(stores.platform, registry, founders.people_keys)
    yield InitStep(
        *begin_views(
            stores, registry, used, concluded, platform_keys, datetime.now(UTC)
        )
    )


def _sign_reviews(
    platform: ObjectStore, registry: Registry, people_keys: str
) -> InitStep:
    """Attests the reviews of a development platform's registry, by its registrar."""
    signer = open_signer(people_keys, REGISTRAR)
    publisher = open_signer(people_keys, Role.DECIDE)
    now = datetime.now(UTC)
    signed = list(import_reviews(platform, registry, signer, lambda _: now, publisher))
    what = ", ".join(signed) or "all of the registry"
    return InitStep(bool(signed), f"reviews, signed by {REGISTRAR}: {what}")


def _founding_of(survey: Survey, platform: ObjectStore) -> bytes | None:
    """The first decision of a platform that is marked.

    Raises ConfigurationError where it is not the one that the marker names.
    """
    if survey.founded() is None:
        return None
    read_chain(platform)
    return platform.read(entry_name(1))


def _check_founders(founding: bytes | None, founders: Founders | None) -> None:
    """Raises ConfigurationError where nobody knows with whom the platform begins."""
    if founding is None and founders is None:
        raise ConfigurationError(
            "--owner: is missing; a new platform begins with two owners, each of whom"
            " makes a key by `rally people key`: give --owner NAME=FILE for each, and"
            " --by and --people_keys of one of them. To try it out, give --development"
        )
    if founding is None and founders and not founders.development:
        open_signer(founders.people_keys, founders.by)  # before anything is made
    if founding and founders and founders.development:
        content = decode(founding, COPY).content
        if isinstance(content, Founding) and not content.development:
            raise ConfigurationError(
                "--development: the platform was founded without, and that never"
                " changes"
            )


def _found(
    platform: ObjectStore, owner: str | None, founders: Founders, platform_keys: str
) -> bytes:
    people = (
        development_people(founders.people_keys)
        if founders.development
        else owners(founders.owners)
    )
    return begin(
        platform,
        owner or new_id(),
        people,
        open_signer(founders.people_keys, founders.by),
        platform_keys,
        datetime.now(UTC),
        development=founders.development,
    )


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
        uri: Folder of the platform's keys.
        namespaces: The namespaces whose pseudonyms' keys are wanted, besides the
            platform's own.
        stores: Stores of the studies and the platform.
        seen: Namespaces of the studies whose stores are there to be looked into.
    """

    def in_use(name: str) -> bool:
        if names.is_signing(name):
            is_founded = holds(stores.platform, DECISIONS, _NEW_KEYS)
            return is_founded or read_copy(uri) is not None
        if name == names.PLATFORM:  # the list is made after it
            is_begun = holds(stores.platform, LISTS, _NEW_KEYS)
            return is_begun or is_in_use(stores, seen, _NEW_KEYS)
        return holds(stores.of(name), study_folder(name), _NEW_KEYS)

    return ensure_platform_keys(uri, namespaces, in_use)


def _begin_list(
    stores: Stores, studies: Sequence[str], chain: Chain, founders: Founders | None
) -> InitStep:
    def founder() -> SigningKey:
        if founders is None or founders.by != chain.founder:
            raise ConfigurationError(
                f"--by: the first withdrawal list is not there yet, and {chain.founder}"
                " signs it, who founded the platform; give what founded it again"
            )
        return open_signer(founders.people_keys, founders.by).key

    is_there = holds(stores.platform, ROOT, _NEW_KEYS)
    found = begin_list(stores, studies, founder)
    return InitStep(not is_there, f"withdrawal list {found.counter}")
