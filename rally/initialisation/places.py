"""Makes places that know themselves: what `rally init` does of stores.

Everything is looked at before anything is written, and the platform's marker is written
first: an init that was killed is run again and goes on.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from rally.errors import ConfigurationError, unwritable
from rally.registry.object_classifier import folder_of, is_missing
from rally.registry.study import Study
from rally.storage.layout import DATA, Stores
from rally.storage.marker import NAME, Marker, PlaceKind, check_marker, read_marker
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.objectstore.open_store import open_store
from rally.storage.occupancy import holds

_MAY_MARK = "whether it may be marked"
_HELD = {PlaceKind.PLATFORM: "", PlaceKind.STORE: DATA, PlaceKind.RELEASES: ""}
"""What begins the names of objects that a new place has none of.

Into their folders researchers write before anybody registers them.
"""


class Marked(NamedTuple):
    """A place after it was marked.

    Attributes:
        uri: URI of the place.
        marker: The marker that it has.
        is_new: Whether this call wrote it.
    """

    uri: str
    marker: Marker
    is_new: bool


class KeysOwner(NamedTuple):
    """Whose a folder of platform keys says that it is.

    Attributes:
        uri: URI of the folder.
        platform: Id of the platform.
    """

    uri: str
    platform: str


class _Place(NamedTuple):
    """A place that is to be marked."""

    store: ObjectStore
    kind: PlaceKind
    study: str | None = None


class Survey(NamedTuple):
    """The places that are to be marked, looked at before anything is written.

    Attributes:
        owner: Id of the platform whose they are; None is nobody's yet.
        places: The platform first, each with the marker that it has.
    """

    owner: str | None
    places: list[tuple[_Place, Marker | None]]

    def founded(self) -> str | None:
        """By which decision the platform was founded, where its marker is there."""
        marker = self.places[0][1]
        return marker.founded if marker else None


def survey_places(
    stores: Stores,
    studies: Sequence[Study],
    adopts: str | None = None,
    keys: KeysOwner | None = None,
    begun: Collection[str] = (),
    releases: ObjectStore | None = None,
) -> Survey:
    """Looks at the platform, the store, and what single studies have of their own.

    Args:
        stores: Stores of the studies and the platform.
        studies: The studies whose stores, where each has its own, and whose
            researchers' folders are marked, too.
        adopts: The platform's id, of a person who knows that places which hold
            something and have lost their markers belong to it; None adopts nothing.
        keys: Id of the platform whose keys they are; None where nothing says it yet.
        begun: Names of objects that an attempt which was killed may have left in the
            platform.
        releases: Place where results leave; None marks none.

    Raises:
        ConfigurationError: a place is marked otherwise, or holds rows or records and
            no marker; it does not exist, or cannot be read.
        ConnectionError: a store is away.
    """
    _check_apart(stores, studies)
    platform = _Place(stores.platform, PlaceKind.PLATFORM)
    places = [*_stores(stores, studies), *_derived(studies)]
    if releases is not None:
        _check_outside(releases, [platform, *places])
        places.append(_Place(releases, PlaceKind.RELEASES))
    found = [(each, read_marker(each.store)) for each in (platform, *places)]
    owner = _platform_id(platform, found, adopts, keys)
    for place, marker in found:
        if marker:
            check_marker(place.store, marker, place.kind, owner, place.study)
        else:
            _check_free(place, adopts, begun)
    if keys and owner != keys.platform:
        raise ConfigurationError(
            f"{keys.uri}: has the keys of platform {keys.platform}, and not of {owner};"
            f" correct {'--adopt or ' if adopts else ''}--platform_keys"
        )
    return Survey(owner or adopts, found)


def mark_places(survey: Survey, platform: str, founded: str) -> list[Marked]:
    """Marks those places that have no marker.

    Args:
        survey: Survey of all of them.
        platform: Id of the platform whose they are.
        founded: SHA-256 of the platform's first decision, in hex.

    Returns:
        All of these places, the platform first.

    Raises:
        ConfigurationError: one cannot be written, or belongs to a platform that was
            founded otherwise. What was written until then stays, and the next call
            goes on.
        ConnectionError: a store is away.
    """
    for place, marker in survey.places:
        if marker and marker.founded not in (None, founded):
            raise ConfigurationError(
                f"{place.store.uri}: belongs to platform {marker.platform} as another"
                " first decision founded it; correct --platform_keys, or restore"
                " founding.json there"
            )
    return [_mark(*each, platform, founded) for each in survey.places]


def _stores(stores: Stores, studies: Iterable[Study]) -> Iterator[_Place]:
    if not stores.is_one_a_study:
        yield _Place(stores.of(""), PlaceKind.STORE)
        return
    for study in studies:
        store = stores.of(study.namespace)
        yield _Place(store, PlaceKind.STORE, study.namespace)


def _derived(studies: Iterable[Study]) -> Iterator[_Place]:
    """Folders of researchers that a store can be; others are marked by nobody."""
    owners: dict[str, str] = {}
    for study in studies:
        for uri in study.derived:
            owner = owners.setdefault(folder_of(uri), study.namespace)
            if owner != study.namespace:
                raise ConfigurationError(
                    f"{uri}: `derived:` of {owner} and of {study.namespace} name it;"
                    " give each study a folder of its own"
                )
            try:
                store = open_store(uri)
            except ConfigurationError:
                continue
            if is_missing(store):
                raise ConfigurationError(
                    f"{uri}: `derived:` of {study.namespace} names it, and it is not"
                    " there; make it, or mount it"
                )
            yield _Place(store, PlaceKind.DERIVED, study.namespace)


def _check_apart(stores: Stores, studies: Iterable[Study]) -> None:
    """What lies in the platform's folder is taken for its records, and never deleted.

    Raises ConfigurationError where store and platform are not two places.
    """
    platform = folder_of(stores.platform.uri)
    for place in _stores(stores, studies):
        store = folder_of(place.store.uri)
        if store.startswith(platform) or platform.startswith(store + DATA):
            raise ConfigurationError(
                f"{place.store.uri}: lies in the platform, {stores.platform.uri}, or"
                " the platform among its rows; give each a folder of its own"
            )


def _check_outside(releases: ObjectStore, places: Iterable[_Place]) -> None:
    """Raises ConfigurationError where results would leave from among rows or records.

    Whoever may read the place of releases reads all that lies in it.
    """
    own = folder_of(releases.uri)
    for place in places:
        other = folder_of(place.store.uri)
        if own.startswith(other) or other.startswith(own):
            raise ConfigurationError(
                f"--releases: {releases.uri} and {place.store.uri} lie in each other;"
                " give results a folder of their own"
            )


def _platform_id(
    platform: _Place,
    found: Iterable[tuple[_Place, Marker | None]],
    adopts: str | None,
    keys: KeysOwner | None,
) -> str | None:
    """Whose the places are; None is nobody's yet.

    Raises ConfigurationError where they are another platform's, or one that is lost,
    as when a disk is not mounted and the keys are still there.
    """
    ids = {place.kind: each.platform for place, each in found if each}
    own = ids.get(PlaceKind.PLATFORM)
    if adopts and own and adopts != own:
        raise ConfigurationError(
            f"--adopt: {platform.store.uri} is platform {own}; give that id"
        )
    if not (own or adopts) and ids:
        lost = next(iter(ids.values()))
        raise ConfigurationError(
            f"{platform.store.uri}: has no {NAME}, and there are places of platform"
            f" {lost}; mount it or correct --platform, or, where only its marker is"
            f" lost, give --adopt {lost}"
        )
    if keys and not (own or adopts):
        raise ConfigurationError(
            f"{platform.store.uri}: has no {NAME}, and {keys.uri} has the keys of"
            f" platform {keys.platform}; mount it or correct --store and --platform,"
            f" or, where only its markers are lost, give --adopt {keys.platform}. A new"
            " platform has --platform_keys of its own"
        )
    return own or adopts


def _check_free(place: _Place, adopts: str | None, begun: Collection[str]) -> None:
    """Raises ConfigurationError where a place without a marker holds something."""
    prefix = _HELD.get(place.kind)
    if adopts or prefix is None or not holds(place.store, prefix, _MAY_MARK, begun):
        return
    raise ConfigurationError(
        f"{place.store.uri}: holds {prefix or 'objects'} and has no {NAME}; give an"
        " empty place, restore the marker, or, where this place is the platform's, give"
        " the platform's id by --adopt"
    )


def _mark(place: _Place, marker: Marker | None, platform: str, founded: str) -> Marked:
    """Writes a marker where there is none; of two that write at once one does."""
    uri = place.store.uri
    if marker:
        return Marked(uri, marker, False)
    first = None if place.kind is PlaceKind.DERIVED else founded
    new = Marker.new(place.kind, platform, place.study, first)
    try:
        if place.store.create(NAME, new.serialise()):
            return Marked(uri, new, True)
    except OSError as error:
        raise unwritable(uri, error) from None
    raise ConfigurationError(f"{uri}: is being marked by another; run it again")
