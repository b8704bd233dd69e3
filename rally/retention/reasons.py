"""Checks, at the moment of deleting, that the reason of a plan's entry still holds.

An entry has passed through objects and workers. An object is deleted only if a survey
of it would name it now: by its place, its date or age, the registry, the states of the
studies and its generation. If the reason depends on rows, these are read as well.
"""

from rally.registry.legal_holds import LegalHolds
from rally.retention.archives import survey_archives
from rally.retention.context import Context
from rally.retention.derived import open_derived
from rally.retention.logs import find_log
from rally.retention.person_copies import survey_person_copies
from rally.retention.plan_entry import STUDY, Phase, PlanEntry, Reason
from rally.retention.survey import (
    SurveyResult,
    survey_file,
    survey_leftovers,
    survey_letter,
    survey_plans,
)
from rally.storage.layout import Partition
from rally.storage.marker import NAME
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectInfo,
    ObjectNotFound,
    ObjectStore,
)


class ReasonGone(Exception):
    """The reason of an entry does not hold, or not any more."""


class ReasonCheck:
    """Checks the reasons of the entries of one batch.

    Attributes:
        context: Context of the purge, read for the batch.
    """

    def __init__(self, context: Context) -> None:
        """Stores the context, as it is now."""
        self.context = context
        self._archives: frozenset[PlanEntry] | None = None

    def renew(self, holds: LegalHolds) -> None:
        """Replaces the legal holds by those of now."""
        self.context = self.context.renewed(holds, self.context.going)

    def check(self, store: ObjectStore, entry: PlanEntry) -> None:
        """Checks that an object is as planned, and that its reason holds.

        Args:
            store: Store of the object.
            entry: Entry of the plan, or what legal holds leave of it.

        Raises:
            ReasonGone: No survey would name the object now.
            ObjectNotFound, GenerationMismatch: The object is not as planned.
        """
        info = store.stat(entry.name)
        if info is None:
            raise ObjectNotFound(entry.name)
        if (info.size, info.generation) != (entry.size, entry.generation):
            raise GenerationMismatch(entry.name)
        if not self._holds(store, entry, info):
            raise ReasonGone(entry.name)

    def hold(self, store: ObjectStore, entry: PlanEntry) -> bool:
        """Tells whether an object is as planned and its reason holds."""
        try:
            self.check(store, entry)
        except (ReasonGone, ObjectNotFound, GenerationMismatch):
            return False
        return True

    def _holds(self, store: ObjectStore, entry: PlanEntry, info: ObjectInfo) -> bool:
        context = self.context
        if entry.where == STUDY:
            return _holds_of_rows(context, store, entry, info)
        if entry.phase is Phase.DERIVED:
            return _holds_of_table(context, entry, info)
        if entry.phase is Phase.LETTERS:
            return entry in survey_letter(context, info, SurveyResult())
        if entry.phase is Phase.EVENTS:  # the records themselves tell their studies
            is_logged = find_log(entry.name) is not None
            return is_logged and not entry.studies.isdisjoint(context.going)
        if entry.reason is Reason.PLAN:
            folder = entry.name.rpartition("/")[0] + "/"
            return entry in survey_plans(context, SurveyResult(), folder)
        if entry.reason is Reason.TEMPORARY:
            return entry in survey_leftovers(context, [entry.name])
        if entry.reason is Reason.COPY:
            return entry in survey_person_copies(context)
        return entry.reason is Reason.ARCHIVE and entry in self._named_archives()

    def _named_archives(self) -> frozenset[PlanEntry]:
        """Returns the archives that are due, listed once: globs list whole folders."""
        if self._archives is None:
            self._archives = frozenset(survey_archives(self.context, SurveyResult()))
        return self._archives


def _holds_of_rows(
    context: Context, store: ObjectStore, entry: PlanEntry, info: ObjectInfo
) -> bool:
    survey, partition = (
        SurveyResult(),
        Partition(entry.study, entry.document, entry.day),
    )
    entries = list(survey_file(context, store, info, survey))
    if entry.reason is Reason.UNENROLLED:
        return partition in survey.due
    if entry.phase is Phase.ENROLMENTS:
        located = context.locator.classify(store, info)
        return located.partition == partition
    return entry in entries


def _holds_of_table(context: Context, entry: PlanEntry, info: ObjectInfo) -> bool:
    """Tells whether a table is in a folder of a concluded study that is deleted now."""
    if entry.about not in context.going or entry.study != entry.about:
        return False
    if entry.where not in context.registry.studies[entry.study].derived:
        return False
    folder = open_derived(context, entry.study, entry.where)
    return not isinstance(folder, str) and info.name != NAME
