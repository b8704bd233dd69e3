"""What stands where in a study's store, told by its path alone.

Retention and audit use the one rule: what is no file of a registered study, document
and date is nothing that anybody could delete in time, and is an alarm.
"""

import os
import re
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from rally.registry.registry import Registry
from rally.registry.study import StudyKind
from rally.storage import marker
from rally.storage.layout import (
    DATA,
    NEW,
    VIEWS,
    Partition,
    Stores,
    is_day,
    view_file,
)
from rally.storage.objectstore.interface import ObjectInfo, ObjectStore, Stray
from rally.storage.partitions import SUFFIX, parse_bucket
from rally.storage.records import is_marker

_STUDY = re.compile(f"({DATA}|{VIEWS})study=([^/]+)/(.+)")
_DOCUMENT = re.compile("document=([^/]+)/(.+)")
_DATE = re.compile(r"date=(\d{4}-\d\d-\d\d)/(.+)")
_FILE = re.compile("bucket=([^/]+)/[^/._][^/]*" + re.escape(SUFFIX))


class Region(StrEnum):
    """Region of a study's store, by the kind of its objects.

    FILE: rows of a registered study and document, of a date. VIEW: a study's view of
    the withdrawal list. PLATFORM: the platform's own record. DERIVED: in a registered
    folder of researchers. MARKER: an empty object that stands for a folder. STORE: the
    store's own marker. UNAVAILABLE: in the folder of a study that does not load, of
    which nothing can be judged. The others are alarms.
    """

    FILE = "file"
    VIEW = "view"
    PLATFORM = "platform"
    DERIVED = "derived"
    MARKER = "marker"
    UNAVAILABLE = "unavailable"
    STORE = "store"
    UNKNOWN_STUDY = "a study that no registry knows"
    UNKNOWN_DOCUMENT = "a document that its study does not have"
    WRONG_STORE = "rows in another study's store"
    NO_DATE = "a file without a date"
    UNREGISTERED_COPY = "an unregistered copy"

    @property
    def is_alarm(self) -> bool:
        """Whether it must not be there, and a person has to look."""
        return self not in _GOOD


_GOOD = frozenset(
    (
        *(Region.FILE, Region.VIEW, Region.PLATFORM, Region.DERIVED, Region.MARKER),
        Region.STORE,
        Region.UNAVAILABLE,  # its study is named as a fault, once for all of it
    )
)


class Located(NamedTuple):
    """An object's place.

    Attributes:
        region: Region of the store that it is in.
        study: A namespace of the registry; "" where the path names none.
        partition: Partition of a FILE alone.
    """

    region: Region
    study: str = ""
    partition: Partition | None = None


class ObjectClassifier:
    """Knows what may stand in the stores of a registry's studies."""

    def __init__(self, stores: Stores, registry: Registry) -> None:
        """Looks at nothing but URIs.

        Args:
            stores: Stores of the studies and the platform.
            registry: Registry of the studies, without those of `overlapping`.
        """
        self._documents = {
            study.namespace: registry.documents(study)
            for study in registry.studies.values()
        }
        self._with_views = {
            study.namespace
            for study in registry.studies.values()
            if study.kind is not StudyKind.PLATFORM
        }
        self._unavailable = frozenset(registry.unavailable)
        self._platform = folder_of(stores.platform.uri)
        derived = [(folder_of(uri), study) for uri, study in registry.derived]
        self._derived = {
            folder: study for folder, study in derived if study in registry.studies
        }
        self._unavailable_tables = tuple(
            folder for folder, study in derived if study in registry.unavailable
        )
        tables = (_unresolved(uri) for uri, _ in registry.derived)
        self._roots = dict.fromkeys(tables, Region.DERIVED)
        self._roots[_unresolved(stores.platform.uri)] = Region.PLATFORM
        self._owners: dict[str, set[str]] = {}
        for namespace in registry.studies:
            uri = stores.of(namespace).uri
            self._owners.setdefault(uri, set()).add(namespace)
        self._folders = {uri: folder_of(uri) for uri in self._owners}

    def classify(self, store: ObjectStore, info: ObjectInfo) -> Located:
        """What an object of one of the studies' stores is.

        Args:
            store: The store in which it was listed.
            info: The object as it was listed.
        """
        at = self._folders[store.uri] + info.name
        if at.startswith(self._platform):
            return Located(Region.PLATFORM)
        for folder, study in self._derived.items():
            if at.startswith(folder):
                return Located(Region.DERIVED, study)
        if info.name == marker.NAME:
            return Located(Region.STORE)
        if is_marker(info):
            return Located(Region.MARKER)
        if at.startswith(self._unavailable_tables):
            return Located(Region.UNAVAILABLE)
        return self._in_data(self._owners[store.uri], info.name)

    def locate(self, store: ObjectStore, stray: Stray) -> Located:
        """Where a link or the like is, by what objects behind it would be.

        A place with a root of its own may be a link in a store.
        """
        at = f"{self._folders[store.uri]}{stray.name}/"
        if region := self._roots.get(at):
            return Located(region)
        return self.classify(store, ObjectInfo(f"{stray.name}/*", 1, 0))

    def _in_data(self, owners: Iterable[str], name: str) -> Located:
        match = _STUDY.fullmatch(name)
        if match is None:
            return Located(Region.UNREGISTERED_COPY)
        prefix, study, rest = match.groups()
        if study in self._unavailable:
            return Located(Region.UNAVAILABLE)
        if study not in self._documents:
            return Located(Region.UNKNOWN_STUDY)
        if study not in owners:
            return Located(Region.WRONG_STORE, study)
        if prefix == VIEWS:
            is_view = study in self._with_views and name == view_file(study)
            return Located(Region.VIEW if is_view else Region.UNREGISTERED_COPY, study)
        return self._of_study(study, rest)

    def _of_study(self, study: str, rest: str) -> Located:
        match = _DOCUMENT.fullmatch(rest)
        if match is None:
            return Located(Region.UNREGISTERED_COPY, study)
        document, rest = match.groups()
        if document not in self._documents[study]:
            return Located(Region.UNKNOWN_DOCUMENT, study)
        match = _DATE.fullmatch(rest)
        if match is None or not is_day(match[1]):
            return Located(Region.NO_DATE, study)
        if not _is_file(match[2]):
            return Located(Region.UNREGISTERED_COPY, study)
        return Located(Region.FILE, study, Partition(study, document, match[1]))


