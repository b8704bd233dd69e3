"""Researchers' own tables of a concluded study: whole folders, or left to a person."""

from collections.abc import Iterator

from rally.errors import ConfigurationError
from rally.registry.object_classifier import folder_of
from rally.retention.context import Context
from rally.retention.plan_entry import Phase, PlanEntry, Reason, whole_object
from rally.retention.survey import SurveyResult
from rally.storage.marked_stores import NoStore
from rally.storage.marker import NAME, require_derived
from rally.storage.objectstore.interface import ObjectInfo, ObjectStore
from rally.storage.objectstore.strays import describe

_DERIVED = "(derived)"


def survey_derived(opened: Context, notes: SurveyResult) -> Iterator[PlanEntry]:
    """Everything in the folders that concluded studies registered."""
    for study in opened.going:
        for uri in opened.registry.studies[study].derived:
            store = open_derived(opened, study, uri)
            if isinstance(store, str):
                notes.faults.append((uri, store))
                continue
            for info in tables_in(store):
                labels = (study, _DERIVED, "")
                yield whole_object(
                    Phase.DERIVED, uri, labels, info, Reason.CONCLUDED, study
                )
            notes.faults += [
                (f"{folder_of(uri)}{stray.name}", describe(stray))
                for stray in store.strays()
            ]


def tables_in(store: ObjectStore) -> Iterator[ObjectInfo]:
    """What is in a folder of researchers; its marker stays, and says that it is theirs.

    Without it the next run could not tell an emptied folder from one that is not there.
    """
    return (each for each in store.list() if each.name != NAME)


def open_derived(opened: Context, study: str, uri: str) -> ObjectStore | str:
    """The folder; or why a person has to delete what is there."""
    if illegible := opened.registry.illegible:
        return f"stays while nobody can read what {', '.join(illegible)} registered"
    if uri in _others(opened, study):
        return "is another study's, or our own, too; delete what is this study's"
    try:
        store = opened.open_derived(uri)
    except ConfigurationError:
        return (
            "remains: it cannot be deleted from here; delete it, and remove the entry"
        )
    try:
        require_derived(store, opened.platform, study)
    except ConfigurationError as error:
        if study in opened.keyless:
            return NoStore(store.uri)  # nothing was left, and so it may be gone
        return str(error).removeprefix(f"{store.uri}: ")
    return store


def is_newly_shared(before: Context, now: Context, study: str) -> bool:
    """Whether a folder of the study's must stay for another that does not go now."""
    return not _others(now, study) <= _others(before, study)


def _others(opened: Context, study: str) -> set[str]:
    """Of the study's folders those that something else lies in, or that lie in it."""
    kept = [opened.platform.uri]
    kept += [each.uri for each in opened.stores.each(opened.registry.studies)]
    for other, namespace in opened.registry.derived:
        goes = namespace in opened.going and not opened.holds.of(namespace)
        if namespace != study and not goes:
            kept.append(other)
    own = opened.registry.studies[study].derived
    return {uri for uri in own for other in kept if _is_in(uri, other, opened)}


def _is_in(uri: str, other: str, opened: Context) -> bool:
    """Whether deleting a folder would delete of the other; a store may hold it."""
    mine, theirs = folder_of(uri), folder_of(other)
    stores = {
        folder_of(each.uri) for each in opened.stores.each(opened.registry.studies)
    }
    inside = mine.startswith(theirs) and theirs not in stores
    return (
        theirs.startswith(mine)
        or inside
        or mine.startswith(tuple(f"{each}data/" for each in stores))
    )
