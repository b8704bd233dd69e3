"""Judges again, at the moment of deleting, that the reason of a plan's line holds.

A line came by way of objects and workers. What goes is what a survey of this very
object would name now: by its place, its date or age, the registry, the studies' states
and its generation. Where rows decide, they are judged as well.
"""

from rally.registry.legal_holds import LegalHolds
from rally.retention.archives import survey_archives
from rally.retention.context import Context
from rally.retention.derived import open_derived
from rally.retention.plan_entry import STUDY, Phase, PlanEntry, Reason
from rally.retention.survey import (
    SurveyResult,
    survey_file,
    survey_leftovers,
    survey_letter,
    survey_plans,
)
from rally.storage.layout import EVENTS, Partition
from rally.storage.marker import NAME
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectInfo,
    ObjectNotFound,
    ObjectStore,
)
from rally.storage.records import is_record


class ReasonGone(Exception):
    """Why the object was to go does not hold, or not any more."""


class ReasonCheck:
    """Why objects go, as it is while one batch of a plan is done.

    Attributes:
        opened: says what goes; read for the batch.
    """

    def __init__(self, opened: Context) -> None:
        """Takes what says what goes, as it is now."""
        self.opened = opened
        self._archives: frozenset[PlanEntry] | None = None

    def renew(self, holds: LegalHolds) -> None:
        """Takes the legal holds of now."""
        self.opened = self.opened.renewed(holds, self.opened.going)

    def check(self, store: ObjectStore, line: PlanEntry) -> None:
        """Looks at the object, and what it is to go for.

        Args:
            store: of the object.
            line: of the plan, or what legal holds leave of it.

        Raises:
            NoReason: no survey would name it now.
            ObjectNotFound, GenerationMismatch: it is no longer what was planned.
        """
        info = store.stat(line.name)
        if info is None:
            raise ObjectNotFound(line.name)
        if (info.size, info.generation) != (line.size, line.generation):
            raise GenerationMismatch(line.name)
        if not self._holds(store, line, info):
            raise ReasonGone(line.name)

    def hold(self, store: ObjectStore, line: PlanEntry) -> bool:
        """Whether they hold, of an object that is as planned."""
        try:
            self.check(store, line)
        except (ReasonGone, ObjectNotFound, GenerationMismatch):
            return False
        return True

    def _holds(self, store: ObjectStore, line: PlanEntry, info: ObjectInfo) -> bool:
        opened = self.opened
        if line.where == STUDY:
            return _holds_of_rows(opened, store, line, info)
        if line.phase is Phase.DERIVED:
            return _holds_of_table(opened, line, info)
        if line.phase is Phase.LETTERS:
            return line in survey_letter(opened, info, SurveyResult())
        if line.phase is Phase.EVENTS:  # the events themselves say what they are about
            is_event = line.name.startswith(EVENTS) and is_record(line.name)
            return is_event and not line.studies.isdisjoint(opened.going)
        if line.why is Reason.PLAN:
            folder = line.name.rpartition("/")[0] + "/"
            return line in survey_plans(opened, SurveyResult(), folder)
        if line.why is Reason.TEMPORARY:
            return line in survey_leftovers(opened, [line.name])
        return line.why is Reason.ARCHIVE and line in self._named_archives()

    def _named_archives(self) -> frozenset[PlanEntry]:
        """Those that are due; to match the globs lists folders, so once for all."""
        if self._archives is None:
            self._archives = frozenset(survey_archives(self.opened, SurveyResult()))
        return self._archives


def _holds_of_rows(
    opened: Context, store: ObjectStore, line: PlanEntry, info: ObjectInfo
) -> bool:
    notes, partition = SurveyResult(), Partition(line.study, line.document, line.day)
    lines = list(survey_file(opened, store, info, notes))
    if line.why is Reason.UNENROLLED:
        return partition in notes.due
    if line.phase is Phase.ENROLMENTS:
        located = opened.locator.classify(store, info)
        return located.partition == partition
    return line in lines


def _holds_of_table(opened: Context, line: PlanEntry, info: ObjectInfo) -> bool:
    """Whether it is in a folder that a study registered which goes now."""
    if line.about not in opened.going or line.study != line.about:
        return False
    if line.where not in opened.registry.studies[line.study].derived:
        return False
    folder = open_derived(opened, line.study, line.where)
    return not isinstance(folder, str) and info.name != NAME
