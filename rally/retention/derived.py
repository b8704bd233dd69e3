"""Surveys researchers' own tables of concluded studies, which go as whole folders."""

from collections.abc import Iterator

from rally.errors import ConfigurationError
from rally.registry.object_classifier import folder_of
from rally.retention.context import Context
from rally.retention.plan_entry import Phase, PlanEntry, Reason, whole_entry
from rally.retention.survey import SurveyResult
from rally.storage.marked_stores import NoStore
from rally.storage.marker import NAME, require_derived
from rally.storage.objectstore.interface import ObjectInfo, ObjectStore
from rally.storage.objectstore.strays import describe

_DERIVED = "(derived)"


def survey_derived(context: Context, survey: SurveyResult) -> Iterator[PlanEntry]:
    """Yields entries for everything in the folders that concluded studies registered.

    A folder that cannot be deleted from here is reported as a fault.
    """
    for study in context.going:
        for uri in context.registry.studies[study].derived:
            store = open_derived(context, study, uri)
            if isinstance(store, str):
                survey.faults.append((uri, store))
                continue
            for info in tables_in(store):
                labels = (study, _DERIVED, "")
                yield whole_entry(
                    Phase.DERIVED, uri, labels, info, Reason.CONCLUDED, study
                )
            survey.faults += [
                (f"{folder_of(uri)}{stray.name}", describe(stray))
                for stray in store.strays()
            ]


def tables_in(store: ObjectStore) -> Iterator[ObjectInfo]:
    """Lists the objects of a researchers' folder without its marker.

    The marker stays, so that the next run can tell an empty folder from a missing one.
    """
    return (each for each in store.list() if each.name != NAME)


def open_derived(context: Context, study: str, uri: str) -> ObjectStore | str:
    """Opens a researchers' folder, or says why a person has to delete its content."""
    if illegible := context.registry.illegible:
        return f"stays while nobody can read what {', '.join(illegible)} registered"
    if uri in _others(context, study):
        return "is another study's, or our own, too; delete what is this study's"
    try:
        store = context.open_derived(uri)
    except ConfigurationError:
        return (
            "remains: it cannot be deleted from here; delete it, and remove the entry"
        )
    try:
        require_derived(store, context.platform, study)
    except ConfigurationError as error:
        if study in context.keyless:
            return NoStore(store.uri)  # the purge was complete: it may be gone
        return str(error).removeprefix(f"{store.uri}: ")
    return store


def is_newly_shared(before: Context, now: Context, study: str) -> bool:
    """Tells whether a folder must stay, since a study that stays shares it."""
    return not _others(now, study) <= _others(before, study)


def _others(context: Context, study: str) -> set[str]:
    """Returns the folders of a study that overlap with anything that stays."""
    kept = [context.platform.uri]
    kept += [each.uri for each in context.stores.each(context.registry.studies)]
    for other, namespace in context.registry.derived:
        goes = namespace in context.going and not context.holds.of(namespace)
        if namespace != study and not goes:
            kept.append(other)
    own = context.registry.studies[study].derived
    return {uri for uri in own for other in kept if _is_in(uri, other, context)}


def _is_in(uri: str, other: str, context: Context) -> bool:
    """Tells whether deleting one folder would delete from another.

    A folder may be inside a store, outside its data.
    """
    mine, theirs = folder_of(uri), folder_of(other)
    stores = {
        folder_of(each.uri) for each in context.stores.each(context.registry.studies)
    }
    inside = mine.startswith(theirs) and theirs not in stores
    return (
        theirs.startswith(mine)
        or inside
        or mine.startswith(tuple(f"{each}data/" for each in stores))
    )