def _is_file(name: str) -> bool:
    """Tells whether a name, below the folder of a date, is of a file in a bucket."""
    match = _FILE.fullmatch(name)
    return match is not None and (match[1] == NEW or parse_bucket(match[1]) is not None)


def overlapping(
    stores: Stores, registry: Registry, others: Iterable[str] = ()
) -> dict[str, str]:
    """The studies whose researchers' tables are where the platform keeps its own.

    What is taken for researchers' own has no retention, and goes with a conclusion.

    Args:
        stores: Stores of the studies and the platform.
        registry: Registry of the studies.
        others: URIs of what else is not theirs: the registry, folders of keys.

    Returns:
        By namespace a line that says so.
    """
    ours = [folder_of(each) for each in (stores.platform.uri, *others)]
    ours += [
        folder_of(stores.of(each).uri) + prefix
        for each in registry.studies
        for prefix in (DATA, VIEWS)
    ]
    return {
        study: f"{study}: derived: {folder} is no folder of researchers' tables"
        " alone; name one beside what the platform stores"
        for folder, study in ((folder_of(uri), name) for uri, name in registry.derived)
        if any(folder.startswith(at) or at.startswith(folder) for at in ours)
    }


def within_stores(stores: Stores, registry: Registry, keys: Iterable[str]) -> list[str]:
    """Says of each folder of keys that lies in a store or the platform that it does.

    Whoever reads or backs up rows would have their keys; and the audit would name each
    key as a copy that nobody registered.

    Args:
        stores: Stores of the studies and the platform.
        registry: Registry of the studies.
        keys: URIs of folders of keys.
    """
    places = [*stores.each(registry.studies), stores.platform]
    ours = {folder_of(each.uri): each.uri for each in places}
    held = {
        uri: place
        for uri in keys
        for at, place in ours.items()
        if folder_of(uri).startswith(at)
    }
    return [
        f"{uri}: the folder of keys lies in {place}, where rows or records are; give"
        " keys a folder of their own"
        for uri, place in held.items()
    ]


def folder_of(uri: str) -> str:
    """The URI with a slash at its end; of a folder here, its path without links."""
    return (uri if "://" in uri else os.path.realpath(uri)).rstrip("/") + "/"


def is_missing(store: ObjectStore) -> bool:
    """Tells whether a store on this machine has no folder; buckets are listed."""
    return "://" not in store.uri and not os.path.isdir(store.uri)


def _unresolved(uri: str) -> str:
    """The same of a place that may be a link: without the links above it."""
    if "://" in uri:
        return folder_of(uri)
    above, name = os.path.split(os.path.abspath(uri))
    return folder_of(above) + name + "/"
