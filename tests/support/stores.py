"""Stores and platforms as `rally init` makes them: the one builder that tests share."""

from collections.abc import Iterable
from datetime import UTC, datetime
from types import SimpleNamespace

from rally.decisions.contents import DecisionKind as Decides
from rally.decisions.contents import Founding, JobKey, Person, Role
from rally.decisions.entry import START, Entry, encode, entry_name, sign
from rally.decisions.founding import FILE as COPY
from rally.decisions.founding import digest_of
from rally.decisions.verifying import read_chain
from rally.decisions.writing import approve, decide
from rally.initialisation.places import mark_places, survey_places
from rally.keys.folder import KeyFolder
from rally.keys.names import Job, signing
from rally.keys.signing import PUBLIC, SigningKey, read_public
from rally.storage.layout import Stores
from rally.storage.marker import NAME, Marker, PlaceKind, new_id, read_marker
from rally.storage.objectstore.interface import ObjectStore, upsert
from rally.storage.objectstore.open_store import open_store
from rally.withdrawal.bootstrap import begin_list
from rally.withdrawal.list_object import publish_list
from rally.withdrawal.root import FOLDER, ROOT
from rally.withdrawal.withdrawal_list import WithdrawalList
from tests.support.people import job_key, job_keys, people, signer

FOUNDED = datetime(2020, 1, 1, tzinfo=UTC)
"""When platforms of tests were."""


def mark_stores(
    store: object, platform: object = None, namespaces: Iterable[str] = ()
) -> Stores:
    """Marks a store and its platform, whatever a test has put there before.

    Args:
        store: folder or URI; may hold `{study}`.
        platform: likewise; None is `<store>/platform`.
        namespaces: studies whose stores are marked, where each has its own.
    """
    stores = Stores(str(store), str(platform) if platform else None)
    studies = [SimpleNamespace(namespace=each, derived=()) for each in namespaces]
    marker = found_platform(stores.platform)
    survey = survey_places(stores, studies, adopts=marker.platform)
    mark_places(survey, marker.platform, marker.founded)
    return stores


def found_platform(
    store: ObjectStore, keys: Iterable[JobKey] = (), *, development: bool = True
) -> Marker:
    """Founds a platform in a store that is not marked yet.

    Args:
        store: the platform's.
        keys: of the jobs; by default those of tests.support.people.
        development: whether it is one for trying things out.

    Returns:
        The marker that it has now.
    """
    if marker := read_marker(store):
        return marker
    platform = new_id()
    public = tuple(keys) or tuple(job_keys())
    founding = Founding(development, tuple(people()), public)
    entry = Entry(platform, 1, START, 0, Decides.FOUND, founding, FOUNDED, "owner-1")
    data = encode(sign(entry, signer("owner-1").key))
    marker = Marker.new(PlaceKind.PLATFORM, platform, founded=digest_of(data))
    store.create(NAME, marker.serialise())
    store.create(entry_name(1), data)
    return marker


def make_stores(
    store: object,
    platform_keys: object,
    platform: object = None,
    namespaces: Iterable[str] = (),
) -> Stores:
    """The same with list 0, under keys that are there.

    Args:
        store: as `mark_stores` takes it.
        platform_keys: folder of the jobs' keys; the first decision is copied there.
        platform: as `mark_stores` takes it.
        namespaces: as `mark_stores` takes them.
    """
    names = list(namespaces)
    folder = KeyFolder(str(platform_keys))
    opened = Stores(str(store), str(platform) if platform else None)
    found_platform(opened.platform, keys_in(folder))
    folder.create(COPY, opened.platform.read(entry_name(1)))
    stores = mark_stores(store, platform, names)
    begin_list(stores, names, lambda: signer("owner-1").key)
    return stores


def publish(
    store: ObjectStore, withdrawals: WithdrawalList, key: SigningKey | None = None
) -> int:
    """Publishes a withdrawal list, whatever stands in its place.

    Args:
        store: the platform's; it is founded where it is not yet.
        withdrawals: the list.
        key: by which it is signed; by default deletion's of tests.support.people, and
            the founder's of list 0.

    Returns:
        The object's new generation.
    """
    found_platform(store)
    if key is None:
        key = job_key(Job.DELETE) if withdrawals.counter else signer("owner-1").key
    info = store.stat(ROOT)
    generation = info.generation if info else None
    head = read_chain(store).head
    return publish_list(store, withdrawals, head, key, generation)[1]


def save_list(store: ObjectStore) -> dict[str, bytes]:
    """The bytes of the list's objects by name, as a backup has them.

    Args:
        store: the platform's.
    """
    return {each.name: store.read(each.name) for each in store.list(FOLDER)}


def restore_list(store: ObjectStore, saved: dict[str, bytes]) -> None:
    """Puts a list back beside the newest, and its root in the place of that one's.

    Args:
        store: the platform's.
        saved: Objects of the list, by name, from `save_list`.
    """
    for name, data in saved.items():
        upsert(store, name, data)


def replace_key(
    store: ObjectStore, job: Job, key: SigningKey, counter: int = 0, receipts: int = 0
) -> None:
    """Two owners put another key of a job in force; the old one has signed so far.

    Args:
        store: the platform's.
        job: whose key it is.
        key: the new one.
        counter: of the last list that the old one has signed.
        receipts: number of the last receipt that it has.
    """
    content = JobKey(job, key.public, receipts)
    by, second = signer("owner-1"), signer("owner-2")
    entry = decide(store, by, Decides.REPLACE_KEY, content, FOUNDED, counter=counter)
    approve(store, second, entry.number, FOUNDED)


def see_list(store: ObjectStore, counter: int) -> None:
    """An owner asks for something, and signs which withdrawal list was there then.

    Args:
        store: the platform's.
        counter: of that list.
    """
    jo = Person("jo", (Role.STOP,), signer("jo").key.public)
    owner = signer("owner-1")
    decide(store, owner, Decides.ADD_PERSON, jo, FOUNDED, counter=counter)


def keys_in(folder: KeyFolder) -> list[JobKey]:
    """The public keys of the jobs whose keys are in a folder; all, or none."""
    purposes = {job: signing(job) for job in sorted(Job)}
    if not all(folder.exists(each + PUBLIC) for each in purposes.values()):
        return []
    return [JobKey(job, read_public(folder, each)) for job, each in purposes.items()]


def mark_derived(
    folder: object, study: str, platform: ObjectStore | None = None
) -> None:
    """Marks a folder of a study's researchers.

    Args:
        folder: its path, or a store in memory.
        study: namespace.
        platform: whose it is; None is a platform that is not marked itself.
    """
    owner = read_marker(platform) if platform else None
    marker = Marker.new(PlaceKind.DERIVED, owner.platform if owner else "0" * 32, study)
    store = folder if hasattr(folder, "create") else open_store(str(folder))
    store.create(NAME, marker.serialise())
