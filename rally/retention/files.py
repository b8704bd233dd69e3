"""What goes of the studies' stores, by one listing of each: files as a whole."""

from collections.abc import Iterator
from datetime import date

from rally.registry.object_classifier import Located, Region
from rally.registry.policy import is_expired
from rally.registry.study import Means
from rally.retention.notes import Notes
from rally.retention.opened import Opened
from rally.retention.plan_entry import STUDY, Line, Phase, Why, whole
from rally.storage.layout import Partition, study_folder
from rally.storage.objectstore.interface import ObjectInfo, ObjectStore
from rally.withdrawal.enrolments import needs_enrolment

_FOREIGN = "(no file of ours)"
_ROOTS = (Region.PLATFORM, Region.DERIVED)
"""Places with roots of their own, which may be links and are looked into elsewhere."""


def survey_files(opened: Opened, notes: Notes) -> Iterator[Line]:
    """The files that are to go as a whole, and notes of all else that was listed.

    Args:
        opened: says what goes.
        notes: are filled.
    """
    for (namespace, _), about in opened.log.documents.items():
        if namespace in opened.registry.unavailable:  # and its rows stay
            notes.waiting.update(about.intersection(opened.going))
    for store in opened.stores.each(opened.registry.studies):
        for info in store.list():
            yield from survey_file(opened, store, info, notes)
        for stray in store.strays():
            if opened.locator.locate(store, stray).region not in _ROOTS:
                notes.alarm(stray.kind, f"{store.uri.rstrip('/')}/{stray.name}")


def survey_file(
    opened: Opened, store: ObjectStore, info: ObjectInfo, notes: Notes
) -> Iterator[Line]:
    """The line of one object of a studies' store, where it goes as a whole."""
    located = opened.locator.classify(store, info)
    study, partition = located.study, located.partition
    is_own = info.name.startswith(study_folder(study)) if study else False
    if is_own and located.region is not Region.WRONG_STORE:
        notes.objects[study] += 1
        if study in opened.going:
            yield from _of_concluded(opened, info, located, notes)
            return
    if located.region.is_alarm:
        notes.alarm(located.region, f"{store.uri.rstrip('/')}/{info.name}")
    elif partition:
        yield from _of_partition(opened, info, partition, notes)


def _of_concluded(
    opened: Opened, info: ObjectInfo, located: Located, notes: Notes
) -> Iterator[Line]:
    study, partition = located.study, located.partition
    labels = partition or (study, _FOREIGN, "")
    if _is_free(opened, study, partition, notes):
        yield whole(Phase.ROWS, STUDY, (*labels,), info, Why.CONCLUDED, study)


def _of_partition(
    opened: Opened,
    info: ObjectInfo,
    partition: Partition,
    notes: Notes,
) -> Iterator[Line]:
    namespace, name, day = partition
    study = opened.registry.studies[namespace]
    document = opened.registry.documents(study)[name]
    at = date.fromisoformat(day)
    if is_expired(document, at, opened.now.date()):
        if _is_free(opened, namespace, partition, notes):
            yield whole(Phase.ROWS, STUDY, partition, info, Why.EXPIRED)
        return
    if document.means is Means.JOINS:
        notes.joins[partition] = notes.joins.get(partition, 0) + info.size
    found = opened.log.documents.get((namespace, name), ())
    abouts = [each for each in opened.going if each in found]
    is_due = (
        not opened.carriers
        and needs_enrolment(study, document)
        and opened.grace.is_due(at, opened.midnight)
    )
    if not (is_due or abouts):
        return
    if not _is_free(opened, namespace, partition, notes):
        notes.waiting.update(abouts)
        return
    if is_due:
        notes.due[partition] = notes.due.get(partition, 0) + info.size
    for about in abouts:
        sizes = notes.enrolments.setdefault(about, {})
        sizes[partition] = sizes.get(partition, 0) + info.size


def _is_free(
    opened: Opened, study: str, partition: Partition | None, notes: Notes
) -> bool:
    """Whether no deletion that was killed has to go on there.

    What a legal hold keeps is not waited for: deletion cannot go on there, either.
    """
    if partition is None or partition not in opened.unfinished:
        return True
    if opened.holds.over(study, partition.day):
        return True
    notes.unfinished[study] += 1
    return False
